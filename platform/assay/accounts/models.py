"""People who sign in. Roles are not here: they belong to a project."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person with an account on this installation."""

    @property
    def first(self) -> str:
        """What the house calls them."""
        return self.first_name or self.username
