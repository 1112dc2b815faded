"""Policies: what it takes to approve, as data that organisations and projects write, and that never changes once
it governs."""

import itertools
import json
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable, WrongState
from governance.people.approvals import publishing, reauthentication
from governance.people.approvals import selectors as approvals
from governance.people.approvals import services as asking
from governance.people.approvals.rules import Verdict
from governance.people.policies import editions, rules, selectors, services
from governance.people.policies.kinds import KINDS, Act
from governance.people.policies.models import Policy
from governance.people.policies.rules import Person, Scope, Step, Terms
from governance.people.projects import services as projects
from governance.people.projects.rules import Role
from tests import factories
from tests.people import PASSWORD, House

TWO = {
    "steps": [
        {"name": "Data", "roles": ["data_steward"], "quorum": 1, "stage": 1, "parts": ["data"]},
        {"name": "Risk", "roles": ["risk_owner"], "quorum": 1, "stage": 2},
    ]
}


def policy(home: House, terms: dict[str, Any] = TWO, *, kind: str = "run", **scope: Any) -> Policy:
    where = scope or {"project_id": home.project.pk}
    return services.draft(actor=home.admin, subject_kind=kind, terms=terms, **where)


def test_what_ships_with_assay_governs_where_nobody_published(home: House) -> None:
    found = selectors.governing(home.project.pk, "run")
    assert found.policy is None and found.name == f"default edition {editions.default().id}"
    assert [(step.roles, step.quorum) for step in found.terms.steps] == [({Role.RISK_OWNER}, 1)]
    policy(home)  # a draft governs nothing
    assert selectors.governing(home.project.pk, "run").policy is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_default_edition_is_sound_and_can_be_read_back(kind: str) -> None:
    terms = editions.default().terms[kind]
    assert rules.unsound(kind, terms) == []
    assert rules.parse(kind, terms.content()) == terms
    assert {Act.ASKED, Act.MADE} <= terms.barred


def test_the_nearest_policy_governs(home: House) -> None:
    """Checked against a table written by hand: scope by scope, the wider ones stay published beside it."""
    org, own, cls = home.organisation.pk, home.project.pk, "limited"
    order = [Scope(None, ""), Scope(None, cls), Scope(own, ""), Scope(own, cls)]
    for count in range(1, 5):
        for some in itertools.permutations(order[:count]):
            found = rules.governing(some, own, cls)
            assert found is not None and some[found] == order[count - 1]
    assert rules.governing([Scope(None, "high")], own, cls) is None
    assert rules.governing([Scope(home.elsewhere.pk, "")], own, cls) is None
    factories.classification(home)
    risk_class = factories.classification(home).outcome["risk_class"]
    wide = policy(home, organisation_id=org)
    factories.published(home.admin, wide)
    near = policy(home, project_id=own, risk_class=risk_class)
    factories.published(home.admin, near)
    assert selectors.governing(own, "run").policy == near
    services.retire(actor=home.admin, policy_id=near.pk)
    assert selectors.governing(own, "run").policy == wide
    assert selectors.governing(home.elsewhere.pk, "run").policy is None


def test_a_published_policy_never_changes_and_a_later_edition_retires_it(home: House) -> None:
    first = factories.published(home.admin, policy(home))
    with pytest.raises(WrongState, match="never changes"):
        services.revise(actor=home.admin, policy_id=first.pk, terms=TWO)
    with pytest.raises(WrongState, match="is kept"):
        services.discard(actor=home.admin, policy_id=first.pk)
    for change in ({"terms_content": {}}, {"state": "draft"}, {"number": 9}):
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            Policy.objects.filter(pk=first.pk).update(**change)
    second = factories.published(home.admin, policy(home))
    first.refresh_from_db()
    assert (first.number, first.state, second.number, second.state) == (1, "retired", 2, "published")
    actions = AuditEvent.objects.filter(action__startswith="policy.").order_by("seq").values_list("action", flat=True)
    assert list(actions) == [
        "policy.drafted", "policy.published", "policy.drafted", "policy.retired", "policy.published",
    ]  # fmt: skip


