"""The dossier: every point once, each sentence bound to the records it cites, gaps that stay gaps."""

import json
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from governance.delivery.releases import services as releases
from governance.documents.dossiers import rules, selectors, services
from governance.documents.dossiers.assembling import assemble
from governance.documents.dossiers.models import Dossier, DossierVersion
from governance.documents.renderings import services as renderings
from governance.documents.sources.records import Source, Sources
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core import blobs
from governance.foundation.core.canonical import plain
from governance.foundation.core.errors import NotAllowed, NotFound, StaleSubject, Unusable, WrongState
from governance.foundation.core.records import Record
from governance.law.regulation import rules as regulation
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals import services as approvals
from governance.people.approvals.models import ApprovalRequest
from governance.people.organisations import services as organisations
from governance.people.organisations.models import Organisation
from governance.people.projects import services as projects
from governance.work.runs.models import Run
from preparation.digests import sha256_of
from tests import factories
from tests.people import PASSWORD, House

IV = [f"1({x})" for x in "abcdefgh"] + [f"2({x})" for x in "abcdefgh"] + [str(n) for n in range(3, 10)]
XI = [f"Section 1, point 1({x})" for x in "abcdef"] + [f"Section 1, point 2({x})" for x in "abcde"]
XI += [f"Section 2, point {n}" for n in (1, 2, 3)]
XII = [f"1({x})" for x in "abcdefgh"] + [f"2({x})" for x in "abc"]

# Every point that a finished run with an evaluation answers by measurement, typed by hand.
MEASURED = {
    "Annex IV(1)(a)", "Annex IV(1)(b)", "Annex IV(1)(c)", "Annex IV(1)(d)", "Annex IV(1)(e)",
    "Annex IV(2)(a)", "Annex IV(2)(b)", "Annex IV(2)(c)", "Annex IV(2)(d)", "Annex IV(2)(g)", "Annex IV(2)(h)",
    "Annex IV(3)", "Annex IV(4)", "Annex IV(5)", "Annex IV(6)",
    "Annex XI, Section 1, point 1(b)", "Annex XI, Section 1, point 1(d)", "Annex XI, Section 1, point 1(e)",
    "Annex XI, Section 1, point 1(f)", "Annex XI, Section 1, point 2(a)", "Annex XI, Section 1, point 2(b)",
    "Annex XI, Section 1, point 2(c)", "Annex XI, Section 1, point 2(d)",
    "Annex XI, Section 2, point 1", "Annex XI, Section 2, point 2", "Annex XI, Section 2, point 3",
    "Annex XII(1)(b)", "Annex XII(1)(e)", "Annex XII(1)(f)", "Annex XII(1)(g)", "Annex XII(1)(h)",
    "Annex XII(2)(a)", "Annex XII(2)(b)", "Annex XII(2)(c)",
}  # fmt: skip
# What only people can say: nothing of a run may ever meet it.
ONLY_PEOPLE = {"Annex IV(1)(g)", "Annex IV(2)(e)", "Annex IV(7)", "Annex IV(9)"}


@pytest.fixture
def dossier(home: House) -> Dossier:
    """Of a finished run; nobody has declared anything in it yet."""
    return factories.finished_run(home).model_version.dossier


def prompts(document: dict[str, Any]) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    return {prompt["id"]: (prompt, section) for section in document["sections"] for prompt in section["prompts"]}


def spelt(ref: str) -> str:
    """“1(a)” as the law's own notation has it: “(1)(a)”."""
    number, _, letter = ref.partition("(")
    return f"({number})" + (f"({letter}" if letter else "")


def test_every_point_of_the_annexes_stands_there_once_and_in_order(dossier: Dossier) -> None:
    refs = [section["ref"] for section in selectors.draft(dossier)["sections"]]
    expected = [f"Annex IV{spelt(ref)}" for ref in IV] + [f"Annex XI, {ref}" for ref in XI]
    assert refs == expected + [f"Annex XII{spelt(ref)}" for ref in XII]


def test_every_prompt_of_the_edition_is_asked_with_who_can_fill_it(dossier: Dossier) -> None:
    document = selectors.draft(dossier)
    asked = [(prompt["id"], prompt["ask"], prompt["needs"]) for prompt, _ in prompts(document).values()]
    assert asked == [(each.id, each.ask, each.needs) for each in regulation.latest().prompts()]
    assert document["edition"]["sha256"] == regulation.latest().sha256


