"""What documents say of the measured quality of data, from a profile that was really measured."""

import json
from pathlib import Path
from typing import Any

import pytest

from governance.delivery.evidence.records import KINDS
from governance.documents.dossiers import services as dossiers
from governance.documents.sources import quality
from governance.documents.sources.records import Source
from governance.foundation.core import blobs
from governance.materials.datasets import measuring
from preparation.quality.asked import Asked
from preparation.quality.profiling import measure
from preparation.reading import Reading
from tests import factories
from tests.people import house

ENGLISH = "Where can I find the nearest train station, please? Turn left at the church."


@pytest.fixture
def source(tmp_path: Path) -> Any:
    def source(rows: list[dict[str, str]]) -> Source:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        result = measure(path, Reading(), Asked())
        facts = {"version": "0" * 64, "options": {}, "result": result}
        return Source(kind="quality_profile", id="1", sha256="0" * 64, name="Quality of Desk v1", facts=facts)

    return source


def test_languages_and_labels_are_measured_statements(source: Any) -> None:
    rows = [{"text": f"{ENGLISH} {number}", "label": "a" if number % 3 else "b"} for number in range(30)]
    told = quality.traits(source(rows))
    assert told.source == "measured"
    assert "languages “en” in 30 rows." in told.text
    assert "2 labels, in 10 to 20 rows each." in told.text
    assert "token" not in told.text


def test_the_checklist_is_told_with_what_was_not_measured(source: Any) -> None:
    rows = [{"prompt": f"{ENGLISH} {number}", "completion": f"Answer {number}"} for number in range(20)]
    told = quality.checked(source([*rows, rows[0]]))
    assert told.source == "measured"
    assert "21 rows measured" in told.text
    assert "Rows that repeat an earlier one exactly: 1 (of 21 rows)." in told.text
    assert "Not measured: " in told.text and "truncation" in told.text


def test_rows_in_which_no_language_can_be_told_say_so(source: Any) -> None:
    told = quality.traits(source([{"prompt": "Hi", "completion": "Yes"}] * 2))
    assert "languages not measured (No row has 20 letters" in told.text


@pytest.mark.django_db
def test_a_dossier_cites_the_profile_that_was_measured_and_the_bundle_carries_it() -> None:
    home = house()
    run = factories.finished_run(home)
    (version,) = run.data()
    profile = version.quality_profiles.get()
    with blobs.as_local_file(version.file_sha256, "rows.jsonl") as path:
        result = measure(path, version.reading, Asked())
    measuring.finish(lease=factories.lease_on(profile, profile.task), result=result)
    profile.refresh_from_db()
    frozen = dossiers.freeze(actor=home.ada, dossier_id=run.model_version.dossier.pk)
    told = [
        statement
        for section in frozen.document["sections"]
        for statement in section["statements"]
        if any(cited["kind"] == "quality_profile" for cited in statement["evidence"])
    ]
    assert {statement["source"] for statement in told} == {"measured"}
    assert any("questions asked." in statement["text"] for statement in told)
    assert any("languages “en”" in statement["text"] for statement in told)
    cited = {(one["id"], one["sha256"]) for statement in told for one in statement["evidence"]}
    assert cited == {(str(profile.pk), profile.content_digest)}
    assert KINDS["quality_profile"] is type(profile)
