"""Base models: what may come in, what is measured of it, and what different places say about its licence."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable
from governance.materials.base_models import rules, selectors, services
from governance.materials.base_models.inspection import inspect
from governance.materials.base_models.models import BaseModel
from governance.people.approvals import selectors as approvals
from governance.people.approvals import services as asking
from governance.people.projects import services as projects
from governance.people.projects.rules import Role
from tests import factories
from tests.people import House


@pytest.fixture
def folder(settings: object, tmp_path: Path) -> Path:
    settings.ASSAY_MODELS_DIR = tmp_path / "models"  # type: ignore[attr-defined]
    return factories.base_folder()


def register(home: House, **changes: object) -> BaseModel:
    given: dict = {"actor": home.ada, "folder": factories.BASE, "name": "Nano", "licence": "Apache-2.0"}
    return services.register(project_id=home.project.pk, **(given | changes))


def test_the_digest_of_the_folder_can_be_repeated_by_hand(home: House, folder: Path) -> None:
    model = register(home)
    loaded = sorted(p for p in folder.iterdir() if p.suffix in {".json", ".jinja", ".safetensors"})
    pairs = [[p.name, hashlib.sha256(p.read_bytes()).hexdigest()] for p in loaded]
    text = json.dumps(pairs, separators=(",", ":"), ensure_ascii=False)
    assert model.folder_sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert [entry["path"] for entry in model.files] == [p.name for p in loaded]
    assert model.parameters == 64 * 16 + 16 * 16 + 16 * 16 + 16
    assert model.architecture["chat_template_sha256"] == hashlib.sha256(factories.TEMPLATE.encode()).hexdigest()


def test_registering_is_on_record_with_its_digests(home: House, folder: Path) -> None:
    model = register(home)
    facts = json.loads(AuditEvent.objects.get(action="base-model.registered").body)["facts"]
    assert facts == {
        "folder_sha256": model.folder_sha256, "licence": "Apache-2.0", "content": model.content_digest,
    }  # fmt: skip


def test_everything_that_is_wrong_with_a_folder_is_said_at_once(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "tokenizer.json").unlink()
    (folder / "weights.pkl").write_bytes(b"\x80")
    (folder / "config.json").write_text("[]")
    with pytest.raises(Unusable) as caught:
        inspect(folder)
    said = " ".join(map(str, caught.value.faults))
    for words in ("weights.pkl", "config.json", "no model.safetensors", "tokenizer.json is missing"):
        assert words in said
    assert all(fault.cure or "." in fault.message for fault in caught.value.faults)


@pytest.mark.parametrize("text", ['{"from": NaN}', '{"from": Infinity}', "not json", "[" * 100_000])
def test_a_conversion_note_that_is_no_json_is_no_note(folder: Path, text: str) -> None:
    (folder / "conversion.json").write_text(text)
    assert inspect(folder).conversion is None


@pytest.mark.parametrize("name", ["..", ".", "../models", "/etc", ".git", "a/b", "a\\..\\b/..", ""])
def test_no_name_leads_out_of_the_operator_s_folder(home: House, folder: Path, name: str) -> None:
    with pytest.raises(Unusable, match="is not a folder's name"):
        register(home, folder=name)
    assert not BaseModel.objects.exists()


def test_an_absent_folder_is_named(home: House, folder: Path) -> None:
    with pytest.raises(Unusable, match="There is no folder 'other'"):
        register(home, folder="other")


def test_only_makers_and_stewards_register_and_only_in_their_project(home: House, folder: Path) -> None:
    for person in (home.rita, home.cleo, home.omar, home.vera):
        with pytest.raises(NotAllowed, match="register a base model"):
            register(home, actor=person)
    with pytest.raises(NotFound):
        register(home, actor=home.dev)
    assert register(home, actor=home.ben).registered_by_name == "Ben Castell"


def test_a_base_model_is_seen_in_its_organisation_and_nowhere_else(home: House, folder: Path) -> None:
    model = register(home)
    assert selectors.visible(home.vera, model.pk) == model
    with pytest.raises(NotFound):
        selectors.visible(home.dev, model.pk)
    assert selectors.registered_under(home.ada) == {factories.BASE: model}
    assert selectors.registered_under(home.dev) == {}


def test_one_project_s_approval_says_nothing_about_another(home: House, folder: Path) -> None:
    model = register(home)
    factories.approve(home.ben, asking.ask(actor=home.ada, subject=model, project_id=home.project.pk))
    second = projects.create(actor=home.admin, organisation_id=home.organisation.pk, name="Card desk")
    projects.appoint(actor=home.admin, project_id=second.pk, username="ada", role=Role.OWNER)
    answers = approvals.standings_by_project(model, [home.project.pk, second.pk])
    assert answers[home.project.pk].granted
    assert not answers[second.pk].granted
    for project in (home.project, second):
        assert approvals.standing(model, project.pk) == answers[project.pk]


def test_the_verdict_looks_at_the_seat_of_the_organisation(home: House, folder: Path) -> None:
    """Llama 4 gives no rights to who sits in the Union; the house's bank sits in Germany."""
    model = register(home, licence="llama4")
    assert {verdict.outcome for verdict in selectors.licence_by_purpose(model)} == {"rule-against"}
    home.organisation.seat = "US"
    home.organisation.save()
    model = selectors.visible(home.ada, model.pk)
    assert {verdict.outcome for verdict in selectors.licence_by_purpose(model)} != {"rule-against"}


