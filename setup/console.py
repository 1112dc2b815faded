"""How set-up speaks: one line per step, errors as what, where and the cure."""

import sys


class SetupError(Exception):
    """A step that cannot go on; the text says what failed and what to do about it."""


def say(text: str) -> None:
    """One line for the person who waits, flushed so that a pipe shows it at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """Something a person should know although set-up goes on."""
    sys.stdout.write(f"  ! {text}\n")
    sys.stdout.flush()