def test_a_request_keeps_the_policy_it_was_asked_under(home: House) -> None:
    terms = {"steps": [{"name": "Data", "roles": ["data_steward", "risk_owner"], "quorum": 2}]}
    published = factories.published(home.admin, policy(home, kind="dataset_version", terms=terms))
    version = factories.registered_version(home)
    request = asking.ask(actor=home.ada, subject=version, project_id=home.project.pk)
    assert request.policy == published and request.policy_digest == published.content_digest
    services.retire(actor=home.admin, policy_id=published.pk)
    factories.approve(home.ben, request)
    assert approvals.standing(version).missing == ["one data steward or a risk owner"]
    factories.approve(home.rita, request)
    assert approvals.standing(version).granted


def test_steps_follow_one_another_and_each_person_fills_one_seat(home: House) -> None:
    projects.appoint(actor=home.admin, project_id=home.project.pk, username="ben", role=Role.RISK_OWNER)
    terms = {"steps": [{**TWO["steps"][0], "parts": []}, TWO["steps"][1]]}
    factories.published(home.admin, policy(home, kind="dataset_version", terms=terms))
    version = factories.registered_version(home)
    request = asking.ask(actor=home.ada, subject=version, project_id=home.project.pk)
    assert approvals.inbox(home.rita) == [] and approvals.inbox(home.ben) == [request]
    with pytest.raises(NotAllowed, match="turn of “Data”; Rita decides in another step"):
        factories.approve(home.rita, request)
    factories.approve(home.ben, request)
    with pytest.raises(NotAllowed, match="Ben decided on this request already"):
        factories.approve(home.ben, request)
    assert approvals.inbox(home.rita) == [request]
    assert factories.approve(home.rita, request).step == "Risk"
    assert approvals.standing(version).granted


def test_a_policy_lifts_bars_but_never_that_of_who_asked_or_made(home: House) -> None:
    terms = rules.parse("run", {**TWO, "barred": []})
    assert terms.barred == {Act.ASKED, Act.MADE}
    assert rules.parse("run", TWO).barred == {*terms.barred, *KINDS["run"].bars}
    projects.appoint(actor=home.admin, project_id=home.project.pk, username="ada", role=Role.RISK_OWNER)
    version = factories.registered_version(home)
    request = asking.ask(actor=home.ada, subject=version, project_id=home.project.pk)
    assert approvals.objection(home.ada, request).code == "own-work"  # type: ignore[union-attr]


