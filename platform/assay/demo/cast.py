"""The people of the demo, their organisation and projects: made once, through the services."""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from django.contrib.auth import get_user_model

from assay.accounts.services import create_account
from governance.foundation.core.actor import PLATFORM, Actor
from governance.people.organisations import services as organisations
from governance.people.organisations.models import Membership, Organisation
from governance.people.projects import services as projects
from governance.people.projects.models import Member, Project
from governance.people.projects.rules import Role

# Only the demo has these; they are printed, and no other installation knows them.
PASSWORD = "linden-bank-demo"  # noqa: S105


@dataclass(frozen=True)
class Stage:
    """Everybody on stage, by user name, and the project that the story happens in."""

    people: dict[str, Actor]
    organisation: Organisation
    project: Project

    def __getitem__(self, username: str) -> Actor:
        return self.people[username]


def material(name: str) -> Any:
    """A JSON file of the demo."""
    return json.loads((files("assay.demo") / name).read_text(encoding="utf-8"))


def assemble() -> Stage:
    """The stage as `cast.json` describes it. Called again, it finds what is there and adds what is missing."""
    cast = material("cast.json")
    people = {entry["username"]: _person(entry) for entry in cast["people"]}
    administrator = next(entry["username"] for entry in cast["people"] if entry["is_administrator"])
    given = cast["organisation"]
    organisation = Organisation.objects.filter(slug=given["slug"]).first()
    if organisation is None:
        # Entered by its administrator, who thereby answers for what the dossiers say of the provider.
        organisation = organisations.create(actor=people[administrator], **given)
    for entry in cast["people"]:
        _join(organisation, people[entry["username"]], administrator=entry["is_administrator"])
    stages = [_project(organisation, entry, people, people[administrator]) for entry in cast["projects"]]
    return Stage(people, organisation, stages[0])


def _person(entry: dict[str, Any]) -> Actor:
    user = get_user_model().objects.filter(username=entry["username"]).first()
    if user is None:
        user = create_account(actor=PLATFORM, username=entry["username"], name=entry["display_name"], password=PASSWORD)
    return Actor.of(user)


def _join(organisation: Organisation, person: Actor, *, administrator: bool) -> None:
    if not Membership.objects.filter(organisation=organisation, user_id=person.person_id).exists():
        organisations.add_member(
            actor=PLATFORM, organisation_id=organisation.pk, username=person.username, administrator=administrator
        )


def _project(organisation: Organisation, entry: dict[str, Any], people: dict[str, Actor], opener: Actor) -> Project:
    project = Project.objects.filter(organisation=organisation, slug=entry["slug"]).first()
    if project is None:
        fields = {name: entry[name] for name in projects.FIELDS if name in entry}
        owner = next(name for name, roles in entry["members"].items() if Role.OWNER in roles)
        project = projects.create(actor=people[owner], organisation_id=organisation.pk, slug=entry["slug"], **fields)
    for username, roles in entry["members"].items():
        for role in roles:
            if not Member.objects.filter(project=project, user_id=people[username].person_id, role=role).exists():
                projects.appoint(actor=opener, project_id=project.pk, username=username, role=Role(role))
    return project
