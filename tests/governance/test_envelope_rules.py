"""The bounds of a change envelope, without a database: narrowing lets nothing more through, the reference is inside."""

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.people.policies.rules import Factor, Step, Terms
from governance.people.projects.rules import Role
from governance.work.envelopes import rules
from governance.work.envelopes.rules import Approver, Bounds, Data, Figure, Measured, Plan, State

DATA = Data(
    dataset="d1", name="tickets v1", sha256="a" * 64, rows=100, added=0, removed=0, licence="CC-BY-4.0",
    outcome="needs-review", provenance={"source": "the desk", "collected_to": "2025"}, personal=("email",),
    looked_for=("email", "iban"), special="no",
)  # fmt: skip
PLAN = Plan(
    base_model="b" * 64, base_model_name="Nano", training={"method": {"r": 8}, "seed": 0}, evaluation_plan="e" * 64,
    evaluation_plan_name="Support", budget={"max_minutes": 60}, data=(DATA,),
    uses=({"dataset": "d1", "role": "train", "split": None, "parts": []},),
)  # fmt: skip
MEASURED = Measured(
    purpose="Drafts answers.", limits_kept=True, accepted=(),
    figures=(Figure("loss", 2.0, lower_is_better=True), Figure("correct", 0.8, lower_is_better=False)),
)  # fmt: skip
counts = st.integers(0, 1000)
shares = st.none() | st.floats(0, 200)


@st.composite
def bounds(draw: Any) -> Bounds:
    return Bounds(draw(counts), draw(shares), draw(counts), draw(st.none() | st.floats(0, 5)))


@st.composite
def narrower(draw: Any, wide: Bounds) -> Bounds:
    share = wide.most_percent_added
    return Bounds(
        draw(st.integers(0, wide.most_rows_added)),
        draw(shares) if share is None else draw(st.floats(0, share)),
        draw(st.integers(0, wide.most_rows_removed)),
        None if wide.most_worse is None else draw(st.none() | st.floats(0, wide.most_worse)),
    )


@st.composite
def versions(draw: Any) -> Data:
    return replace(
        DATA,
        rows=draw(counts),
        added=draw(st.none() | counts),
        removed=draw(st.none() | counts),
        outcome=draw(st.sampled_from(["no-rule-against", "needs-review", "rule-against"])),
        personal=draw(st.none() | st.sampled_from([(), ("email",), ("email", "iban")])),
    )


@given(st.data(), versions())
def test_narrowing_a_range_never_lets_more_through(data: st.DataObject, candidate: Data) -> None:
    wide = data.draw(bounds())
    narrow = data.draw(narrower(wide))
    inside = [not rules.outside(rules.of_data(drawn, DATA, candidate)) for drawn in (wide, narrow)]
    assert inside != [False, True]
    measured = replace(MEASURED, figures=(Figure("loss", data.draw(st.floats(0, 9)), True), MEASURED.figures[1]))
    let = [
        drawn.releases and not rules.outside(rules.of_measured(drawn, MEASURED, measured)) for drawn in (wide, narrow)
    ]
    assert let != [False, True]


@given(bounds())
def test_the_reference_is_inside_every_range_and_reads_back_as_it_was_kept(drawn: Bounds) -> None:
    assert not rules.outside(rules.of_plan(drawn, PLAN, PLAN))
    assert Plan.read(PLAN.stored()) == PLAN
    assert Measured.read(MEASURED.stored()) == MEASURED
    if drawn.releases:
        assert not rules.outside(rules.of_measured(drawn, MEASURED, MEASURED))


OTHER: list[tuple[str, Any]] = [
    ("base_model", "c" * 64),
    ("training", {"method": {"r": 16}, "seed": 0}),
    ("training", {"method": {"r": 8}, "seed": 0, "device": "cuda"}),
    ("evaluation_plan", "f" * 64),
    ("evaluation_plan", None),
    ("budget", {"max_minutes": 61}),
    ("budget", {}),
    ("uses", ({"dataset": "d1", "role": "validation", "split": None, "parts": []},)),
    ("uses", (*PLAN.uses, {"dataset": "d2", "role": "train", "split": None, "parts": []})),
]


@pytest.mark.parametrize(("field", "value"), OTHER)
def test_another_plan_is_outside_the_widest_range(field: str, value: Any) -> None:
    data = (DATA, replace(DATA, dataset="d2", name="more")) if len(value or ()) == 2 and field == "uses" else (DATA,)
    candidate = replace(PLAN, **{"data": data, field: value})
    assert rules.outside(rules.of_plan(Bounds(10**9, None, 10**9), PLAN, candidate))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("added", None),
        ("removed", None),
        ("licence", "CC0-1.0"),
        ("licence", ""),
        ("outcome", "rule-against"),
        ("provenance", {"source": "somebody else's desk", "collected_to": "2025"}),
        ("provenance", {"source": "the desk", "consent": "none", "collected_to": "2025"}),
        ("personal", None),
        ("personal", ("email", "iban")),
        ("looked_for", ("email",)),
        ("special", None),
        ("special", "unsure"),
    ],
)
def test_data_that_is_otherwise_or_not_known_is_outside_the_widest_range(field: str, value: Any) -> None:
    (one,) = rules.outside(rules.of_data(Bounds(10**9, None, 10**9), DATA, replace(DATA, **{field: value})))
    assert not one.inside
    assert one.found != one.allowed


