"""Whoever ever wrote a record: all of them stay barred from deciding on it, however it was changed since."""

from django.db import models


class Authored(models.Model):
    """A record that several people may write, one after another."""

    authors = models.JSONField(default=list)  # [{"user", "name"}], whoever wrote it first comes first

    class Meta:
        abstract = True

    def add_author(self, user_id: int | None, name: str) -> None:
        """Note that somebody writes it now."""
        if all(author["user"] != user_id for author in self.authors):
            self.authors = [*self.authors, {"user": user_id, "name": name}]

    @property
    def written_by(self) -> str:
        return ", ".join(author["name"] for author in self.authors)
