"""What can be approved. Upper floors register their nouns here when Django starts, so that approvals can
load a subject without knowing them."""

from typing import Any, ClassVar, Protocol, cast, runtime_checkable
from uuid import UUID

from governance.foundation.core.errors import NotFound
from governance.foundation.core.records import Record
from governance.people.approvals.rules import POLICIES
from governance.people.projects.models import Project


@runtime_checkable
class Approvable(Protocol):
    """What a noun offers to be approved. All of it is read under the request's row lock."""

    kind: ClassVar[str]

    @property
    def pk(self) -> UUID: ...

    @property
    def content_digest(self) -> str: ...

    def content(self) -> dict[str, Any]: ...

    def touched_by(self) -> dict[int, str]:
        """user id -> what they did to it, as a verb phrase ("submitted the run plan")."""

    def signed_parts(self) -> list[tuple[str, str, str]]:
        """(label, name, digest) of what a signature under it covers, the subject itself first."""


_models: dict[str, type[Record]] = {}


def register(model: type[Record]) -> None:
    """Make `model` approvable. Raises ValueError for a kind without a policy or registered twice."""
    if model.kind not in POLICIES:
        raise ValueError(f"No approval policy for {model.kind!r}; known: {', '.join(POLICIES)}")
    if _models.setdefault(model.kind, model) is not model:
        raise ValueError(f"{model.kind!r} is registered already, by {_models[model.kind].__name__}")


def load(kind: str, pk: UUID) -> Approvable:
    """The subject as it is now. Raises NotFound."""
    model = _models.get(kind)
    if model is None:
        raise NotFound("subject")
    try:
        return cast(Approvable, model._default_manager.get(pk=pk))
    except model.DoesNotExist:
        raise NotFound(POLICIES[kind].noun) from None


def why_not_ask(subject: Approvable) -> str | None:
    """Why nobody can be asked about `subject` as it stands, in a sentence, or None.

    A noun with a life of its own says so by a method `why_not_ask`: a draft, or what was taken back, is no subject.
    """
    veto = getattr(subject, "why_not_ask", None)
    return cast("str | None", veto()) if veto else None


def belongs_to(subject: Approvable, project_id: UUID) -> bool:
    """Whether `subject` may be asked about in this project: its own, or one of its organisation's."""
    own = getattr(subject, "project_id", None)
    if own is not None:
        return bool(own == project_id)
    organisation = getattr(subject, "organisation_id", None)
    return organisation is not None and Project.objects.filter(pk=project_id, organisation_id=organisation).exists()