def test_every_fact_of_a_version_is_held_against_a_bound_or_names_it() -> None:
    names = {"dataset", "name", "sha256", "rows"}
    held = {"added", "removed", "licence", "outcome", "provenance", "personal", "looked_for", "special"}
    assert {field.name for field in fields(Data)} == names | held


def test_a_milder_verdict_and_fewer_kinds_and_later_dates_are_inside() -> None:
    said = {"source": "the desk", "collected_to": "2026", "derived_from_versions": [{"id": "1"}]}
    candidate = replace(DATA, outcome="no-rule-against", personal=(), provenance=said)
    assert not rules.outside(rules.of_data(Bounds(0), DATA, candidate))


def test_a_figure_may_be_worse_by_no_more_than_was_said_whichever_way_is_worse() -> None:
    drawn = Bounds(0, most_worse=0.1)
    for loss, correct, inside in ((2.1, 0.7, True), (2.2, 0.8, False), (2.0, 0.6, False), (1.0, 1.0, True)):
        figures = (Figure("loss", loss, True), Figure("correct", correct, False))
        checks = rules.of_measured(drawn, MEASURED, replace(MEASURED, figures=figures))
        assert (not rules.outside(checks)) is inside
    unmeasured: list[tuple[Figure, ...]] = [(Figure("loss", None, True), MEASURED.figures[1]), MEASURED.figures[:1]]
    for found in unmeasured:
        assert rules.outside(rules.of_measured(drawn, MEASURED, replace(MEASURED, figures=found)))
    others: list[dict[str, Any]] = [{"limits_kept": False}, {"accepted": ("slur",)}, {"purpose": "Decides on loans."}]
    for changed in others:
        assert rules.outside(rules.of_measured(drawn, MEASURED, replace(MEASURED, **changed)))


RISK, DATA_STEWARD = frozenset({Role.RISK_OWNER}), frozenset({Role.DATA_STEWARD})


@pytest.mark.parametrize(
    ("steps", "people", "barred", "could"),
    [
        ([Step("a", RISK)], {1: RISK}, (), True),
        ([Step("a", RISK)], {1: RISK}, (1,), False),
        ([Step("a", RISK)], {1: DATA_STEWARD}, (), False),
        ([Step("a", RISK, quorum=2)], {1: RISK}, (), False),
        ([Step("a", RISK, quorum=2)], {1: RISK, 2: RISK}, (), True),
        # 1 could sit in both seats, 2 in the first alone: there is a way to seat both, whatever the order
        ([Step("a", RISK | DATA_STEWARD), Step("b", RISK)], {1: RISK, 2: DATA_STEWARD}, (), True),
        ([Step("b", RISK), Step("a", RISK | DATA_STEWARD)], {1: RISK, 2: DATA_STEWARD}, (), True),
        ([Step("a", RISK), Step("b", DATA_STEWARD)], {1: RISK | DATA_STEWARD}, (), False),
    ],
)
def test_who_approved_a_range_could_have_approved_what_passes(
    steps: list[Step], people: dict[int, frozenset[Role]], barred: tuple[int, ...], could: bool
) -> None:
    approvers = {person: Approver(roles) for person, roles in people.items()}
    assert rules.could_approve(Terms(tuple(steps), frozenset()), barred, approvers) is could


def test_a_step_that_wants_a_second_factor_wants_it_of_who_approved_the_range() -> None:
    terms = Terms((Step("a", RISK, factor=Factor.SECOND),), frozenset())
    assert not rules.could_approve(terms, (), {1: Approver(RISK)})
    assert rules.could_approve(terms, (), {1: Approver(RISK, by_second_factor=True)})


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ({}, State.ASKED),
        ({"waits": False}, State.REFUSED),
        ({"granted": True}, State.IN_FORCE),
        ({"granted": True, "stands": False}, State.SUSPENDED),
        ({"granted": True, "expires_on": date(2026, 3, 1)}, State.IN_FORCE),
        ({"granted": True, "expires_on": date(2026, 3, 1) - timedelta(days=1)}, State.EXPIRED),
        ({"granted": True, "revoked": True, "expires_on": date(2026, 1, 1)}, State.REVOKED),
    ],
)
def test_where_an_envelope_stands_on_a_day(known: dict[str, Any], state: State) -> None:
    asked: dict[str, Any] = {
        "granted": False, "waits": True, "stands": True, "revoked": False, "expires_on": date(2027, 1, 1),
    }  # fmt: skip
    assert rules.state(**(asked | known), today=date(2026, 3, 1)) == state
