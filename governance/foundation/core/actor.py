"""Who acts. Services take an Actor, never a request or a user row."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Actor:
    """A person, or the platform itself when no person acts (a worker that finishes a run).

    `user_id` is None for the platform. `name` is copied into records so that it outlives the account.
    """

    user_id: int | None
    username: str
    name: str
    # What who only reads was answered; None for who acts, and is asked about anew each time.
    heard: dict[Any, Any] | None = field(default=None, compare=False, repr=False)

    def reading(self) -> "Actor":
        """The same for one page or answer that changes nothing; the audit trail takes no entry of theirs."""
        return replace(self, heard={})

    def acting(self) -> "Actor":
        """The same for an act that a page which only reads asks for: a file that is handed out goes on record."""
        return replace(self, heard=None)

    @property
    def reads(self) -> bool:
        return self.heard is not None

    def once(self, question: Callable[["Actor"], T]) -> T:
        """What `question` answers about them: to who reads the same as before, to who acts what is so now."""
        if self.heard is None:
            return question(self)
        if question not in self.heard:
            self.heard[question] = question(self)
        answer: T = self.heard[question]
        return answer

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
