"""A refusal of a service as a command says it: the same sentence as page and API, and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from governance.foundation.core.errors import NotFound, Refusal, Unusable

FAILED, WRONG_INPUT = 1, 2


@contextmanager
def spoken() -> Iterator[None]:
    """Raises CommandError with exit code 2 for what was typed, 1 for everything else that is refused."""
    try:
        yield
    except (Unusable, NotFound) as refusal:
        raise CommandError(str(refusal), returncode=WRONG_INPUT) from None
    except Refusal as refusal:
        raise CommandError(str(refusal), returncode=FAILED) from None
