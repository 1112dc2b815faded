"""The model card: facts from records, metadata that a hub reads, words that cannot become markup."""

import html as entities
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard as HubCard
from markdown_it import MarkdownIt

from governance.documents.model_cards import rules, selectors, services
from governance.documents.model_cards.markdown import escaped, markdown
from governance.documents.sources.records import Source, Sources
from governance.foundation.core.errors import NotAllowed, NotFound
from preparation.digests import sha256_of
from tests import factories
from tests.people import House


@pytest.fixture(scope="module")
def sources(django_db_setup: None, django_db_blocker: Any) -> Sources:
    return factories.finished_sources(django_db_blocker)


def entries(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["label"]: entry for section in document["sections"] for entry in section["entries"]}


def with_facts(source: Source | None, **facts: Any) -> Source:
    assert source is not None
    return replace(source, facts={**source.facts, **facts})


def test_a_finished_evaluation_freezes_the_first_card_and_nothing_new_freezes_no_second(home: House) -> None:
    model = factories.finished_run(home).model_version
    card = model.model_cards.get()
    assert card.number == 1
    assert sha256_of({key: value for key, value in card.document.items() if key != "sha256"}) == card.sha256
    assert services.renew(actor=home.ada, model_version_id=model.pk) == card
    factories.projects.describe(actor=home.ada, project_id=home.project.pk, foreseeable_misuse="Sent unread.")
    second = services.renew(actor=home.ada, model_version_id=model.pk)
    assert (second.number, selectors.newest(model)) == (2, second)
    assert "Sent unread." in second.markdown
    assert "Sent unread." not in card.markdown


def test_a_stranger_and_a_viewer_cannot_renew_it(home: House) -> None:
    model = factories.finished_run(home).model_version
    with pytest.raises(NotFound):
        services.renew(actor=home.dev, model_version_id=model.pk)
    with pytest.raises(NotAllowed):
        services.renew(actor=home.vera, model_version_id=model.pk)