def test_points_that_the_records_answer_hold_a_measured_statement_and_no_others_do(dossier: Dossier) -> None:
    document = selectors.draft(dossier)
    meeting = {
        section["ref"]
        for section in document["sections"]
        for prompt in section["prompts"]
        if any(section["statements"][index]["source"] == "measured" for index in prompt["met_by"])
    }
    assert meeting == MEASURED
    assert not meeting & ONLY_PEOPLE


def test_every_citation_resolves_to_a_record_with_that_digest(home: House, dossier: Dossier) -> None:
    services.declare(actor=home.ada, dossier_id=dossier.pk, prompt="iv-3.limits", text="It invents fees.")
    kinds = {model.kind: model for model in apps.get_models() if getattr(model, "kind", "")}
    document = selectors.draft(dossier)
    cited = [each for section in document["sections"] for said in section["statements"] for each in said["evidence"]]
    assert {each["kind"] for each in cited} >= {"run_manifest", "dataset_version", "evaluation", "declaration"}
    for each in {(each["kind"], each["id"], each["sha256"]) for each in cited}:
        kind, pk, sha256 = each
        if kind == "run_manifest":  # a file, cited by its bytes
            assert Run.objects.get(pk=pk).manifest_sha256 == sha256
            assert blobs.exists(sha256)
        elif kind == "model_card":  # a document, cited by its own digest
            card = kinds[kind].objects.get(pk=pk)
            assert sha256_of({k: v for k, v in card.document.items() if k != "sha256"}) == sha256
        else:
            record = kinds[kind].objects.get(pk=pk)
            assert _digest(record) == sha256, kind


def _digest(record: Any) -> str:
    """The content digest by the trainer's canonical JSON, which shares no code with the records' own."""
    from governance.foundation.core.canonical import plain

    return sha256_of({"kind": record.kind, "content": plain(record.content())})


def test_declared_statements_name_a_person_and_a_time(home: House, dossier: Dossier) -> None:
    services.declare(actor=home.ben, dossier_id=dossier.pk, prompt="iv-2-d.selection", text="All rows were kept.")
    said = [each for section in selectors.draft(dossier)["sections"] for each in section["statements"]]
    declared = [each for each in said if each["source"] == "declared"]
    assert {each["by"] for each in declared} == {"Admin Adler", "Ada Brandt", "Ben Castell"}
    assert all(each["at"] for each in declared)
    assert all(each["by"] is None for each in said if each["source"] == "measured")


def test_withholding_a_record_turns_exactly_the_prompts_it_met_to_missing(home: House, dossier: Dossier) -> None:
    services.declare(actor=home.ada, dossier_id=dossier.pk, prompt="iv-2-a.choice", text="It fits the machine.")
    sources, edition = selectors.sources(dossier), regulation.latest()
    whole = assemble(edition, sources, selectors.declared(dossier))
    withheld = [source for source in sources.every() if source.kind not in ("model_version", "classification")]
    assert {source.kind for source in withheld} >= {"run_manifest", "base_model", "dataset_version", "evaluation"}
    met = False
    for source in withheld:
        rest = assemble(edition, sources.without(source), selectors.declared(dossier))
        lost = {
            name
            for name, (prompt, section) in prompts(whole).items()
            if prompt["met_by"] and all(_cites(section["statements"][index], source) for index in prompt["met_by"])
        }
        met |= bool(lost)
        before, after = _missing(whole), _missing(rest)
        assert after - before == lost, source.kind
        assert before <= after
        assert not any(_cites(said, source) for part in rest["sections"] for said in part["statements"])
    assert met


def _cites(statement: dict[str, Any], source: Source) -> bool:
    return (source.kind, source.id) in {(each["kind"], each["id"]) for each in statement["evidence"]}


def _missing(document: dict[str, Any]) -> set[str]:
    return {name for name, (prompt, _) in prompts(document).items() if not prompt["met_by"]}


