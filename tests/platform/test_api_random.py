"""A fair share of made-up calls: one operation of the API in ten, by one of four people and by nobody.

`make chaos` makes calls of all of them, by everybody (tests/chaos/test_api_random.py).
"""

import pytest

from tests.random_calls import NOBODY, WHO, Outcome, call, document, operations
from tests.routes import everything

pytestmark = pytest.mark.django_db

SHARE = 10


def test_made_up_calls_end_in_an_answer_and_never_pass_by_the_door() -> None:
    house, outcome = everything(), Outcome()
    chosen = list(operations(document()))[::SHARE]
    for number, operation in enumerate(chosen):
        call(house, operation, (WHO[number % len(WHO)], NOBODY), 1, outcome)
    assert not outcome.faults, "\n".join(outcome.faults)
    assert outcome.calls == 2 * len(chosen) > 20
    assert outcome.statuses[401] == len(chosen), "nobody comes in"
