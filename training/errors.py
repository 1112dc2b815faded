"""What can end a run early, each with the exit code a caller may rely on.

A mistake in the user's input and a fault of ours never look the same: `UserError` is the first, every
other exception is the second. Standard library only.
"""

from __future__ import annotations

EXIT_SUCCEEDED = 0
EXIT_FAILED = 1
EXIT_USER_ERROR = 2
EXIT_NO_ROOM = 3
EXIT_CANCELLED = 130


class TrainingError(Exception):
    """An expected end of a run: a stable `code`, a `message` with the cure, and `where` it lies (or None)."""

    exit_code = EXIT_FAILED

    def __init__(self, code: str, message: str, where: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.where = code, message, where

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class UserError(TrainingError):
    """What was asked for cannot be done as it stands; the message says what to change."""

    exit_code = EXIT_USER_ERROR


class BudgetUsedUp(UserError):
    """As much energy was measured as the spec allows; what was trained so far is in the last checkpoint."""


class NoRoom(TrainingError):
    """Too little memory or disk; the message says how much is needed and how much is there."""

    exit_code = EXIT_NO_ROOM


class Cancelled(TrainingError):
    """Somebody asked the run to stop (SIGTERM or SIGINT)."""

    exit_code = EXIT_CANCELLED

    def __init__(self, message: str = "The run was asked to stop.") -> None:
        super().__init__("cancelled", message)


class Diverged(TrainingError):
    """The loss or the gradient stopped being a finite number."""
