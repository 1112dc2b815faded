"""A fixed share of the workflow's state machine, the same each time; `make chaos` takes the whole."""

from tests import workflow


def test_nobody_both_makes_and_approves_and_nothing_starts_unapproved(db: None) -> None:
    tried, done = workflow.take_steps(examples=4, steps=25, seed=4)
    assert tried.total() >= 75 and done.total() >= 25
