"""What documents say of an expert review: what was measured, by role, and never whose answer it was."""

import json

import pytest

from governance.delivery.evidence.records import KINDS
from governance.documents.dossiers import services as dossiers
from governance.materials.annotations import services as annotations
from governance.materials.annotations.rules import Asked, Type
from tests import factories
from tests.people import house


@pytest.mark.django_db
def test_a_dossier_tells_what_people_said_of_the_rows_by_role_and_the_bundle_carries_it() -> None:
    home = house()
    version = factories.dataset_version(home)
    task = annotations.ask(
        actor=home.ada, version_id=version.pk, asked=Asked(Type.REVIEW, ("ben", "rita"), rows=4, question="Send it?")
    )
    for actor, choices in ((home.ben, "good good bad"), (home.rita, "good bad bad")):
        for place, choice in enumerate(choices.split()):
            annotations.answer(actor=actor, task_id=task.pk, place=place, choice=choice, reason="Reference is wrong.")
    annotations.close(actor=home.ada, task_id=task.pk)
    run = factories.finished_run(home, data=version)
    draft = run.model_version.dossier
    frozen = dossiers.freeze(actor=home.ada, dossier_id=draft.pk)
    sections = {each["ref"]: each for each in frozen.document["sections"]}
    (told,) = [each for each in sections["Annex IV(2)(d)"]["statements"] if "Expert review" in each["text"]]
    assert told["source"] == "measured"
    text = told["text"]
    assert "4 rows of 77, drawn at random" in text and "data steward (3 rows) and risk owner (3 rows)" in text
    # Pairs good-good, good-bad, bad-bad: observed disagreement 1/3, expected 3/5.
    assert "Good: 1 of 3" in text and "undecided: 1." in text and "alpha 0.444" in text
    assert home.ben.name not in text and "Reference is wrong" not in json.dumps(frozen.document)
    (cited,) = told["evidence"]
    assert (cited["kind"], cited["id"]) == ("annotation_task", str(task.pk)) and cited["kind"] in KINDS