def test_without_a_classification_nothing_is_required_and_the_outcome_reads_undetermined(dossier: Dossier) -> None:
    sources = replace(selectors.sources(dossier), classification=None)
    document = assemble(regulation.latest(), sources)
    assert document["outcome"]["role"] == "undetermined"
    assert document["outcome"]["decided_by"] is None
    assert {section["duty"] for section in document["sections"]} == {"voluntary"}
    assert all(prompt["not_applicable"] is None for prompt, _ in prompts(document).values())


def test_a_high_risk_provider_owes_annex_iv_from_its_date(home: House) -> None:
    factories.classification(
        home, **{"annex-iii": "yes", "profiling": "yes", "provider-by-change": "not-applicable", "public-service": "no"}
    )
    dossier = factories.finished_run(home).model_version.dossier
    document = selectors.draft(dossier)
    first = document["sections"][0]
    assert (first["duty"], first["because"], first["applies_from"]) == ("required", "high-risk-provider", "2027-12-02")
    assert document["outcome"]["decided_by"] == "Rita Falk"
    declaration = prompts(document)["iv-8.copy"][0]
    assert declaration["not_applicable"] is None  # a declaration is owed now, so its absence is a gap


def test_completeness_counts_each_prompt_once_by_its_first_statement(home: House, dossier: Dossier) -> None:
    services.declare(actor=home.ada, dossier_id=dossier.pk, prompt="iv-2-a.method", text="As the manifest says.")
    document = selectors.draft(dossier)
    counted = Counter(
        section["statements"][prompt["met_by"][0]]["source"]
        if prompt["met_by"]
        else ("not_applicable" if prompt["not_applicable"] else "missing")
        for prompt, section in prompts(document).values()
    )
    total = document["completeness"].pop("prompts")
    assert total == sum(document["completeness"].values()) == len(regulation.latest().prompts())
    assert {kind: number for kind, number in document["completeness"].items() if number} == dict(counted)
    method, section = prompts(document)["iv-2-a.method"]
    assert [section["statements"][index]["source"] for index in method["met_by"]] == ["measured", "declared"]


def test_a_figure_that_was_not_measured_stays_a_gap_with_its_reason(dossier: Dossier) -> None:
    prompt, section = prompts(selectors.draft(dossier))["xi-1-2-e.energy"]
    assert prompt["met_by"] == []
    beside = [said["text"] for said in section["statements"] if "xi-1-2-e.energy" in said["about"]]
    assert beside == ["Energy of training: not measured (no RAPL counter is there)."]


def test_a_person_only_prompt_is_not_met_by_a_measurement(dossier: Dossier) -> None:
    document = selectors.draft(dossier)
    for prompt, section in prompts(document).values():
        if prompt["human"]:
            assert all(section["statements"][index]["source"] != "measured" for index in prompt["met_by"])


def test_words_that_came_in_past_the_services_have_nobody_who_declared_them(home: House, dossier: Dossier) -> None:
    before = prompts(selectors.draft(dossier))["iv-1-a.purpose"][0]
    assert before["met_by"]
    type(home.project).objects.filter(pk=home.project.pk).update(intended_purpose="Decides on loans.")
    after, section = prompts(selectors.draft(dossier))["iv-1-a.purpose"]
    assert after["met_by"] == []
    assert "Decides on loans." not in str(section)


def test_the_text_of_a_record_follows_its_last_author(home: House, dossier: Dossier) -> None:
    projects.describe(actor=home.cleo, project_id=home.project.pk, intended_purpose="Drafts answers for staff.")
    prompt, section = prompts(selectors.draft(dossier))["iv-1-a.purpose"]
    said = section["statements"][prompt["met_by"][0]]
    assert (said["text"], said["by"]) == ("Drafts answers for staff.", "Cleo Haas")


def test_not_applicable_by_a_rule_rests_on_the_fact_that_a_person_stated(home: House, dossier: Dossier) -> None:
    assert prompts(selectors.draft(dossier))["iv-1-f.pictures"][0]["not_applicable"] is None
    services.state_fact(
        actor=home.ada, dossier_id=dossier.pk, fact="product_component", value=False, reason="Software only."
    )
    excuse = prompts(selectors.draft(dossier))["iv-1-f.pictures"][0]["not_applicable"]
    assert (excuse["rule"], excuse["by"]) == ("not-in-a-product", "Ada Brandt")
    assert [each["kind"] for each in excuse["evidence"]] == ["stated_fact"]
    services.state_fact(actor=home.ada, dossier_id=dossier.pk, fact="product_component", value=True)
    assert prompts(selectors.draft(dossier))["iv-1-f.pictures"][0]["not_applicable"] is None


