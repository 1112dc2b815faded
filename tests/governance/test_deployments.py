"""A model is used where its release lets it go, and where a policy asks for it, once others approved."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.delivery.deployments import gates, selectors, services
from governance.delivery.deployments.models import Deployment
from governance.delivery.deployments.rules import State
from governance.delivery.disposals import things
from governance.delivery.lineage import graph
from governance.delivery.lineage import services as lineage
from governance.delivery.releases import services as releases
from governance.delivery.releases.models import Release
from governance.foundation.audit.models import AuditEvent
from governance.foundation.audit.verification import verify
from governance.foundation.core.errors import GateClosed, NotAllowed, NotFound, Unusable, WrongState
from governance.people.approvals import services as approvals
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import State as Asked
from governance.people.notifications.models import Notice
from governance.people.policies import services as policies
from governance.people.projects import services as projects
from governance.people.projects.models import Classification, Project
from governance.people.projects.rules import Role
from tests import factories
from tests.callers import by_session, by_token
from tests.people import House

pytestmark = pytest.mark.django_db
TERMS = {"steps": [{"name": "Acceptance", "roles": ["risk_owner", "owner"]}]}


@pytest.fixture
def release(home: House) -> Release:
    return factories.released(home)


@pytest.fixture
def governed(home: House) -> None:
    factories.governed(home, TERMS, "deployment")


def plan(home: House, release: Release, **said: str) -> Deployment:
    return services.plan(actor=home.ada, release_id=release.pk, **{**factories.DEPLOYED, **said})


def begun(home: House, release: Release) -> Deployment:
    return services.begin(actor=home.ada, deployment_id=plan(home, release).pk)


def acts(deployment: Deployment) -> list[str]:
    found = AuditEvent.objects.filter(subject_id=str(deployment.pk)).order_by("seq")
    return list(found.values_list("action", flat=True))


def test_a_released_model_is_taken_into_use_and_out_of_it_on_record(home: House, release: Release) -> None:
    deployment = begun(home, release)
    assert (deployment.state, deployment.begun_by_name) == (State.IN_USE, home.ada.name)
    ended = services.end(actor=home.cleo, deployment_id=deployment.pk, reason="The trial is over.")
    assert (ended.state, ended.ended_because) == (State.ENDED, "The trial is over.")
    assert acts(deployment) == ["deployment.planned", "deployment.begun", "deployment.ended"]
    assert verify().faults == []


def test_a_model_that_is_only_proposed_is_planned_for_but_not_used(home: House, release: Release) -> None:
    Release.objects.filter(pk=release.pk).update(state="proposed")
    planned = plan(home, release)
    with pytest.raises(GateClosed) as shut:
        services.begin(actor=home.ada, deployment_id=planned.pk)
    assert [missing.kind for missing in shut.value.missing] == ["release"]


def test_under_a_withdrawn_release_nothing_is_planned_or_begun(home: House, release: Release) -> None:
    planned = plan(home, release)
    releases.withdraw(actor=home.rita, release_id=release.pk, reason="A fee in it is wrong.")
    with pytest.raises(WrongState, match="nothing is deployed under it"):
        plan(home, release, name="Another desk")
    with pytest.raises(GateClosed, match="was withdrawn by Rita"):
        services.begin(actor=home.ada, deployment_id=planned.pk)


def test_what_is_in_use_when_its_release_is_withdrawn_is_to_be_stopped_and_people_are_told(
    home: House, release: Release
) -> None:
    deployment = begun(home, release)
    assert selectors.states([deployment]) == {deployment.pk: "in_use"}
    releases.withdraw(actor=home.rita, release_id=release.pk, reason="A fee in it is wrong.")
    deployment = selectors.visible(home.ada, deployment.pk)
    assert selectors.states([deployment]) == {deployment.pk: "to_stop"}
    assert "was withdrawn by Rita" in selectors.why_stop([deployment])[deployment.pk]
    assert "A fee in it is wrong" in selectors.why_stop([deployment])[deployment.pk]
    told = Notice.objects.filter(person=home.ada.user_id, text__contains="Take out of use").get()
    assert "Support desk" in told.text
    assert "Take out of use: Support desk" in by_session(home.cleo).get("/").content.decode()
    services.end(actor=home.cleo, deployment_id=deployment.pk, reason="Switched off.")
    assert "Take out of use: Support desk" not in by_session(home.cleo).get("/").content.decode()


def test_so_it_is_when_data_behind_it_is_withdrawn_until_that_is_taken_back(home: House, release: Release) -> None:
    deployment = begun(home, release)
    data = release.model_version.run.data()[0]
    withdrawal = lineage.withdraw(actor=home.paula, version_id=data.pk, reason="Consent was taken back.")
    assert withdrawal.affected.filter(kind="deployment", object_id=deployment.pk).exists()
    deployment = selectors.visible(home.ada, deployment.pk)
    assert selectors.states([deployment]) == {deployment.pk: "to_stop"}
    assert "does not stand" in selectors.why_stop([deployment])[deployment.pk]
    assert Notice.objects.filter(person=home.ada.user_id, text__contains="Take out of use: Support desk").count() == 1
    row = by_token(home.ada).get("/api/v1/deployments/").json()["results"][0]
    assert (row["state"], "does not stand" in row["why_stop"]) == ("in_use", True)


@pytest.mark.parametrize("field", ["name", "place", "users", "deployer", "overseers"])
def test_each_thing_that_somebody_must_know_is_asked_for(home: House, release: Release, field: str) -> None:
    with pytest.raises(Unusable) as refused:
        plan(home, release, **{field: "  "})
    assert [fault.field for fault in refused.value.faults] == [field]
    assert not Deployment.objects.exists()


def test_two_of_a_name_do_not_live_side_by_side(home: House, release: Release) -> None:
    first = plan(home, release)
    with pytest.raises(Unusable, match="has a deployment “Support desk” already"):
        plan(home, release)
    services.end(actor=home.ada, deployment_id=first.pk, reason="Never needed.")
    assert plan(home, release).state == State.PLANNED
    first.refresh_from_db()
    assert (first.state, acts(first)[-1]) == (State.CANCELLED, "deployment.given-up")


def test_the_purpose_of_today_is_the_one_that_it_was_released_for(home: House, release: Release) -> None:
    planned = plan(home, release)
    Project.objects.filter(pk=home.project.pk).update(intended_purpose="Deciding on credit.")
    with pytest.raises(GateClosed, match="released for another purpose"):
        services.begin(actor=home.ada, deployment_id=planned.pk)


def test_a_model_in_use_whose_project_is_for_something_else_by_now_is_to_be_stopped(
    home: House, release: Release
) -> None:
    deployment = begun(home, release)
    Project.objects.filter(pk=home.project.pk).update(intended_purpose="Deciding on credit.")
    deployment = selectors.visible(home.ada, deployment.pk)
    assert "another purpose" in selectors.why_stop([deployment])[deployment.pk]


def test_what_the_release_rests_on_stands_on_the_day_or_the_model_is_not_used(home: House, release: Release) -> None:
    planned, used = plan(home, release), services.begin(actor=home.ada, deployment_id=plan(home, release, name="B").pk)
    base = ApprovalRequest.objects.get(subject_kind="base_model", state="granted")
    ApprovalRequest.objects.filter(pk=base.pk).update(expires_at=timezone.now() - timedelta(days=1))
    with pytest.raises(GateClosed) as shut:
        services.begin(actor=home.ada, deployment_id=planned.pk)
    assert [missing.kind for missing in shut.value.missing] == ["base_model"]
    page = by_session(home.ada).get(f"/deployments/{used.pk}/").content.decode()
    assert "It would not be taken into use today" in page
    assert selectors.states([used]) == {used.pk: "in_use"}


def test_ending_takes_a_reason_and_what_is_over_stays_over(home: House, release: Release) -> None:
    deployment = begun(home, release)
    with pytest.raises(Unusable, match="Say why"):
        services.end(actor=home.ada, deployment_id=deployment.pk, reason=" ")
    services.end(actor=home.ada, deployment_id=deployment.pk, reason="The trial is over.")
    for act in (
        lambda: services.end(actor=home.ada, deployment_id=deployment.pk, reason="Again."),
        lambda: services.begin(actor=home.ada, deployment_id=deployment.pk),
        lambda: services.revise(actor=home.ada, deployment_id=deployment.pk, place="Elsewhere."),
    ):
        with pytest.raises(WrongState):
            act()


def test_who_may_not_deploy_is_refused_and_strangers_see_nothing(home: House, release: Release) -> None:
    deployment = plan(home, release)
    for act in (services.begin, services.revise):
        with pytest.raises(NotAllowed):
            act(actor=home.ben, deployment_id=deployment.pk)
        with pytest.raises(NotFound):
            act(actor=home.dev, deployment_id=deployment.pk)
    with pytest.raises(NotAllowed):
        services.end(actor=home.ben, deployment_id=deployment.pk, reason="So.")


def test_the_database_knows_no_use_that_nobody_began(home: House, release: Release) -> None:
    planned = plan(home, release)
    with pytest.raises(IntegrityError), transaction.atomic():
        Deployment.objects.filter(pk=planned.pk).update(state="in_use")


# where a policy asks for it


def test_without_a_policy_nobody_is_asked(home: House, release: Release) -> None:
    with pytest.raises(WrongState, match="No policy here asks for the approval of deployments"):
        approvals.ask(actor=home.ada, subject=plan(home, release), project_id=home.project.pk)


@pytest.mark.usefixtures("governed")
def test_with_one_it_is_taken_into_use_once_somebody_without_a_part_in_it_approved(
    home: House, release: Release
) -> None:
    planned = plan(home, release)
    with pytest.raises(GateClosed, match="cannot be taken into use"):
        services.begin(actor=home.ada, deployment_id=planned.pk)
    request = approvals.ask(actor=home.ada, subject=planned, project_id=home.project.pk)
    projects.appoint(actor=home.admin, project_id=home.project.pk, username="ada", role=Role.RISK_OWNER)
    with pytest.raises(NotAllowed):
        factories.approve(home.ada, request)
    factories.approve(home.rita, request)
    assert services.begin(actor=home.ada, deployment_id=planned.pk).state == State.IN_USE


@pytest.mark.usefixtures("governed")
def test_a_word_that_changes_takes_the_approval_away_and_the_same_words_do_not(home: House, release: Release) -> None:
    planned = plan(home, release)
    request = approvals.ask(actor=home.ada, subject=planned, project_id=home.project.pk)
    factories.approve(home.rita, request)
    services.revise(actor=home.ada, deployment_id=planned.pk, place=factories.DEPLOYED["place"])
    request.refresh_from_db()
    assert request.state == Asked.GRANTED
    services.revise(actor=home.ada, deployment_id=planned.pk, place="A cloud in another country.")
    request.refresh_from_db()
    assert request.state == Asked.VOID
    with pytest.raises(GateClosed):
        services.begin(actor=home.ada, deployment_id=planned.pk)


@pytest.mark.usefixtures("governed")
def test_an_approval_that_ends_stops_its_use_until_it_is_given_anew(home: House, release: Release) -> None:
    planned = plan(home, release)
    request = approvals.ask(actor=home.ada, subject=planned, project_id=home.project.pk)
    factories.approve(home.rita, request)
    used = services.begin(actor=home.ada, deployment_id=planned.pk)
    ApprovalRequest.objects.filter(pk=request.pk).update(expires_at=timezone.now() - timedelta(days=1))
    assert "Its approval does not stand" in selectors.why_stop([used])[used.pk]
    factories.approve(home.rita, approvals.ask(actor=home.ada, subject=used, project_id=home.project.pk))
    assert selectors.why_stop([used]) == {}


def test_where_the_policy_was_retired_its_approval_is_missed_no_more(home: House, release: Release) -> None:
    policy, planned = factories.governed(home, TERMS, "deployment"), plan(home, release)
    request = approvals.ask(actor=home.ada, subject=planned, project_id=home.project.pk)
    factories.approve(home.rita, request)
    used = services.begin(actor=home.ada, deployment_id=planned.pk)
    ApprovalRequest.objects.filter(pk=request.pk).update(expires_at=timezone.now() - timedelta(days=1))
    assert used.pk in selectors.why_stop([used])
    policies.retire(actor=home.admin, policy_id=policy.pk)
    assert selectors.why_stop([used]) == {}


def test_a_policy_that_came_later_stops_nothing_that_is_in_use(home: House, release: Release) -> None:
    used = begun(home, release)
    factories.governed(home, TERMS, "deployment")
    assert selectors.why_stop([used]) == {}


@pytest.mark.usefixtures("governed")
def test_giving_up_a_plan_closes_what_is_asked_about_it(home: House, release: Release) -> None:
    planned = plan(home, release)
    request = approvals.ask(actor=home.ada, subject=planned, project_id=home.project.pk)
    services.end(actor=home.ada, deployment_id=planned.pk, reason="Not this year.")
    request.refresh_from_db()
    assert request.state == Asked.VOID
    planned.refresh_from_db()
    with pytest.raises(WrongState, match="is over; nobody is asked about it any more"):
        approvals.ask(actor=home.ada, subject=planned, project_id=home.project.pk)


# what else rests on it


def test_its_lineage_leads_from_the_data_to_where_the_model_is_used(home: House, release: Release) -> None:
    deployment = plan(home, release)
    found = graph.load(Project.objects.filter(pk=home.project.pk))
    down = [record for record, _ in found.downstream([release.model_version.run.data()[0].pk])]
    assert deployment in down
    assert release in [record for record, _ in found.upstream([deployment.pk])]


def test_what_is_in_use_keeps_its_data_until_it_is_taken_out_of_use(home: House, release: Release) -> None:
    deployment = begun(home, release)
    data = release.model_version.run.data()[0]

    def said() -> str:
        return " ".join(ground.words for ground in things.some(home.project, [data.pk])[data.pk].standing)

    releases.withdraw(actor=home.rita, release_id=release.pk, reason="A fee in it is wrong.")
    assert "is in use" in said()
    services.end(actor=home.ada, deployment_id=deployment.pk, reason="Switched off.")
    assert "is in use" not in said()


def test_a_milder_answer_later_does_not_end_what_an_earlier_use_began(home: House, release: Release) -> None:
    deployment = begun(home, release)
    duties = {"duties": [{"id": "art-18"}], "risk_class": "high"}
    Classification.objects.filter(project=home.project).update(outcome=duties)
    now = timezone.now()
    Deployment.objects.filter(pk=deployment.pk).update(begun_at=now + timedelta(days=2))
    mild = Classification.objects.get(project=home.project)
    mild.pk, mild.created_at, mild.outcome = None, now + timedelta(days=1), {"duties": [], "risk_class": "minimal"}
    mild.save(force_insert=True)
    kept = dict(things.documents(home.project, Q()))[release.model_version]
    assert [ground.until.year for ground in kept] == [now.year + 10]


def test_queries_do_not_follow_the_models_in_use(home: House, release: Release) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            rows = list(selectors.visible_to(home.ada.reading()))
            selectors.states(rows)
            list(graph.load(Project.objects.filter(pk=home.project.pk)).records)
        return len(found)

    begun(home, release)
    one = asked()
    for number in range(3):
        services.begin(actor=home.ada, deployment_id=plan(home, release, name=f"Desk {number}").pk)
    assert asked() == one


# pages and API


def test_ada_plans_it_on_the_releases_page_and_takes_it_into_use(home: House, release: Release) -> None:
    ada = by_session(home.ada)
    assert f"/releases/{release.pk}/deploy/" in ada.get(f"/releases/{release.pk}/").content.decode()
    missing = ada.post(f"/releases/{release.pk}/deploy/", {**factories.DEPLOYED, "overseers": ""}, format="multipart")
    assert missing.status_code == 422
    assert factories.DEPLOYED["users"] in missing.content.decode()  # nothing that was typed is lost
    made = ada.post(f"/releases/{release.pk}/deploy/", factories.DEPLOYED, format="multipart")
    page = made["Location"]
    assert "Ready to be taken into use" in ada.get(page).content.decode()
    assert ada.post(f"{page}begin/").status_code == 302
    assert "Taken into use by Ada" in ada.get(page).content.decode()
    for tab in ("lineage", "history"):
        assert ada.get(f"{page}?tab={tab}").status_code == 200
    assert "Support desk" in ada.get("/deployments/?state=in_use").content.decode()
    assert "No deployment fits" in ada.get("/deployments/?state=ended").content.decode()
    assert "In use" in ada.get(f"/releases/{release.pk}/").content.decode()


@pytest.mark.usefixtures("governed")
def test_its_page_asks_where_a_policy_does_and_the_decider_reads_the_facts(home: House, release: Release) -> None:
    planned = plan(home, release)
    ada = by_session(home.ada)
    page = ada.get(f"/deployments/{planned.pk}/").content.decode()
    assert "Ask for approval" in page
    assert "Take into use" not in page
    asked = ada.post(f"/projects/{home.project.pk}/ask/deployment/{planned.pk}/", {"note": ""})
    assert asked.status_code == 302
    shown = by_session(home.rita).get(asked["Location"]).content.decode()
    for fact in selectors.summary(planned, home.project):
        assert f"<dt>{fact.label}</dt>" in shown


def test_a_plan_under_a_withdrawn_release_says_that_it_is_in_vain_and_asks_for_nothing(
    home: House, release: Release
) -> None:
    used, planned = begun(home, release), plan(home, release, name="Another desk")
    ada = by_session(home.ada)
    assert "in use at 1 place" in by_session(home.rita).get(f"/releases/{release.pk}/").content.decode()
    factories.governed(home, TERMS, "deployment")
    assert "The policy came later and stops nothing" in ada.get(f"/deployments/{used.pk}/").content.decode()
    releases.withdraw(actor=home.rita, release_id=release.pk, reason="A fee in it is wrong.")
    for deployment, says in ((planned, "cannot be taken into use any more"), (used, "A fee in it is wrong")):
        page = ada.get(f"/deployments/{deployment.pk}/").content.decode()
        assert says in page
        assert "Ask for approval" not in page
    model = ada.get(f"/models/{release.model_version_id}/").content.decode()
    assert "Where it is used" in model


def test_over_rest_a_plan_is_changed_by_who_saw_it_as_it_is(home: House, release: Release) -> None:
    ada = by_token(home.ada)
    made = ada.post("/api/v1/deployments/", {"release": str(release.pk), **factories.DEPLOYED}, format="json")
    assert made.status_code == 201, made.content
    address = f"/api/v1/deployments/{made.json()['id']}/"
    tag = ada.get(address)["ETag"]
    changed = ada.patch(address, {"place": "Elsewhere."}, format="json", HTTP_IF_MATCH=tag)
    assert (changed.status_code, changed.json()["place"]) == (200, "Elsewhere.")
    stale = ada.patch(address, {"place": "Here."}, format="json", HTTP_IF_MATCH=tag)
    assert stale.status_code == 412
    lights = {gate["key"]: gate["light"] for gate in ada.get(f"{address}gates/").json()}
    assert set(lights.values()) == {"green"}
    assert "approval" not in lights
    assert ada.post(f"{address}begin/").json()["state"] == "in_use"
    assert ada.post(f"{address}end/", {"reason": "Over."}, format="json").json()["state"] == "ended"
    assert gates.for_deployment(selectors.visible(home.ada, made.json()["id"]))