LICENCE_TEXTS = [
    ("\n      Apache License\n   Version 2.0, January 2004\n", "Apache-2.0"),
    ("MIT License\n\nCopyright (c) somebody", "MIT"),
    ("                GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007", "GPL-3.0-only"),
    ("GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3", "AGPL-3.0-only"),
    ("Creative Commons Legal Code\n\nCC0 1.0 Universal", "CC0-1.0"),
    ("Attribution-NonCommercial 4.0 International\n", "CC-BY-NC-4.0"),
    ("Attribution 4.0 International", "CC-BY-4.0"),
    ("Attribution-ShareAlike 4.0 International", "CC-BY-SA-4.0"),
    ("MYSTERY LAB COMMUNITY TERMS\nDraft 3", "MYSTERY LAB COMMUNITY TERMS"),
    ("\n\n", ""),
]


@pytest.mark.parametrize(("text", "named"), LICENCE_TEXTS)
def test_a_licence_text_is_known_by_its_opening(text: str, named: str) -> None:
    assert rules.named_by(text) == named


@pytest.mark.parametrize(
    ("declared", "says", "agrees"),
    [
        ("Apache-2.0", "apache-2.0", True),
        ("MIT OR Apache-2.0", "Apache-2.0 OR MIT", True),
        ("LicenseRef-scancode-gemma-tou-2024-04-01", "gemma", True),
        ("Apache-2.0", "cc-by-nc-4.0", False),
        ("MIT", "MIT OR Apache-2.0", False),
        ("Apache-2.0", "MYSTERY LAB COMMUNITY TERMS", None),
        ("Apache-2.0", "other", None),
        ("My-Own", "My-Own", True),
    ],
)
def test_places_are_compared_by_what_they_mean_not_by_how_they_spell_it(
    declared: str, says: str, agrees: bool | None
) -> None:
    (row,) = rules.compared(declared, [{"where": "README.md", "says": says}])
    assert row.agrees is agrees
    assert rules.disagree(declared, [{"where": "README.md", "says": says}]) is (agrees is False)


# A shared machine may be slow; that is no finding.
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=80), st.text(max_size=80))
def test_comparing_never_fails_and_agreeing_goes_both_ways(first: str, second: str) -> None:
    (there,) = rules.compared(first, [{"where": "", "says": second}])
    (back,) = rules.compared(second, [{"where": "", "says": first}])
    assert (there.agrees is True) == (back.agrees is True)
