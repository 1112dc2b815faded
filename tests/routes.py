"""Every route of the house, read from the resolver, and a house with one record of everything to knock at."""

import re
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from governance.delivery.deployments import services as deployments
from governance.delivery.disposals import services as disposals
from governance.delivery.disposals.models import Disposal
from governance.delivery.erasures import services as erasures
from governance.delivery.erasures.models import Erasure
from governance.delivery.lineage import services as lineage
from governance.delivery.releases import services as releases
from governance.delivery.searches import services as searches
from governance.documents.dossiers import services as dossiers
from governance.documents.renderings import services as renderings
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.jobs.models import Job
from governance.materials.annotations import services as annotations
from governance.materials.annotations.rules import Asked, Type
from governance.materials.base_models import rules as base_model_rules
from governance.materials.base_models import services as base_models
from governance.materials.base_models.models import Registration
from governance.materials.datasets import rules as dataset_rules
from governance.materials.datasets import services as datasets
from governance.materials.datasets import splitting
from governance.materials.datasets.models import Dataset, DatasetVersion, Import, Split
from governance.materials.licence_texts import services as licence_texts
from governance.materials.redactions import services as redactions
from governance.materials.scans import services as scans
from governance.materials.scans.rules import Holds
from governance.materials.syntheses import services as syntheses
from governance.oversight.retention import services as holds
from governance.oversight.retention.rules import Basis
from governance.people.access_reviews import selectors as access_reviews
from governance.people.access_reviews.models import AccessReview
from governance.people.access_reviews.rules import Decided
from governance.people.access_reviews.rules import Verdict as Kept
from governance.people.access_reviews.services import sign as sign_review
from governance.people.approvals import delegations, reauthentication
from governance.people.approvals.models import ApprovalRequest, Delegation
from governance.people.approvals.rules import Verdict
from governance.people.engagements import exchange as engagement_exchange
from governance.people.engagements import services as engagements
from governance.people.engagements.models import Answer, AnswerFile, Engagement
from governance.people.engagements.models import Request as AuditRequest
from governance.people.engagements.rules import Severity
from governance.people.notifications.models import Notice
from governance.people.organisations import services as organisations
from governance.people.policies import services as policies
from governance.people.policies.models import Policy
from governance.people.projects import services as projects
from governance.people.projects.rules import Role
from governance.people.waivers import services as waivers
from governance.people.waivers.models import LicenceChoice, Waiver
from governance.work.envelopes.models import Envelope
from governance.work.runs import services as runs
from governance.work.runs.models import Run
from preparation import splits
from preparation.persons.redaction import Redaction
from preparation.synthesis import Synthesis
from tests import factories
from tests.devices import App
from tests.people import PASSWORD, House, person
from tests.settled import kept, settled

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# What a token's owner is compared by: of another project of the same organisation, of another organisation, nobody.
STRANGERS = ("noor", "dev")
WHO = ("ada", "ben", "rita", "cleo", "paula", "omar", "vera", "admin", *STRANGERS, "nobody")


@dataclass(frozen=True)
class Route:
    """One address: its name (“api:run-list”), and the names of its parameters."""

    name: str
    parameters: tuple[str, ...]

    @property
    def is_api(self) -> bool:
        return self.name.startswith("api:")


def routes() -> Iterator[Route]:
    """Every named route of the resolver, the API's router among them."""
    yield from _walk(get_resolver().url_patterns, "")


def _walk(patterns: Any, namespace: str) -> Iterator[Route]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from _walk(pattern.url_patterns, namespace + inner)
        elif isinstance(pattern, URLPattern):
            yield Route(f"{namespace}{pattern.name}", tuple(pattern.pattern.converters))


# Whose id an address takes, where its name does not begin with the noun.
ABOUT = {
    "audit-proof": "audit-event",
    "audit-checkpoint": "audit-event",
    "audit-timestamp": "audit-event",
    "api:audit-head-detail": "audit-event",
    "questionnaire": "project",
    "search-list": "project",
    "hold-list": "project",
    "api:disposal-kept": "project",
    "search-create": "project",
    "dataset-version-create": "dataset",
    "dataset-version-fetch": "dataset",
    "api:dataset-versions": "dataset",
    "api:project-dismiss": "project",
    "factor-reset": "person",
    "dossier-compare": "dossier-version",
    "dossier-export": "dossier-version",
    "dossier-bundle": "dossier-version",
    "dossier-download": "dossier-version",
    "release-propose": "dossier-version",
    "deployment-create": "release",
    "approval-ask": "dataset-version",
    "waiver-ask": "waived",
    "envelope-create": "run",
    "licence-pick": "waived",
    "licence-text-keep": "waived",
}


