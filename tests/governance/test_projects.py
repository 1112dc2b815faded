"""Projects and organisations: a name is given once, and a project keeps an owner."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db.models import Model
from django.db.models.signals import pre_save

from governance.foundation.core.actor import PLATFORM
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable
from governance.people.organisations import services as organisations
from governance.people.organisations.models import Organisation
from governance.people.projects import selectors, services
from governance.people.projects.models import Member, Project
from governance.people.projects.rules import MAY, Role
from tests.people import House, person


@contextmanager
def somebody_first(model: type[Model], act: Callable[[Any], object]) -> Iterator[None]:
    """Between the look for the name and the row's insertion, somebody else takes it."""

    def race(instance: Any, **_: Any) -> None:
        act(instance)

    pre_save.connect(race, sender=model)
    try:
        yield
    finally:
        pre_save.disconnect(race, sender=model)


def test_a_project_name_that_is_taken_meanwhile_is_refused_like_any_other(home: House) -> None:
    def same(project: Project) -> None:
        Project.objects.bulk_create([Project(organisation=home.organisation, name="First", slug=project.slug)])

    with somebody_first(Project, same), pytest.raises(Unusable, match="has a project “loans” already"):
        services.create(actor=home.ada, organisation_id=home.organisation.pk, name="Loans")


def test_an_organisation_slug_that_is_taken_meanwhile_is_refused_like_any_other(home: House) -> None:
    def same(organisation: Organisation) -> None:
        Organisation.objects.bulk_create([Organisation(name="First", slug=organisation.slug, seat="DE")])

    with somebody_first(Organisation, same), pytest.raises(Unusable, match="“elm” is taken"):
        organisations.create(actor=PLATFORM, name="Elm", slug="elm", seat="DE")
    assert not Organisation.objects.filter(slug="elm").exists()


def owner(home: House, username: str) -> Member:
    return Member.objects.get(project=home.project, user__username=username, role=Role.OWNER)


def test_two_owners_cannot_dismiss_each_other(home: House) -> None:
    services.appoint(actor=home.admin, project_id=home.project.pk, username="ada", role=Role.OWNER)
    first, second = owner(home, "admin"), owner(home, "ada")
    services.dismiss(actor=home.ada, member_id=first.pk)
    with pytest.raises(Unusable, match="keeps at least one owner"):
        services.dismiss(actor=home.admin, member_id=second.pk)
    assert home.project.members.filter(role=Role.OWNER).count() == 1


def test_a_role_is_taken_away_once_and_only_by_who_appoints(home: House) -> None:
    member = Member.objects.get(project=home.project, user__username="vera")
    with pytest.raises(NotAllowed, match="takes an owner, or an administrator of the organisation"):
        services.dismiss(actor=home.ben, member_id=member.pk)
    with pytest.raises(NotFound):
        services.dismiss(actor=home.dev, member_id=member.pk)
    assert services.dismiss(actor=home.admin, member_id=member.pk) == home.project.pk
    with pytest.raises(NotFound):
        services.dismiss(actor=home.admin, member_id=member.pk)


def test_who_described_the_project_last_is_on_record(home: House) -> None:
    home.project.refresh_from_db()
    assert home.project.described_by_id == home.admin.user_id
    described = services.describe(actor=home.ada, project_id=home.project.pk, why_fine_tuning="Tone.")
    assert Project.objects.get(pk=described.pk).described_by_id == home.ada.user_id


def test_the_table_of_rights_names_the_people_and_says_what_services_do(home: House) -> None:
    table = {right.act: right for right in selectors.rights(home.rita, home.project.pk)}
    assert set(table) == set(MAY), "every act stands in one part"
    assert table["cancel a run"].people == ("Ada Brandt", "Admin Adler", "Ben Castell", "Rita Falk")
    assert (table["cancel a run"].mine, table["launch a run"].mine) == (True, False)
    for act, right in table.items():
        if right.mine:
            assert selectors.require(home.rita, home.project.pk, act) == home.project
        else:
            with pytest.raises(NotAllowed, match="you are not one there"):
                selectors.require(home.rita, home.project.pk, act)
    assert table["appoint people"].administrators_too


def test_an_administrator_without_a_role_sees_and_appoints_and_does_nothing_else(home: House) -> None:
    chief = person("chief", "Carl Ottmar")
    organisations.add_member(
        actor=home.admin, organisation_id=home.organisation.pk, username="chief", administrator=True
    )
    mine = [right.act for right in selectors.rights(chief, home.project.pk) if right.mine]
    assert set(mine) == {"appoint people", "hold an audit", "review access", "see access reviews"}
    services.appoint(actor=chief, project_id=home.project.pk, username="ben", role=Role.VIEWER)
    with pytest.raises(NotAllowed, match="describe the project"):
        services.describe(actor=chief, project_id=home.project.pk, why_fine_tuning="Tone.")
