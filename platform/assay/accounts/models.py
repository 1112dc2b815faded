"""People who sign in. Roles are not here: they belong to a project."""

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import AbstractUser
from django.db import models, transaction

from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM


class User(AbstractUser):
    """A person with an account on this installation."""

    def check_password(self, raw_password: str | None) -> bool:
        """Whether it is theirs. Where it is kept in a former way, it is kept in today's from now on, on record."""

        def keep_anew(shown: str) -> None:
            with transaction.atomic():
                self.set_password(shown)
                self._password = None  # it is no other one: nothing is told of a change
                self.save(update_fields=["password"])
                record(PLATFORM, "account.password-kept-anew")

        return check_password(raw_password, self.password, keep_anew)

    @property
    def first(self) -> str:
        """What the house calls them."""
        return self.first_name or self.username


class Challenge(models.Model):
    """What a security key is asked to sign: once, soon, by one person and for one purpose."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=100)
    value = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"for {self.user}: {self.purpose[:20]}"