QUERY = {
    "api:dataset-version-export": "?format=json",
    "api:access-review-access": "?project={project}",
    "api:dataset-version-changes": "?since={version}",
    "api:dossier-export": "?format=json",
    "api:engagement-export": "?format=json",
    "api:evaluation-export": "?format=json",
    "api:model-card-export": "?format=json",
}


@dataclass
class Everything:
    """A house in which each noun has a record of Linden Bank's project, and who may knock."""

    home: House
    noor: Actor
    orla: Actor  # belongs to nothing, and audits Linden Bank's project under an open engagement
    records: dict[str, Any] = field(default_factory=dict)
    clients: dict[tuple[str, bool], Any] = field(default_factory=dict)

    def actor(self, who: str) -> Actor:
        return {"noor": self.noor, "orla": self.orla}.get(who) or getattr(self.home, who)

    def client(self, who: str, *, api: bool) -> Any:
        return self.clients[who, api]

    def sign_in(self) -> None:
        """A client for each: a session for pages, a token for the API. Before the first test, whose own
        transaction would take the sessions away again."""
        for who in (*WHO, "orla"):
            page, api = Client(), APIClient()
            if who != "nobody":
                user = get_user_model().objects.get(pk=self.actor(who).user_id)
                page.force_login(user)
                api.credentials(HTTP_AUTHORIZATION=f"Token {AuthToken.objects.create(user=user)[1]}")
            self.clients |= {(who, False): page, (who, True): api}

    def address(self, route: Route, method: str, *, absent: bool = False) -> str:
        """Where `route` lies for the project's own record, or for one that is not there."""
        query = QUERY.get(route.name, "").format(
            version=self.records["dataset-version"].pk, project=self.home.project.pk
        )
        return reverse(route.name, kwargs=self._parameters(route, method, absent=absent)) + query

    def _parameters(self, route: Route, method: str, *, absent: bool) -> dict[str, Any]:
        given: dict[str, Any] = {
            "project": self.home.project.pk,
            "kind": "dataset_version",
            "form": "json",
            "digest": "0" * 64,
            "token": "none",
            "prompt": "none",
            "place": 0,
            "sha256": "f" * 64 if absent else self.records["model-version"].digest,
            "member": self.records["member"].pk,
            "pk": self._pk(route, method, absent=absent) if "pk" in route.parameters else None,
        }
        if absent and "pk" not in route.parameters:
            given["project"] = uuid.UUID(int=7)
        return {name: given[name] for name in route.parameters}

    def _pk(self, route: Route, method: str, *, absent: bool) -> Any:
        name = route.name.removeprefix("api:")
        nouns = [noun for noun in self.records if name.startswith(noun)]
        noun = ABOUT.get(route.name) or max(nouns, key=len)
        if absent:
            return 10**9 if noun in ("audit-event", "factor", "person") else uuid.UUID(int=7)
        # What is done is done to a draft; what is looked at has all there is to see.
        return self.records["draft" if (noun, method) == ("run", "POST") else noun].pk


def everything() -> Everything:
    """One record of each noun, built through the services, and a client for each person."""
    home = settled()
    made = kept("everything", lambda: _furnished(home))
    made.sign_in()
    return made


