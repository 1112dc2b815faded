"""Questions about scans."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.materials.datasets.models import DatasetVersion
from governance.materials.scans import rules
from governance.materials.scans.models import Scan, SpecialCategories
from governance.materials.scans.rules import Holds, State
from governance.people.approvals.subjects import Fact
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project


def visible_to(actor: Actor) -> QuerySet[Scan]:
    return Scan.objects.filter(projects.within(actor, "version__dataset__project")).select_related(
        "version__dataset__project"
    )


def visible(actor: Actor, scan_id: UUID) -> Scan:
    return one_of(visible_to(actor), scan_id)


def answers_visible_to(actor: Actor) -> QuerySet[SpecialCategories]:
    return SpecialCategories.objects.filter(projects.within(actor, "version__dataset__project")).select_related(
        "version__dataset__project"
    )


def latest(version: DatasetVersion) -> Scan | None:
    """The newest scan, whatever became of it."""
    return version.scans.first()


def latest_done(version: DatasetVersion) -> Scan | None:
    """The newest scan of this very content that came to its end."""
    return version.scans.filter(state=State.DONE, version_sha256=version.content_digest).first()


def answer(version: DatasetVersion) -> SpecialCategories | None:
    """What was said last about special categories in this very content."""
    return version.special_categories.filter(version_sha256=version.content_digest).first()


def told_to_deciders(version: DatasetVersion, project: Project) -> Iterable[Fact]:
    """Personal data and secrets as measured, with what was not looked for; special categories as a person says."""
    found = latest_done(version)
    if found is None:
        now = latest(version)
        says = "A worker is looking for it." if now and now.state == State.QUEUED else "Nobody has looked for it."
        yield Fact("Personal data found", says, "Decide when it is known.", warns=True)
    else:
        kinds, detail = found.told["kinds"], f"Not looked for: {'; '.join(found.told['not_looked_for'])}"
        rows = f"in {found.told['rows_with']:,} of {found.told['rows']:,} rows"
        persons, secrets = rules.in_words(kinds, "person"), rules.in_words(kinds, "secret")
        yield Fact("Personal data found", f"{persons}; {rows}" if persons else "none", detail, warns=bool(persons))
        if secrets:
            yield Fact("Secrets found", secrets, "Take them out, and have them changed where they open something.",
                       warns=True)  # fmt: skip
    said = answer(version)
    if said is None:
        yield Fact("Special categories", "Nobody has answered (GDPR Art. 9).", warns=True)
    else:
        yield Fact(
            "Special categories", f"{said.holds}, says {said.by_name}", said.reason, warns=said.holds != Holds.NO
        )