def test_not_applicable_by_a_person_names_them_the_day_and_the_reason(home: House, dossier: Dossier) -> None:
    services.mark_not_applicable(
        actor=home.ada, dossier_id=dossier.pk, prompt="iv-2-f.changes", reason="None were fixed."
    )
    excuse = prompts(selectors.draft(dossier))["iv-2-f.changes"][0]["not_applicable"]
    assert excuse["because"].startswith("Ada Brandt, 2")
    assert excuse["because"].endswith(": None were fixed.")


def test_a_measured_answer_outweighs_the_word_that_there_is_none(home: House, dossier: Dossier) -> None:
    services.mark_not_applicable(actor=home.ada, dossier_id=dossier.pk, prompt="iv-2-a.method", reason="No method.")
    prompt, _ = prompts(selectors.draft(dossier))["iv-2-a.method"]
    assert prompt["met_by"]
    assert prompt["not_applicable"] is None


def test_a_newer_text_replaces_the_older_which_stays_readable(home: House, dossier: Dossier) -> None:
    first = services.declare(actor=home.ada, dossier_id=dossier.pk, prompt="iv-3.limits", text="It invents fees.")
    services.declare(actor=home.ben, dossier_id=dossier.pk, prompt="iv-3.limits", text="It invents fees and dates.")
    assert [each.text for each in selectors.declarations(dossier)] == ["It invents fees and dates."]
    assert [each.by_name for each in selectors.history(dossier, "iv-3.limits")] == ["Ben Castell", "Ada Brandt"]
    with pytest.raises(StaleSubject, match="Ben Castell changed this text meanwhile"):
        services.declare(actor=home.ada, dossier_id=dossier.pk, prompt="iv-3.limits", text="Late.", seen=first.pk)
    services.take_back(actor=home.ada, dossier_id=dossier.pk, prompt="iv-3.limits")
    assert not selectors.declarations(dossier).exists()
    with pytest.raises(WrongState, match="Nobody has declared"):
        services.take_back(actor=home.ada, dossier_id=dossier.pk, prompt="iv-3.limits")


def test_a_text_needs_a_prompt_of_the_edition_words_and_a_length_that_fits(home: House, dossier: Dossier) -> None:
    unusable = (("iv-99", "x", "prompt"), ("iv-3.limits", " \n", "text"), ("iv-3.limits", "x" * 12_001, "text"))
    for prompt, text, where in unusable:
        with pytest.raises(Unusable) as refused:
            services.declare(actor=home.ada, dossier_id=dossier.pk, prompt=prompt, text=text)
        assert [fault.field for fault in refused.value.faults] == [where]
    with pytest.raises(Unusable, match="has no fact"):
        services.state_fact(actor=home.ada, dossier_id=dossier.pk, fact="cheap", value=True)


def test_a_viewer_cannot_declare_and_a_stranger_sees_no_dossier(home: House, dossier: Dossier) -> None:
    with pytest.raises(NotAllowed, match="To declare dossier text"):
        services.declare(actor=home.vera, dossier_id=dossier.pk, prompt="iv-3.limits", text="x")
    with pytest.raises(NotAllowed, match="To freeze a document"):
        services.freeze(actor=home.omar, dossier_id=dossier.pk)
    with pytest.raises(NotFound):
        services.declare(actor=home.dev, dossier_id=dossier.pk, prompt="iv-3.limits", text="x")
    assert not selectors.visible_to(home.dev).exists()


def test_freezing_gives_a_digest_over_everything_but_itself_and_lists_the_gaps(home: House, dossier: Dossier) -> None:
    version = services.freeze(actor=home.ada, dossier_id=dossier.pk)
    document = version.document
    assert version.sha256 == document["sha256"] == version.content_digest
    assert sha256_of({key: value for key, value in document.items() if key != "sha256"}) == version.sha256
    assert document["frozen_at"]
    assert document["completeness"]["missing"] > 0
    assert AuditEvent.objects.filter(action="dossier.frozen", subject_id=str(version.pk)).count() == 1