def test_who_may_set_policies(home: House) -> None:
    with pytest.raises(NotAllowed, match="takes an owner"):
        services.draft(actor=home.rita, subject_kind="run", terms=TWO, project_id=home.project.pk)
    with pytest.raises(NotAllowed, match="takes an administrator"):
        services.draft(actor=home.rita, subject_kind="run", terms=TWO, organisation_id=home.organisation.pk)
    with pytest.raises(NotFound):
        services.draft(actor=home.dev, subject_kind="run", terms=TWO, project_id=home.project.pk)
    with pytest.raises(NotFound):
        factories.published(home.dev, policy(home))


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([], "between one and"),
        ([{"name": "", "roles": ["risk_owner"]}], "has no name"),
        ([{"name": "A", "roles": ["risk_owner"]}, {"name": "a", "roles": ["owner"]}], "stands twice"),
        ([{"name": "A"}], "Nobody decides in “A”"),
        ([{"name": "A", "roles": ["auditor"]}], "An auditor reads and never decides"),
        ([{"name": "A", "roles": ["risk_owner"], "quorum": 2}], "lacks one risk owner"),
        ([{"name": "A", "roles": ["risk_owner"]}, {"name": "B", "roles": ["risk_owner"]}], "“B” lacks one risk owner"),
        ([{"name": "A", "people": [{"id": 99_999, "name": "Nils Nobody"}]}], "There is no account 99999"),
        ([{"name": "A", "roles": ["risk_owner"], "parts": ["data"]}], "Nobody reviews the budget"),
        ([{"name": "A", "roles": ["pope"]}], "Known are"),
        ([{"name": "A", "roles": ["owner"], "quorum": True}], "whole number"),
        ([{"name": "A", "roles": ["owner"], "weight": 3}], "no such entry"),
    ],
)
def test_what_could_never_work_is_not_published(home: House, steps: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(Unusable, match=said):
        factories.published(home.admin, policy(home, {"steps": steps}))
    assert selectors.governing(home.project.pk, "run").policy is None


ROLES = [Role.OWNER, Role.RISK_OWNER, Role.DATA_STEWARD]


@given(
    people=st.lists(st.frozensets(st.sampled_from(ROLES), min_size=1), max_size=5),
    steps=st.lists(
        st.tuples(st.frozensets(st.sampled_from(ROLES), min_size=1), st.integers(1, 2)), min_size=1, max_size=3
    ),
)
def test_a_policy_can_be_met_exactly_where_different_people_fit_its_seats(
    people: list[frozenset[Role]], steps: list[tuple[frozenset[Role], int]]
) -> None:
    """By another route than the code's matching: every way to seat different people is tried."""
    terms = Terms(tuple(Step(f"S{n}", roles, quorum=q) for n, (roles, q) in enumerate(steps)), frozenset())
    seats = [roles for roles, quorum in steps for _ in range(quorum)]
    fits = any(
        all(roles & people[person] for roles, person in zip(seats, chosen, strict=True))
        for chosen in itertools.permutations(range(len(people)), len(seats))
    )
    assert (rules.unstaffed(terms, dict(enumerate(people))) == []) == fits


def test_named_people_decide_in_any_role_that_answers_for_something() -> None:
    step = Step("Head of credit", frozenset(), (Person(7, "Hanna Kern"),))
    assert step.takes(7, frozenset({Role.ML_ENGINEER})) and not step.takes(8, frozenset({Role.OWNER}))
    assert not step.takes(7, frozenset()) and not step.takes(7, frozenset({Role.AUDITOR, Role.VIEWER}))
    assert step.needed(1) == "Hanna Kern"


@pytest.mark.parametrize("kind", KINDS)
def test_the_parts_of_a_kind_cover_its_content_whatever_is_added(kind: str) -> None:
    content = {key: 1 for part in KINDS[kind].parts for key in part.keys} | {"new": 1}
    before = KINDS[kind].digests(content)
    for key in content:
        after = KINDS[kind].digests(content | {key: 2})
        assert sum(before[code] != after[code] for code in before) == 1


def test_publishing_is_signed_for_this_very_policy_once(home: House) -> None:
    draft, other = policy(home), policy(home, kind="waiver", terms={"steps": [TWO["steps"][1]]})
    proof = reauthentication.by_password(
        actor=home.admin, password=PASSWORD, subject_digest=draft.content_digest, verdict=Verdict.APPROVE
    )
    for policy_id, shown in ((other.pk, proof), (draft.pk, "")):
        with pytest.raises(NotAllowed, match="Show again that it is you"):
            publishing.publish(actor=home.admin, policy_id=policy_id, proof=shown)
    services.revise(actor=home.admin, policy_id=draft.pk, terms={"steps": TWO["steps"][1:]})
    with pytest.raises(NotAllowed, match="Show again that it is you"):  # it is another policy now
        publishing.publish(actor=home.admin, policy_id=draft.pk, proof=proof)
    assert selectors.governing(home.project.pk, "run").policy is None
    found = factories.published(home.admin, Policy.objects.get(pk=draft.pk))
    assert (found.published_by_name, found.published_by_method) == ("Admin Adler", "password")
    entry = AuditEvent.objects.filter(action="policy.published").get()
    assert json.loads(entry.body)["facts"] == {"method": "password", "sha256": found.content_digest}