def _furnished(home: House) -> Everything:
    noor = person("noor", "Noor Aydin")
    organisations.add_member(actor=home.admin, organisation_id=home.organisation.pk, username="noor")
    projects.create(actor=noor, organisation_id=home.organisation.pk, name="Mortgage letters")
    orla = person("orla", "Orla Quinn")
    engagement = _engagement(home)
    audit_request = engagement_exchange.ask(actor=orla, engagement_id=engagement.pk, text="Show me the limits.")
    run = factories.finished_run(home)
    envelope = _envelope(home)  # before its rows are withdrawn with others
    version = run.model_version
    frozen = dossiers.freeze(actor=home.ada, dossier_id=version.dossier.pk)
    release = releases.propose(actor=home.ada, dossier_version_id=frozen.pk)
    rendering = renderings.ask(actor=home.cleo, kind="dossier", document_id=frozen.pk)
    asked = _asked(home)
    waived = factories.dataset_version(home, rows=5, licence="CC-BY-NC-4.0")
    records = {
        "organisation": home.organisation,
        "project": home.project,
        "member": home.project.members.get(user_id=home.vera.user_id),
        "factor": App(home.vera).factor,
        "person": get_user_model().objects.get(pk=home.vera.user_id),
        "classification": home.project.classifications.first(),
        "base-model": run.base_model,
        "registration": _large(home),
        "import": _import(home, run.data()[0].dataset),
        "dataset": run.data()[0].dataset,
        "dataset-version": run.data()[0],
        "split": _split(home),
        "synthesis": syntheses.ask(
            actor=home.ada,
            version_id=run.data()[0].pk,
            base_model_id=run.base_model.pk,
            asked=Synthesis("answers", "Answer: {row.given}", 5),
        ),
        "withdrawal": lineage.withdraw(
            actor=home.ben, version_id=factories.dataset_version(home, rows=7).pk, reason="Consent was taken back."
        ),
        "quality-profile": run.data()[0].quality_profiles.get(),
        "redaction": redactions.ask(actor=home.ada, version_id=run.data()[0].pk, asked=Redaction("mask", ("email",))),
        "erasure": _erasure(home),
        "retention-rule": holds.set_rule(
            actor=home.cleo, project_id=home.project.pk, days={"data": 30}, reason="Storage is short."
        ),
        "disposal": _disposal(home),
        "hold": holds.place(
            actor=home.cleo, project_id=home.project.pk, basis=Basis.PROJECT_RULE, ground="So we keep it."
        ),
        "search": searches.ask(
            actor=home.paula, project_id=home.project.pk, case_number="2026-17", term="Marguerite Lindqvist", how="near"
        ),
        "scan": run.data()[0].scans.get(),
        "engagement": engagement,
        "access-review": _review(home),
        "audit-request": audit_request,
        "audit-file": _attached(audit_request, home.ben),
        "audit-finding": engagement_exchange.find(
            actor=orla, engagement_id=engagement.pk, severity=Severity.MINOR, text="There are none."
        ),
        "annotation-task": annotations.ask(
            actor=home.ada, version_id=run.data()[0].pk, asked=Asked(Type.REVIEW, ("ada", "ben"), rows=5)
        ),
        "special-categories": scans.answer(
            actor=home.paula, version_id=run.data()[0].pk, holds=Holds.NO, reason="Read a hundred rows."
        ),
        "evaluation-plan": run.evaluation_plan,
        "run": run,
        "draft": _draft(home),
        "approval": asked,
        "policy": _policy(home),
        "delegation": _loan(home),
        "waived": waived,
        "waiver": _waiver(home, waived),
        "envelope": envelope,
        "licence-choice": _choice(home),
        "licence-text": licence_texts.hand_in(
            actor=home.ada,
            project_id=home.project.pk,
            kind=waived.kind,
            subject_id=waived.pk,
            where="LICENSE",
            text="You may read it.",
        ),
        "evaluation": version.evaluations.get(),
        "model-version": version,
        "model-card": version.model_cards.first(),
        "dossier": version.dossier,
        "dossier-version": frozen,
        "release": release,
        "deployment": deployments.plan(actor=home.ada, release_id=release.pk, **factories.DEPLOYED),
        "rendering": rendering,
        "job": Job.objects.get(subject_id=rendering.pk),
        "notification": Notice.objects.get(person=home.rita.user_id, subject_id=asked.pk),
        "audit-event": AuditEvent.objects.filter(project=home.project.pk).first(),
    }
    return Everything(home, noor, orla, records)


def _attached(asked: AuditRequest, by: Actor) -> AnswerFile:
    """To an answer from before the request was sent back, so that it waits for one."""
    answer = Answer.objects.create(request=asked, text="Here.", by_id=by.user_id, by_name=by.name)
    sha256, size = blobs.put_bytes(b"Limits of the plan.")
    return AnswerFile.objects.create(answer=answer, name="limits.txt", sha256=sha256, bytes=size)


def _engagement(home: House) -> Engagement:
    today = timezone.localdate()
    planned = engagements.plan(
        actor=home.cleo, organisation_id=home.organisation.pk, project_ids=[home.project.pk], title="Audit of 2026",
        auditors=["orla"], access_from=today, access_until=today,
    )  # fmt: skip
    return engagements.lay_open(actor=home.cleo, engagement_id=planned.pk)


def _review(home: House) -> AccessReview:
    rows = access_reviews.rows_of(home.admin, home.project)
    shown = access_reviews.shown_sha256(rows)
    proof = _proof(home.admin, shown, rows={str(row.id): {"verdict": "keep", "to": ""} for row in rows})
    return sign_review(
        actor=home.admin, project_id=home.project.pk, shown_sha256=shown, proof=proof,
        decided={str(row.id): Decided(Kept.KEEP) for row in rows},
    )  # fmt: skip


def _proof(actor: Actor, sha256: str, **choice: Any) -> str:
    return reauthentication.by_password(
        actor=actor, password=PASSWORD, subject_digest=sha256, verdict=Verdict.APPROVE, choice=choice
    )