def test_freezing_again_without_a_change_gives_the_same_version(home: House, dossier: Dossier) -> None:
    first = services.freeze(actor=home.ada, dossier_id=dossier.pk)
    assert services.freeze(actor=home.cleo, dossier_id=dossier.pk) == first
    services.declare(actor=home.ada, dossier_id=dossier.pk, prompt="iv-3.limits", text="It invents fees.")
    second = services.freeze(actor=home.ada, dossier_id=dossier.pk)
    assert (second.number, second.dossier_id) == (2, first.dossier_id)
    first.refresh_from_db()
    assert "It invents fees." not in str(first.document)


def test_who_wrote_text_or_made_the_run_cannot_sign(home: House, dossier: Dossier) -> None:
    services.declare(actor=home.cleo, dossier_id=dossier.pk, prompt="iv-7.others", text="None.")
    version = services.freeze(actor=home.ada, dossier_id=dossier.pk)
    first: dict[int, str] = {}
    for person, _, did in version.touched_by():
        first.setdefault(person, did)
    assert first == {
        home.ada.user_id: "submitted the run plan", home.cleo.user_id: "wrote text of this dossier",
        home.rita.user_id: "answered the questionnaire", home.admin.user_id: "wrote the project's description",
    }  # fmt: skip
    request = approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk)
    with pytest.raises(NotAllowed, match="Cleo wrote text of this dossier and cannot decide on it"):
        factories.approve(home.cleo, request)


@pytest.mark.parametrize("act", ["answered the questionnaire", "froze this dossier", "wrote the project's description"])
def test_who_made_what_the_dossier_prints_cannot_sign_it(home: House, act: str) -> None:
    if act == "answered the questionnaire":
        answers = factories.classification(home).answers
        projects.classify(actor=home.cleo, project_id=home.project.pk, answers=answers, reason="Looked at it anew.")
    if act == "wrote the project's description":
        projects.describe(actor=home.cleo, project_id=home.project.pk, intended_purpose="Drafts answers for staff.")
    dossier = factories.finished_run(home).model_version.dossier
    version = services.freeze(actor=home.cleo if act == "froze this dossier" else home.ada, dossier_id=dossier.pk)
    request = approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk)
    with pytest.raises(NotAllowed, match=f"Cleo {act} and cannot decide on it"):
        factories.approve(home.cleo, request)


@pytest.mark.parametrize("noun", [BaseModel, DatasetVersion])
def test_who_registered_what_went_in_cannot_sign(home: House, noun: type[Record]) -> None:
    dossier = factories.finished_run(home).model_version.dossier
    noun._default_manager.update(registered_by=home.cleo.user_id)
    version = services.freeze(actor=home.ada, dossier_id=dossier.pk)
    did = [touch.did for touch in version.touched_by() if touch.person == home.cleo.user_id]
    assert did and did[0].startswith("registered the ")


def test_a_signature_stands_until_a_point_changes(home: House, dossier: Dossier) -> None:
    version = _signed(home, dossier)
    assert selectors.version_standing(version).current  # being signed is no change of what was signed
    services.declare(actor=home.ada, dossier_id=dossier.pk, prompt="iv-9.plan", text="Weekly counts.")
    standing = selectors.version_standing(version)
    assert standing.approval.granted
    assert not standing.current
    (change,) = standing.since
    (prompt,) = change.prompts
    assert (change.ref, prompt.was, prompt.became) == ("Annex IV(9)", "missing", "declared")
    assert (prompt.before, prompt.now) == ((), ("Weekly counts.",))


