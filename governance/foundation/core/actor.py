"""Who acts. Services take an Actor, never a request or a user row."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Actor:
    """A person, or the platform itself when no person acts (a worker that finishes a run).

    `user_id` is None for the platform. `name` is copied into records so that it outlives the account.
    """

    user_id: int | None
    username: str
    name: str

    @property
    def lookup_id(self) -> int:
        """For questions about what `actor` belongs to: an id that no account has stands for the platform."""
        return -1 if self.user_id is None else self.user_id

    @classmethod
    def of(cls, user: Any) -> "Actor":
        return cls(user_id=user.pk, username=user.get_username(), name=user.get_full_name() or user.get_username())

    @property
    def is_person(self) -> bool:
        return self.user_id is not None

    @property
    def person_id(self) -> int:
        """The account behind an act that only a person can do. Raises TypeError for the platform."""
        if self.user_id is None:
            raise TypeError("Only a person can do this; the platform was asked to.")
        return self.user_id

    @property
    def first_name(self) -> str:
        return self.name.split()[0]


PLATFORM = Actor(user_id=None, username="assay", name="Assay")