def test_the_hub_s_own_reader_gets_back_what_was_written(sources: Sources, tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(markdown(rules.assemble(sources)), encoding="utf-8")
    data = HubCard.load(path).data
    assert (data.license, data.base_model, data.library_name) == ("apache-2.0", "Linden Nano", "peft")
    assert (data.language, data.datasets) == (["en"], ["Support desk"])
    results = {(each.dataset_type, each.metric_type): each.metric_value for each in data.eval_results}
    assert results["validation-loss", "loss"] == 1.4022
    assert results["safety", "unsafe-compliance"] == 0.45
    assert ("counterfactual", "spread") in results


def test_what_was_not_measured_is_not_in_the_index_and_is_said_in_the_text(sources: Sources) -> None:
    document = rules.assemble(replace(sources, evaluation=None))
    assert "model-index" not in document["metadata"]
    card = markdown(document)
    for label in ("Safety", "On its task", "Attacks"):
        assert f"- **{label}**: not measured" in card


def test_languages_are_metadata_only_where_codes_are_recorded(sources: Sources) -> None:
    (dataset,) = sources.datasets
    for said, codes in (("en, de", ["de", "en"]), ("English and a little German", []), ("", []), ("en-GB", ["en-GB"])):
        told = with_facts(dataset, provenance={**dataset.facts["provenance"], "languages": said})
        assert rules.languages((told,)) == codes
    assert "language" not in rules.metadata(replace(sources, datasets=()))


@pytest.mark.parametrize(
    ("licence", "metadata"),
    [
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("apache-2.0", {"license": "apache-2.0"}),
        ("CC-BY-4.0", {"license": "cc-by-4.0"}),
        ("gemma", {"license": "other", "license_name": "licenseref-scancode-gemma-tou-2024-04-01"}),
        ("MIT OR Apache-2.0", {"license": "other", "license_name": "apache-2.0-or-mit"}),
    ],
)
def test_the_licence_is_spelt_as_hubs_spell_it(sources: Sources, licence: str, metadata: dict[str, str]) -> None:
    found = rules.licence_metadata(with_facts(sources.base_model, licence=licence))
    assert found["license"] == metadata["license"]
    assert set(found.get("license_name", "").split("-or-")) == set(metadata.get("license_name", "").split("-or-"))


def test_licence_duties_and_notices_are_carried(sources: Sources) -> None:
    card = markdown(rules.assemble(sources))
    notice = card.split("## NOTICE")[1]
    assert "- Linden Nano 1.0: Apache-2.0" in notice
    assert "Keep the licence text" in notice
    assert "Say that the files were changed" in notice
    assert "Duties to carry by the rule table" in card


@pytest.mark.parametrize(
    ("licence", "line"),
    [
        ("llama3.1", "Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright © Meta Platforms, Inc."),
        ("gemma", "Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms"),
        ("qwen", "Qwen is licensed under the Qwen LICENSE AGREEMENT, Copyright (c) Alibaba Cloud."),
    ],
)
def test_the_notice_file_carries_what_a_licence_prescribes_word_for_word(
    sources: Sources, licence: str, line: str
) -> None:
    file = " ".join(rules.notice_file(rules.assemble(_under(sources, base=licence))).split())
    assert line in file
    assert "Fine-tuned from Linden Nano 1.0 by Linden Bank. The files were changed" in file


def test_the_notice_file_lists_who_made_what_where_a_licence_asks_for_attribution(sources: Sources) -> None:
    file = " ".join(rules.notice_file(rules.assemble(_under(sources, data="CC-BY-4.0"))).split())
    assert "Attribution: “Support desk v1”, The test suite; Written for these tests by nobody in particular" in file
    assert "licence CC-BY-4.0; used as training data." in file
    assert "Attribution: “Linden Nano 1.0”" not in file
    assert "Attribution" not in rules.notice_file(rules.assemble(sources))


def _under(sources: Sources, *, base: str = "Apache-2.0", data: str = "CC0-1.0") -> Sources:
    """The same records under other licences."""
    assert sources.base_model is not None
    told = replace(sources.base_model.facts["licensed"][0], expression=base)
    model = with_facts(sources.base_model, licence=base, licensed=[told])
    (dataset,) = sources.datasets
    said = replace(dataset.facts["licensed"][0], expression=data)
    return replace(sources, base_model=model, datasets=(with_facts(dataset, licence=data, licensed=[said]),))


def test_every_sentence_has_its_source_and_its_records(sources: Sources) -> None:
    for label, entry in entries(rules.assemble(sources)).items():
        assert bool(entry["statements"]) != bool(entry["absent"]), label
        for said in entry["statements"]:
            assert said["evidence"]
            assert (said["by"] is not None) == (said["source"] == "declared")


def test_withholding_a_record_takes_its_sentences_away(sources: Sources) -> None:
    assert sources.manifest is not None
    rest = entries(rules.assemble(sources.without(sources.manifest)))
    for label in ("Method", "Machine", "Compute", "Time", "What training really read"):
        assert rest[label]["absent"] == "not recorded"
    assert rest["Intended purpose"]["statements"]


def test_words_from_records_become_neither_markup_nor_front_matter(sources: Sources) -> None:
    attack = "---\nlicense: mit\n---\n# Safe\n<script>alert(1)</script> ![x](http://evil.example/x.png) `rm` [a](b)"
    document = rules.assemble(replace(sources, project=with_facts(sources.project, intended_purpose=attack)))
    card = markdown(document)
    assert yaml.safe_load(card.split("---\n")[1])["license"] == "apache-2.0"
    assert card.count("\n---\n") == 2  # the end of the front matter, and the rule above the closing lines
    assert "<script>" not in card
    assert "](" not in card
    assert "\n# Safe" not in card


def test_escaped_text_reads_the_same_once_rendered() -> None:
    text = "2 * 3 = 6_000 & <b> [x](y) # no heading --- | `code` ~ 100 % \\ end"
    shown = MarkdownIt().renderInline(escaped(text))
    assert "<" not in shown
    assert entities.unescape(shown) == text


def test_the_same_records_give_the_same_card(sources: Sources) -> None:
    assert markdown(rules.assemble(sources)) == markdown(rules.assemble(sources))


def test_a_card_describes_a_model_version() -> None:
    with pytest.raises(ValueError, match="describes a model version"):
        rules.assemble(Sources())