def test_a_sentence_worded_anew_is_no_change_and_another_record_behind_the_same_sentence_is(dossier: Dossier) -> None:
    before = selectors.draft(dossier)
    worded = json.loads(json.dumps(plain(before)))
    moved = json.loads(json.dumps(plain(before)))
    section = next(each for each in worded["sections"] if each["ref"] == "Annex IV(1)(a)")
    for statement in section["statements"]:
        statement["text"] += " In other words."
    section["statements"].reverse()
    for prompt in section["prompts"]:
        prompt["met_by"] = [len(section["statements"]) - 1 - index for index in prompt["met_by"]]
    assert rules.changes(before, worded) == []

    version = prompts(moved)["iv-1-a.version"]
    version[1]["statements"][version[0]["met_by"][0]]["evidence"][0]["sha256"] = "0" * 64
    (change,) = rules.changes(before, moved)
    (prompt,) = change.prompts
    assert (change.ref, change.was, change.became) == ("Annex IV(1)(a)", ("voluntary", "not-required"), change.was)
    assert prompt.ask.startswith("Which version is described here")
    assert prompt.was == prompt.became == "measured"
    assert prompt.before == prompt.now  # the words are the same; what they rest on is not


def test_a_point_that_the_law_asks_for_otherwise_and_a_prompt_that_went_are_changes(dossier: Dossier) -> None:
    before = selectors.draft(dossier)
    now = json.loads(json.dumps(plain(before)))
    asked, fewer = now["sections"][:2]
    asked["duty"], asked["because"] = "required", "high-risk-provider"
    gone = fewer["prompts"].pop()
    first, second = rules.changes(before, now)
    assert (first.ref, first.became, first.prompts) == (asked["ref"], ("required", "high-risk-provider"), ())
    assert [(each.ask, each.became) for each in second.prompts] == [(gone["ask"], "absent")]


def test_another_person_behind_the_same_declared_text_is_a_change(home: House, dossier: Dossier) -> None:
    services.declare(actor=home.ada, dossier_id=dossier.pk, prompt="iv-9.plan", text="Weekly counts.")
    version = services.freeze(actor=home.ada, dossier_id=dossier.pk)
    services.declare(actor=home.cleo, dossier_id=dossier.pk, prompt="iv-9.plan", text="Weekly counts.")
    (change,) = selectors.changed(version, selectors.draft(dossier))
    assert [(each.was, each.became) for each in change.prompts] == [("declared", "declared")]


def test_the_comparison_shows_how_a_prompt_stood_and_what_is_said_now(home: House, dossier: Dossier) -> None:
    version = services.freeze(actor=home.ada, dossier_id=dossier.pk)
    page = Client()
    assert page.login(username="ada", password=PASSWORD)
    address = reverse("dossier-compare", args=[version.pk])
    assert "Nothing stands otherwise now" in page.get(address).content.decode()
    services.declare(actor=home.ada, dossier_id=dossier.pk, prompt="iv-9.plan", text="Weekly counts.")
    shown = page.get(address).content.decode()
    assert "Annex IV(9)" in shown and "<ins>Weekly counts.</ins>" in shown
    assert "missing" in shown and "declared" in shown


def test_the_provider_is_told_once_somebody_answers_for_the_organisations_record(home: House, dossier: Dossier) -> None:
    assert prompts(selectors.draft(dossier))["iv-1-a.provider"][0]["met_by"]
    Organisation.objects.filter(pk=home.organisation.pk).update(legal_name="Linden Bank AG")
    prompt, section = prompts(selectors.draft(dossier))["iv-1-a.provider"]
    assert prompt["met_by"] == [] and "Linden Bank AG" not in str(section)
    (beside,) = rules.beside(prompt, section)
    assert "nobody is on record who wrote it" in beside["text"]
    assert [cited["kind"] for cited in beside["evidence"]] == ["organisation"]
    page = Client()
    assert page.login(username="ada", password=PASSWORD)
    address = reverse("dossier-detail", args=[dossier.pk]) + "?point=Annex IV(1)(a)"
    assert "opens its page and saves it" in page.get(address).content.decode()

    organisations.describe(actor=home.admin, organisation_id=home.organisation.pk)
    prompt, section = prompts(selectors.draft(dossier))["iv-1-a.provider"]
    said = section["statements"][prompt["met_by"][0]]
    assert (said["text"], said["by"]) == ("Linden Bank AG, seat in DE.", "Admin Adler")


