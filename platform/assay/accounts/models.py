"""People who sign in. Roles are not here: they belong to a project."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person with an account on this installation."""

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