def _policy(home: House) -> Policy:
    """A draft for runs; nothing governs but what ships with Assay."""
    terms = {"steps": [{"name": "Risk", "roles": ["risk_owner"]}]}
    return policies.draft(actor=home.admin, subject_kind="run", terms=terms, project_id=home.project.pk)


def _loan(home: House) -> Delegation:
    """Ben's role, of which nobody makes use."""
    today = timezone.localdate()
    return delegations.delegate(
        actor=home.ben, project_id=home.project.pk, username="paula", role=Role.DATA_STEWARD, starts_on=today,
        ends_on=today, reason="Away.",
    )  # fmt: skip


def _waiver(home: House, about: Any) -> Waiver:
    """One that waits for the risk owner."""
    return waivers.ask(
        actor=home.ada, project_id=home.project.pk, kind=about.kind, subject_id=about.pk, rule="non-commercial",
        purpose="internal", reason="Nothing is sold.", expires_on=timezone.localdate(),
    )  # fmt: skip


def _envelope(home: House) -> Envelope:
    """One that waits for its deciders; its reference's data was looked through."""
    data = factories.looked_through(home, factories.dataset_version(home, rows=9))
    return factories.envelope(home, factories.finished_run(home, data=data), approved=False)


def _choice(home: House) -> LicenceChoice:
    about = factories.dataset_version(home, rows=6, licence="MIT OR GPL-3.0-only")
    proof = _proof(home.ben, about.content_digest, project=str(home.project.pk), chosen="MIT")
    return waivers.choose(
        actor=home.ben, project_id=home.project.pk, kind=about.kind, subject_id=about.pk, chosen="MIT", reason="So.",
        proof=proof,
    )  # fmt: skip


def _large(home: House) -> Registration:
    """A folder that is too large to be read at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base_model_rules, "READ_AT_ONCE", 0)
        made = base_models.enter(
            actor=home.ada, project_id=home.project.pk, folder=factories.base_model(home).folder, name="Large",
            licence="Apache-2.0",
        )  # fmt: skip
    assert isinstance(made, Registration)
    return made


def _import(home: House, dataset: Dataset) -> Import:
    """A file that a worker is to read."""
    with pytest.MonkeyPatch.context() as patch, tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        patch.setattr(dataset_rules, "READ_AT_ONCE", 0)
        file.write(b'{"prompt": "Large?", "completion": "Yes."}\n')
        file.flush()
        made = datasets.enter(
            actor=home.ada, dataset_id=dataset.pk, path=Path(file.name), file_name="large.jsonl", licence="CC0-1.0",
            provenance=factories.PROVENANCE,
        )  # fmt: skip
    assert isinstance(made, Import)
    return made


def _split(home: House) -> Split:
    """A split that a worker is to make."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset_rules, "READ_AT_ONCE", 0)
        version = factories.dataset_version(home)
        return splitting.split(actor=home.ada, version_id=version.pk, asked=splits.Split("folds"))


def _erasure(home: House) -> Erasure:
    """One that waits for a second person."""
    about = factories.dataset_version(home, rows=7)
    proof = _proof(home.paula, about.content_digest, rows=[1])
    return erasures.ask(
        actor=home.paula, version_id=about.pk, rows=[1], case_number="2026-17", reason="Art. 17.", proof=proof
    )


def _disposal(home: House) -> Disposal:
    """One that waits for a second person; of other rows than those that are sent to the doors."""
    version = factories.dataset_version(home, rows=4)
    DatasetVersion.objects.filter(pk=version.pk).update(created_at=timezone.now() - timedelta(days=99))
    return disposals.propose(actor=home.ben, project_id=home.project.pk, ids=[version.pk], reason="Nobody uses it.")


def _draft(home: House) -> Run:
    return runs.prepare(
        actor=home.ada,
        project_id=home.project.pk,
        base_model_id=factories.base_model(home).pk,
        data=[factories.dataset_version(home).pk],
        training={},
        evaluation_plan_id=factories.evaluation_plan(home).pk,
    )


def _asked(home: House) -> ApprovalRequest:
    return runs.submit(actor=home.ada, run_id=_draft(home).pk)


# Nonces, and CSRF tokens: 64 letters and digits, unlike a digest with capitals among them.
CHANGING = re.compile(r'nonce="[^"]*"|\b(?=\w*[A-Z])[A-Za-z0-9]{64}\b')


def told(response: Any, address: str) -> str:
    """What a refusal says, without what differs by itself: nonces, tokens and the address that was asked for."""
    return CHANGING.sub("", response.content.decode()).replace(address, "ADDRESS")