def test_who_says_the_very_same_again_has_said_nothing_new(home: House, dossier: Dossier) -> None:
    for say in (
        partial(services.declare, dossier_id=dossier.pk, prompt="iv-9.plan", text="Weekly counts."),
        partial(services.state_fact, dossier_id=dossier.pk, fact="product_component", value=False, reason="Software."),
    ):
        first = say(actor=home.ada)
        assert say(actor=home.ada) == first
        second = say(actor=home.cleo)
        first.refresh_from_db()
        assert first.replaced_at is not None and second.replaced_at is None
        assert (first.by_name, second.by_name) == ("Ada Brandt", "Cleo Haas")
        assert first.said() == second.said() and first.content_digest != second.content_digest


def test_a_release_is_told_by_the_next_dossier_and_changes_nothing_that_was_signed(
    home: House, dossier: Dossier
) -> None:
    version = _signed(home, dossier)
    proposed = releases.propose(actor=home.ada, dossier_version_id=version.pk)
    request = ApprovalRequest.objects.get(subject_kind="release", subject_id=proposed.pk)
    factories.approve(home.rita, request)
    assert prompts(selectors.draft(dossier))["xi-1-1-c.date"][0]["met_by"] == []
    released = releases.release(actor=home.rita, release_id=proposed.pk)
    prompt, section = prompts(selectors.draft(dossier))["xi-1-1-c.date"]
    said = section["statements"][prompt["met_by"][0]]
    assert said["text"].startswith("Released on ")
    assert [each["sha256"] for each in said["evidence"]] == [released.content_digest]
    assert selectors.version_standing(version).current


def test_a_signed_dossier_makes_its_report_a_signed_one_in_the_next(home: House, dossier: Dossier) -> None:
    assert prompts(selectors.draft(dossier))["iv-2-g.signed"][0]["met_by"] == []
    _signed(home, dossier)
    prompt, section = prompts(selectors.draft(dossier))["iv-2-g.signed"]
    said = section["statements"][prompt["met_by"][0]]
    assert said["text"].startswith("Cleo Haas (compliance officer) signed on ")
    assert {each["kind"] for each in said["evidence"]} == {"decision", "evaluation"}


def _signed(home: House, dossier: Dossier) -> DossierVersion:
    version = services.freeze(actor=home.ada, dossier_id=dossier.pk)
    factories.approve(home.cleo, approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk))
    return version


def test_the_seal_holds_the_decisions_and_leaves_the_document_alone(home: House, dossier: Dossier) -> None:
    version = _signed(home, dossier)
    before = version.sha256
    signatures = selectors.seal(version)["signatures"]
    assert [(each["by"], each["over"]["kind"]) for each in signatures] == [
        ("Ben Castell", "base_model"), ("Ben Castell", "dataset_version"), ("Rita Falk", "run"),
        ("Cleo Haas", "dossier"),
    ]  # fmt: skip
    assert signatures[-1]["over"]["sha256"] == before
    version.refresh_from_db()
    assert version.sha256 == before


def test_a_file_is_asked_for_once_until_somebody_signs(home: House, dossier: Dossier) -> None:
    version = services.freeze(actor=home.ada, dossier_id=dossier.pk)
    first = renderings.ask(actor=home.omar, kind="dossier", document_id=version.pk)
    assert renderings.ask(actor=home.ada, kind="dossier", document_id=version.pk) == first
    assert first.document == version.document
    factories.approve(home.cleo, approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk))
    signed = renderings.ask(actor=home.omar, kind="dossier", document_id=version.pk)
    assert signed != first
    assert [each["by"] for each in signed.seal["signatures"]][-1] == "Cleo Haas"


def test_a_second_dataset_is_told_apart_and_a_second_version_tells_what_changed(home: House) -> None:
    first = factories.finished_run(home).model_version
    second = factories.finished_run(home, training={"seed": 7}).model_version
    _, section = prompts(selectors.draft(second.dossier))["iv-6.changes"]
    text = section["statements"][0]["text"]
    assert text == (
        f"From {first.name} to {second.name}: changed are trained weights; the same are base model and chat template."
    )
    assert Dossier.objects.count() == 2


def test_opening_twice_is_opening_once(home: House, dossier: Dossier) -> None:
    assert services.open_dossier(model_version=dossier.model_version) == dossier
    assert AuditEvent.objects.filter(action="dossier.opened").count() == 1


def test_a_model_version_is_what_a_dossier_is_about() -> None:
    with pytest.raises(ValueError, match="cannot be withheld"):
        assemble(regulation.latest(), Sources())
