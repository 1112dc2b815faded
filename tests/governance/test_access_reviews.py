"""Reviews of who has access: every row decided, signed, carried out with the signature, and due again in a quarter."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from knox.models import AuthToken

from governance.foundation.audit.models import AuditEvent
from governance.foundation.audit.verification import verify
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed, NotFound, StaleSubject, Unusable
from governance.people.access_reviews import rules, selectors, services
from governance.people.access_reviews.models import AccessReview
from governance.people.access_reviews.rules import Decided, Verdict
from governance.people.approvals import delegations, reauthentication
from governance.people.approvals import selectors as approvals
from governance.people.approvals.rules import Verdict as Signed
from governance.people.engagements import exchange
from governance.people.engagements import selectors as asking
from governance.people.engagements import services as engagements
from governance.people.engagements.models import Engagement
from governance.people.notifications.models import Notice
from governance.people.organisations.models import Membership
from governance.people.projects import selectors as seeing
from governance.people.projects import services as projects
from governance.people.projects.models import Member, Project
from governance.people.projects.rules import Role
from tests.people import PASSWORD, House, person

pytestmark = pytest.mark.django_db

LEFT = Decided(Verdict.REMOVE, "She left the desk in May.")


def sign(actor: Actor, place: Any, by_name: dict[str, Decided], **changes: Any) -> AccessReview:
    """Everybody keeps what they have but for those who are named."""
    rows = selectors.rows_of(actor, place)
    shown = selectors.shown_sha256(rows)
    each = {str(row.id): by_name.get(row.username, Decided(Verdict.KEEP)) for row in rows}
    decided: dict[str, Decided] = changes.get("decided", each)
    given: dict[str, Any] = {
        "decided": decided,
        "shown_sha256": shown,
        "proof": proved(actor, shown, decided),
        f"{place.kind}_id": place.pk,
    }
    return services.sign(actor=actor, **(given | changes))


def proved(actor: Actor, shown: str, decided: dict[str, Decided]) -> str:
    said = {row: {"verdict": str(one.verdict), "to": one.to} for row, one in decided.items()}
    return reauthentication.by_password(
        actor=actor, password=PASSWORD, subject_digest=shown, verdict=Signed.APPROVE, choice={"rows": said}
    )


def roles(home: House) -> set[tuple[str, str]]:
    return set(Member.objects.filter(project=home.project).values_list("user__username", "role"))


def test_what_is_removed_and_changed_takes_effect_with_the_signature_and_stays_on_record(home: House) -> None:
    before = roles(home)
    other = Decided(Verdict.CHANGE, "She reads only.", "viewer")
    review = sign(home.admin, home.project, {"vera": LEFT, "rita": other})
    assert before - roles(home) == {("vera", "viewer"), ("rita", "risk_owner")}
    assert roles(home) - before == {("rita", "viewer")}
    said = {row["user"]: (row["role"], row["verdict"], row["to"], row["reason"]) for row in review.rows}
    assert said["vera"] == ("viewer", "remove", "", "She left the desk in May.")
    assert said["rita"] == ("risk_owner", "change", "viewer", "She reads only.")
    assert said["ada"] == ("ml_engineer", "keep", "", "")
    assert review.method == "password" and review.next_due == review.day + timedelta(days=92)
    (entry,) = AuditEvent.objects.filter(action="access.reviewed", project=home.project.pk)
    assert review.content_digest in entry.body
    assert AuditEvent.objects.filter(action="project.dismissed").count() == 2
    assert verify().sound


def test_a_refused_review_changes_nothing(home: House) -> None:
    before = roles(home)
    cases: list[tuple[str, dict[str, Decided]]] = [
        ("Say why Vera Lund", {"vera": Decided(Verdict.REMOVE, " ")}),
        ("which other role", {"vera": Decided(Verdict.CHANGE, "So.", "viewer")}),
        ("which other role", {"vera": Decided(Verdict.CHANGE, "So.", "emperor")}),
        ("somebody else to take away", {"admin": Decided(Verdict.REMOVE, "I go.")}),
    ]
    for why, decided in cases:
        with pytest.raises(Unusable, match=why):
            sign(home.admin, home.project, decided)
    with pytest.raises(Unusable, match="Nothing is said of"):
        sign(home.admin, home.project, {}, decided={})
    with pytest.raises(NotAllowed, match="proof"), transaction.atomic():
        sign(home.admin, home.project, {"vera": LEFT}, proof="no.ne")
    assert roles(home) == before and not AccessReview.objects.exists()


def test_a_proof_for_keeping_everybody_signs_no_other_verdict(home: House) -> None:
    rows = selectors.rows_of(home.admin, home.project)
    shown = selectors.shown_sha256(rows)
    keeps = {str(row.id): Decided(Verdict.KEEP) for row in rows}
    vera = next(str(row.id) for row in rows if row.username == "vera")
    before = roles(home)
    reader, owner = (Decided(Verdict.CHANGE, "She reads only.", role) for role in ("auditor", "owner"))
    of_the_rows_alone = reauthentication.by_password(
        actor=home.admin, password=PASSWORD, subject_digest=shown, verdict=Signed.APPROVE
    )
    for proof, decided in (
        (proved(home.admin, shown, keeps), keeps | {vera: LEFT}),
        (proved(home.admin, shown, keeps | {vera: reader}), keeps | {vera: owner}),
        (of_the_rows_alone, keeps),
    ):
        with pytest.raises(NotAllowed, match="Show again"), transaction.atomic():
            sign(home.admin, home.project, {}, decided=decided, proof=proof)
    assert roles(home) == before and not AccessReview.objects.exists()
    sign(home.admin, home.project, {}, proof=proved(home.admin, shown, keeps))


def test_everybody_with_access_is_looked_at_however_they_come_to_have_it(home: House) -> None:
    until = timezone.localdate() + timedelta(days=9)
    days: dict[str, date] = {"starts_on": timezone.localdate(), "ends_on": until}
    loan = delegations.delegate(
        actor=home.rita, project_id=home.project.pk, username="paula", role=Role.RISK_OWNER, reason="On leave.", **days
    )
    orla = person("orla", "Orla Quinn")
    audit = engagements.plan(
        actor=home.admin, organisation_id=home.organisation.pk, title="Audit 2026", auditors=["orla"],
        access_from=timezone.localdate(), access_until=until, project_ids=[home.project.pk],
    )  # fmt: skip
    assert "orla" not in {row.username for row in selectors.rows_of(home.admin, home.project)}, (
        "nothing is laid open yet"
    )
    engagements.lay_open(actor=home.admin, engagement_id=audit.pk)
    found = {
        (row.username, row.way.value, row.through, row.until) for row in selectors.rows_of(home.admin, home.project)
    }
    assert found - {(name, "role", "", None) for name, _role in roles(home)} == {
        ("admin", "administrator", "Linden Bank", None),
        ("paula", "loan", "Rita Falk", until),
        ("orla", "audit", "Audit 2026", until),
    }
    assert "orla" not in {row.username for row in selectors.rows_of(home.admin, home.organisation)}, (
        "one project is laid open to her"
    )
    with pytest.raises(Unusable) as refused:
        other = _decided(home, "paula", Decided(Verdict.CHANGE, "So.", "viewer"))
        sign(home.admin, home.project, {}, decided=other)
    assert "keeps this access" in " ".join(fault.message for fault in refused.value.faults)
    decided = _decided(home, "paula", LEFT)
    proof = proved(home.admin, selectors.shown_sha256(selectors.rows_of(home.admin, home.project)), decided)
    review = sign(home.admin, home.project, {}, decided=decided, proof=proof)
    loan.refresh_from_db()
    assert loan.ended_by_name == home.admin.name
    assert orla.person_id in {row.user_id for row in selectors.rows_of(home.admin, home.project)}
    assert [(row["through"], row["until"]) for row in review.rows if row["verdict"] == "remove"] == [
        ("Rita Falk", until.isoformat())
    ]


def audit_of(home: House, *names: str, **scope: Any) -> Engagement:
    today = timezone.localdate()
    planned = engagements.plan(
        actor=home.admin, organisation_id=home.organisation.pk, title="Audit 2026", auditors=names,
        access_from=today, access_until=today + timedelta(days=9), **scope,
    )  # fmt: skip
    return engagements.lay_open(actor=home.admin, engagement_id=planned.pk)


def test_an_auditor_who_is_taken_out_reads_nothing_more_and_the_others_go_on(home: House) -> None:
    orla, piet = person("orla", "Orla Quinn"), person("piet", "Piet Post")
    audit = audit_of(home, "orla", "piet", project_ids=[home.project.pk])
    asked = exchange.ask(actor=orla, engagement_id=audit.pk, text="Show me the splits.")
    was = audit.content_digest
    assert visible_projects(orla) == visible_projects(piet) == [home.project]
    gone = Decided(Verdict.REMOVE, "Her firm's mandate ended.")
    review = sign(home.admin, home.project, {}, decided=_decided(home, "orla", gone))
    assert visible_projects(orla) == [] and visible_projects(piet) == [home.project]
    assert "orla" not in {row.username for row in selectors.rows_of(home.admin, home.project)}
    audit.refresh_from_db()
    assert audit.content()["auditors"] == ["orla", "piet"] and audit.content()["taken_out"] == ["orla"]
    assert audit.content_digest != was
    assert [row["reason"] for row in review.rows if row["user"] == "orla"] == ["Her firm's mandate ended."]

    assert list(asking.visible_to(orla)) == [audit] and not asking.requests_visible_to(orla).exists()
    assert asking.audits(piet, audit) and not asking.audits(orla, audit)
    for act in (exchange.settle, exchange.send_back):
        with pytest.raises((NotAllowed, NotFound)), transaction.atomic():
            act(actor=orla, request_id=asked.pk, **({"text": "No."} if act == exchange.send_back else {}))
    told = {
        name: [notice.text for notice in Notice.objects.filter(person_id=who.person_id, subject_id=audit.pk)][:1]
        for name, who in {"orla": orla, "cleo": home.cleo, "piet": piet}.items()
    }
    assert told["orla"] == [
        "Audit Audit 2026: Admin Adler ended your part in it; nothing is open to you by it any more."
    ]
    assert told["cleo"] == ["Audit Audit 2026: Admin Adler took Orla Quinn out of it."]
    assert "took" not in "".join(told["piet"])
    (entry,) = AuditEvent.objects.filter(action="engagement.auditor-taken-out")
    assert audit.content_digest in entry.body and "Quinn" not in entry.body and "mandate" not in entry.body
    closed = engagements.close(actor=home.admin, engagement_id=audit.pk, conclusion="Well kept.")
    assert closed.report is not None
    assert (closed.report["auditors"], closed.report["taken_out"]) == (["Orla Quinn", "Piet Post"], ["Orla Quinn"])
    assert verify(records=True).sound


def test_an_auditor_is_taken_out_by_whoever_holds_the_whole_engagement_alone(home: House) -> None:
    person("orla", "Orla Quinn")
    projects.appoint(actor=home.admin, project_id=home.project.pk, username="cleo", role=Role.OWNER)
    audit = audit_of(home, "orla", whole_organisation=True)
    gone = Decided(Verdict.REMOVE, "So.")
    cans = {
        who.username: [row.can for row in selectors.rows_of(who, home.project) if row.username == "orla"]
        for who in (home.cleo, home.admin)
    }
    assert cans == {"cleo": [(Verdict.KEEP,)], "admin": [(Verdict.KEEP, Verdict.REMOVE)]}
    with pytest.raises(Unusable) as refused:
        sign(home.cleo, home.project, {}, decided=_decided(home, "orla", gone, by=home.cleo))
    assert "This audit reaches further than you do" in refused.value.faults[0].cure
    (orla,) = audit.auditors.all()
    with pytest.raises(NotAllowed), transaction.atomic():
        engagements.take_out(actor=home.cleo, engagement_id=audit.pk, user_id=orla.pk, reason="So.")
    with pytest.raises(Unusable), transaction.atomic():
        engagements.take_out(actor=home.admin, engagement_id=audit.pk, user_id=orla.pk, reason=" ")
    sign(home.admin, home.organisation, {"orla": gone})
    assert [user.username for user in audit.taken_out.all()] == ["orla"]
    with pytest.raises(NotFound), transaction.atomic():
        engagements.take_out(actor=home.admin, engagement_id=audit.pk, user_id=orla.pk, reason="So.")
    engagements.revise(actor=home.admin, engagement_id=audit.pk, access_until=timezone.localdate() + timedelta(days=1))
    assert [user.username for user in audit.auditors.all()] == ["orla"]


def test_access_that_begins_later_is_looked_at_before_it_does(home: House) -> None:
    person("orla", "Orla Quinn")
    today, tomorrow, last = (timezone.localdate() + timedelta(days=n) for n in (0, 1, 5))
    loan = delegations.delegate(
        actor=home.rita, project_id=home.project.pk, username="paula", role=Role.RISK_OWNER, reason="On leave.",
        starts_on=tomorrow, ends_on=last,
    )  # fmt: skip
    opened = [
        engagements.plan(
            actor=home.admin, organisation_id=home.organisation.pk, title=title, auditors=["orla"],
            access_from=first, access_until=until, project_ids=[home.project.pk],
        )
        for title, first, until in (("Next", tomorrow, last), ("Old", date.min, today), ("Past", date.min, date.min))
    ]  # fmt: skip
    for each in opened:
        engagements.lay_open(actor=home.admin, engagement_id=each.pk)
    rows = selectors.rows_of(home.admin, home.project)
    assert {(row.username, row.through, row.begins, row.until) for row in rows if row.until} == {
        ("paula", "Rita Falk", tomorrow, last),
        ("orla", "Next", tomorrow, last),
        ("orla", "Old", date.min, today),
    }
    assert approvals.loans([home.paula.person_id], [home.project.pk]) == {}, "it gives nothing before its first day"
    decided = _decided(home, "paula", LEFT)
    proof = proved(home.admin, selectors.shown_sha256(rows), decided)
    review = sign(home.admin, home.project, {}, decided=decided, proof=proof)
    loan.refresh_from_db()
    assert loan.ended_by_name == home.admin.name
    begun = {row["begins"] for row in review.rows if row["through"] in ("Next", "Old")}
    assert begun == {tomorrow.isoformat(), "0001-01-01"}


def visible_projects(actor: Actor) -> list[Project]:
    return list(seeing.visible_to(actor))


def _decided(home: House, name: str, said: Decided, by: Actor | None = None) -> dict[str, Decided]:
    """Everybody keeps what they have but for what `name` has by no role of their own."""
    kept = Decided(Verdict.KEEP)
    return {
        str(row.id): said if row.username == name and row.way != rules.Way.ROLE else kept
        for row in selectors.rows_of(by or home.admin, home.project)
    }


def test_who_came_meanwhile_makes_the_review_stale(home: House) -> None:
    rows = selectors.rows_of(home.admin, home.project)
    shown = selectors.shown_sha256(rows)
    projects.appoint(actor=home.admin, project_id=home.project.pk, username="ada", role=Role.VIEWER)
    with pytest.raises(StaleSubject):
        sign(home.admin, home.project, {}, shown_sha256=shown)


def test_a_last_day_that_moved_after_it_was_shown_makes_the_review_stale(home: House) -> None:
    person("orla", "Orla Quinn")
    today = timezone.localdate()
    audit = engagements.plan(
        actor=home.admin, organisation_id=home.organisation.pk, title="Audit 2026", auditors=["orla"],
        access_from=today, access_until=today + timedelta(days=9), whole_organisation=True, project_ids=[],
    )  # fmt: skip
    engagements.lay_open(actor=home.admin, engagement_id=audit.pk)
    for place in (home.project, home.organisation):
        last = selectors.rows_of(home.admin, place)[-1]
        assert last.username == "orla" and last.until is not None
        shown = selectors.shown_sha256(selectors.rows_of(home.admin, place))
        assert shown == selectors.shown_sha256(reversed(selectors.rows_of(home.admin, place)))
        engagements.revise(actor=home.admin, engagement_id=audit.pk, access_until=last.until + timedelta(days=90))
        with pytest.raises(StaleSubject):
            sign(home.admin, place, {}, shown_sha256=shown)
        sign(home.admin, place, {})


def test_an_organisation_lets_a_person_go_with_all_their_roles(home: House) -> None:
    second = projects.create(actor=home.admin, organisation_id=home.organisation.pk, name="Mortgage letters")
    projects.appoint(actor=home.admin, project_id=second.pk, username="vera", role=Role.VIEWER)
    higher = Decided(Verdict.CHANGE, "She leads the team.", "administrator")
    review = sign(home.admin, home.organisation, {"vera": LEFT, "cleo": higher})
    assert review.project is None
    assert not Membership.objects.filter(user__username="vera").exists()
    assert not Member.objects.filter(user__username="vera").exists()
    assert Membership.objects.get(user__username="cleo").is_administrator
    sign(home.cleo, home.organisation, {"admin": Decided(Verdict.CHANGE, "He leads no more.", "member")})
    assert not Membership.objects.get(user__username="admin").is_administrator


def test_owners_and_administrators_review_and_others_do_not(home: House) -> None:
    for who in (home.ada, home.cleo, home.omar):
        with pytest.raises(NotAllowed):
            sign(who, home.project, {})
        with pytest.raises(NotAllowed):
            sign(who, home.organisation, {})
    with pytest.raises(NotFound):
        sign(home.dev, home.project, {})
    review = sign(home.admin, home.project, {})
    readers = {name: selectors.visible_to(getattr(home, name)).exists() for name in ("cleo", "omar", "ada", "dev")}
    assert readers == {"cleo": True, "omar": True, "ada": False, "dev": False}
    whole = sign(home.admin, home.organisation, {})
    assert list(selectors.visible_to(home.admin)) == [whole, review]
    assert list(selectors.visible_to(home.cleo)) == [review]


def test_a_reviewer_sees_when_each_person_was_last_here_and_their_tokens(home: House) -> None:
    from django.contrib.auth import get_user_model

    ada = get_user_model().objects.get(username="ada")
    ada.last_login = timezone.now()
    ada.save()
    AuthToken.objects.create(user=ada)
    AuthToken.objects.create(user=ada, expiry=timedelta(seconds=-1))
    projects.describe(actor=home.ada, project_id=home.project.pk, why_fine_tuning="Tone.")
    rows = {row.username: row for row in selectors.rows_of(home.admin, home.project)}
    assert rows["ada"].last_sign_in == ada.last_login and rows["ada"].keys == ("1 API token",)
    newest = AuditEvent.objects.get(action="project.described")
    assert rows["ada"].last_act == newest.at
    assert (rows["vera"].last_act, rows["vera"].last_sign_in, rows["vera"].keys) == (None, None, ())


def test_a_quarter_after_the_last_review_the_next_is_due(home: House) -> None:
    assert {one.place for one in selectors.due(home.admin)} == {home.project, home.organisation}
    sign(home.admin, home.organisation, {})
    first, second = selectors.due(home.admin)
    assert (second.place, second.last is None, first.last is None) in (
        (home.project, True, False),
        (home.organisation, False, True),
    )
    assert selectors.due(home.ada) == []
    day = date(2026, 1, 1)
    due = rules.due_on(day, date(2025, 1, 1))
    assert due == date(2026, 4, 3) and rules.due_on(None, day) == due
    assert [rules.standing(due, due + timedelta(days=n)) for n in (-15, -14, 0, 1)] == ["good", "due", "due", "overdue"]
