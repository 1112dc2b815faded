"""The cast. Everybody has one role, so that a test's names say who does what."""

from dataclasses import dataclass, field

from django.contrib.auth import get_user_model
from django.db import transaction

from governance.foundation.core.actor import PLATFORM, Actor
from governance.people.organisations import services as organisations
from governance.people.organisations.models import Membership, Organisation
from governance.people.projects import services as projects
from governance.people.projects.models import Project
from governance.people.projects.rules import Role

PASSWORD = "a quiet record office"

CAST = {
    "ada": ("Ada Brandt", Role.ML_ENGINEER),
    "ben": ("Ben Castell", Role.DATA_STEWARD),
    "rita": ("Rita Falk", Role.RISK_OWNER),
    "cleo": ("Cleo Haas", Role.COMPLIANCE_OFFICER),
    "paula": ("Paula Ingold", Role.DATA_PROTECTION_OFFICER),
    "omar": ("Omar Kaya", Role.AUDITOR),
    "vera": ("Vera Lund", Role.VIEWER),
}


@dataclass
class House:
    """One organisation with one project and its people, and a stranger in another organisation."""

    organisation: Organisation
    project: Project
    elsewhere: Project
    people: dict[str, Actor] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Actor:
        try:
            return self.__dict__["people"][name]
        except KeyError:
            raise AttributeError(name) from None


def person(username: str, name: str) -> Actor:
    first, _, last = name.partition(" ")
    user = get_user_model().objects.create_user(username, password=PASSWORD, first_name=first, last_name=last)
    return Actor.of(user)


def house() -> House:
    """Built through the services, as an operator and an administrator would."""
    admin = person("admin", "Admin Adler")
    organisation = organisations.create(actor=admin, name="Linden Bank", slug="linden-bank", seat="DE")
    project = projects.create(
        actor=admin,
        organisation_id=organisation.pk,
        name="Bank support assistant",
        intended_purpose="Drafts answers to everyday questions of bank customers; a person sends them.",
    )
    people = {"admin": admin}
    for username, (name, role) in CAST.items():
        people[username] = person(username, name)
        organisations.add_member(actor=admin, organisation_id=organisation.pk, username=username)
        projects.appoint(actor=admin, project_id=project.pk, username=username, role=role)
    dev = person("dev", "Dev Moran")
    other = organisations.create(actor=PLATFORM, name="Alder Insurance", slug="alder-insurance", seat="FR")
    with transaction.atomic():  # the entry of the project tells of the membership too, which no service makes
        Membership.objects.create(organisation=other, user_id=dev.user_id, is_administrator=True)
        elsewhere = projects.create(actor=dev, organisation_id=other.pk, name="Claims notes")
    people["dev"] = dev
    return House(organisation, project, elsewhere, people)
