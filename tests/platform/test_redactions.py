"""A version without its personal data: made by a worker from another, registered by the usual way, approved anew."""

import json
import re
from pathlib import Path

import pytest
from django.test import Client

from assay.api.models import KeptAnswer
from assay.jobs import work
from governance.delivery.evidence.records import KINDS as BUNDLED
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core import blobs
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable, WrongState
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State as JobState
from governance.materials.datasets import derivation, selectors
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.materials.redactions import services
from governance.materials.redactions.models import PseudonymMap, Redaction
from governance.materials.redactions.rules import State
from governance.people.approvals import selectors as approvals
from governance.people.policies.kinds import Act, Touch
from preparation.persons import hipaa, redaction
from tests import factories
from tests.callers import API, by_token
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db

MAIL, CARD = "ada.lovelace@bank.example", "4111 1111 1111 1111"
CSV = (
    "question,answer,phone\n"
    f"I am {MAIL},Noted.,+44 20 7031 3000\n"
    f"My card is {CARD},Thank you {MAIL.upper()}.,\n"
    "What is a rate?,A price.,\n"
)
COLUMNS = {"prompt": "question", "completion": "answer"}
MASKED = redaction.Redaction("mask", ("email", "card", "phone"))
NAMED = redaction.Redaction("pseudonym", ("email", "card"))


@pytest.fixture
def version(home: House, tmp_path: Path) -> DatasetVersion:
    path = tmp_path / "tickets.csv"
    path.write_text(CSV)
    line = datasets.create(actor=home.ada, project_id=home.project.pk, name="Tickets")
    return datasets.register_version(
        actor=home.ada, dataset_id=line.pk, path=path, file_name=path.name, licence="CC0-1.0",
        provenance=factories.PROVENANCE | {"privacy_tools": "Names were shortened."},
    )  # fmt: skip


def worked(found: Redaction) -> Redaction:
    work.do(Job.objects.get(subject_id=found.pk).pk, worker="light@here")
    found.refresh_from_db()
    return found


def made(home: House, version: DatasetVersion, asked: redaction.Redaction = MASKED) -> Redaction:
    return worked(services.ask(actor=home.ben, version_id=version.pk, asked=asked))


def bytes_of(version: DatasetVersion) -> bytes:
    with blobs.opened(version.file_sha256) as file:
        return file.read()


def test_the_new_version_has_no_detected_value_and_says_where_it_comes_from(
    home: House, version: DatasetVersion
) -> None:
    before = (version.content_digest, bytes_of(version))
    found = made(home, version)
    new = found.version
    assert found.state == State.REGISTERED and new is not None and new.number == 2
    data = bytes_of(new)
    for value in (MAIL, MAIL.upper(), CARD, "7031 3000"):
        assert value.encode() not in data
    assert (new.container, new.format, new.columns) == ("jsonl", version.format, version.columns)
    assert (new.file_name, new.rows, new.licence) == ("tickets-redacted.jsonl", 3, version.licence)
    assert [row.learnt() for row in selectors.sample(new)] == ["Noted.", "Thank you [E-MAIL ADDRESS].", "A price."]
    assert [step.version for step in derivation.ancestry(home.ben, new)] == [version]
    told = new.provenance["privacy_tools"]
    assert told.startswith("Names were shortened.") and "masked: 2 × E-mail address, 1 × Phone or fax number" in told
    version.refresh_from_db()
    assert (version.content_digest, bytes_of(version)) == before


def test_it_goes_the_usual_way_scan_and_approval_of_its_own(home: House, version: DatasetVersion) -> None:
    new = made(home, version).version
    assert new.registered_by_name == home.ben.name
    assert new.touched_by() == [Touch(home.ben.user_id, Act.MADE, "registered this data")]
    assert not approvals.standing(new).granted
    scan = new.scans.get()
    work.do(Job.objects.get(subject_id=scan.pk).pk, worker="light@here")
    scan.refresh_from_db()
    assert scan.found["kinds"] == []
    actions = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
    assert actions.index("redaction.asked") < actions.index("redaction.done")
    assert actions.count("dataset-version.registered") == 2


def test_a_pseudonym_is_the_same_in_a_version_and_leads_back_on_record_alone(
    home: House, version: DatasetVersion
) -> None:
    found = made(home, version, NAMED)
    names = re.findall(r"\[(E-MAIL ADDRESS [0-9a-f]{16})\]", bytes_of(found.version).decode())
    assert len(names) == 2 and len(set(names)) == 1
    asked = {"redaction_id": found.pk, "pseudonym": f"[{names[0]}]"}
    assert services.look_behind(actor=home.paula, reason="Request 7 by Jane Roe.", **asked) == MAIL
    event = AuditEvent.objects.get(action="redaction.pseudonym-seen")
    assert json.loads(event.body)["facts"] == {"pseudonym": names[0]}
    assert json.loads(event.personal.text) == {"reason": "Request 7 by Jane Roe."}
    for actor in (home.ada, home.ben, home.admin):
        with pytest.raises(NotAllowed, match="data protection officer"):
            services.look_behind(actor=actor, reason="Curious.", **asked)
    assert AuditEvent.objects.filter(action="redaction.pseudonym-refused").count() == 3
    with pytest.raises(Unusable, match="takes a reason"):
        services.look_behind(actor=home.paula, reason=" ", **asked)
    with pytest.raises(NotFound):
        services.look_behind(actor=home.dev, reason="Mine?", **asked)


@pytest.mark.parametrize("typed", [MAIL, "Jane Roe 0123456789abcdef", "E-MAIL ADDRESS 3F9A", "X" * 200])
def test_what_is_no_pseudonym_is_not_in_the_chain_that_nobody_can_erase(
    home: House, version: DatasetVersion, typed: str
) -> None:
    found = made(home, version, NAMED)
    with pytest.raises(NotAllowed):
        services.look_behind(actor=home.vera, redaction_id=found.pk, pseudonym=typed, reason="Jane Roe asks.")
    event = AuditEvent.objects.get(action="redaction.pseudonym-refused")
    assert json.loads(event.body)["facts"] == {}
    assert typed not in event.body and "Jane Roe" not in event.body
    with pytest.raises(Unusable, match="no such pseudonym"):
        services.look_behind(actor=home.paula, redaction_id=found.pk, pseudonym=typed, reason="Jane Roe asks.")


def test_salt_and_map_can_be_erased_and_leave_the_version_as_it_is(
    home: House, version: DatasetVersion, django_capture_on_commit_callbacks: object
) -> None:
    found = made(home, version, NAMED)
    kept, data = PseudonymMap.objects.get(redaction=found), bytes_of(found.version)
    assert bytes(kept.salt) not in data and blobs.exists(kept.map_sha256)
    with pytest.raises(NotAllowed):
        services.erase_pseudonyms(actor=home.ben, redaction_id=found.pk)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        services.erase_pseudonyms(actor=home.paula, redaction_id=found.pk)
    assert not blobs.exists(kept.map_sha256) and bytes_of(found.version) == data
    gone = PseudonymMap.objects.get(redaction=found)
    assert (gone.salt, gone.map_sha256, gone.erased_by_name) == (None, "", home.paula.name)
    with pytest.raises(WrongState, match="erased"):
        services.look_behind(actor=home.paula, redaction_id=found.pk, pseudonym="X", reason="Too late.")


def test_neither_salt_nor_map_is_in_what_leaves_the_house(home: House, version: DatasetVersion) -> None:
    found = made(home, version, NAMED)
    kept = PseudonymMap.objects.get(redaction=found)
    assert PseudonymMap not in BUNDLED.values()
    shown = json.dumps(by_token(home.paula).get(f"{API}/redactions/{found.pk}/").json()) + json.dumps(found.content())
    for secret in (bytes(kept.salt).hex(), kept.map_sha256, MAIL):
        assert secret not in shown
    assert by_token(home.paula).get(f"{API}/redactions/{found.pk}/").json()["pseudonyms"] == "kept"


def test_dropped_rows_are_counted_and_a_file_without_rows_is_refused(
    home: House, version: DatasetVersion, tmp_path: Path
) -> None:
    found = made(home, version, redaction.Redaction("drop", ("card",)))
    assert (found.version.rows, found.done["dropped"], found.done["rows"]) == (2, 1, 3)
    line = datasets.create(actor=home.ada, project_id=home.project.pk, name="One row")
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps({"prompt": f"Mail {MAIL}", "completion": "Yes."}) + "\n")
    one = datasets.register_version(
        actor=home.ada, dataset_id=line.pk, path=path, file_name="one.jsonl", licence="CC0-1.0",
        provenance=factories.PROVENANCE,
    )  # fmt: skip
    refused = made(home, one, redaction.Redaction("drop", ("email",)))
    assert refused.state == State.REFUSED and "no rows" in refused.error["message"]
    assert one.dataset.versions.count() == 1
    assert Job.objects.get(subject_id=refused.pk).state == JobState.FAILED


def test_who_may_redact_and_what_cannot_be_asked(home: House, version: DatasetVersion) -> None:
    for actor in (home.rita, home.paula, home.omar, home.vera):
        with pytest.raises(NotAllowed):
            services.ask(actor=actor, version_id=version.pk, asked=MASKED)
    with pytest.raises(NotFound):
        services.ask(actor=home.dev, version_id=version.pk, asked=MASKED)
    with pytest.raises(Unusable, match="No kind is to be taken out"):
        services.ask(actor=home.ada, version_id=version.pk, asked=redaction.Redaction("mask", ()))
    services.ask(actor=home.ada, version_id=version.pk, asked=MASKED)
    with pytest.raises(WrongState, match="being redacted already"):
        services.ask(actor=home.ben, version_id=version.pk, asked=NAMED)


def test_a_cancelled_redaction_leaves_nothing(home: House, version: DatasetVersion) -> None:
    found = services.ask(actor=home.ada, version_id=version.pk, asked=MASKED)
    assert services.cancel(actor=home.ben, redaction_id=found.pk).state == State.CANCELLED
    assert version.dataset.versions.count() == 1
    assert services.again(actor=home.ben, redaction_id=found.pk).options == MASKED.to_json()


def test_the_form_makes_one_and_the_page_tells_the_eighteen(home: House, version: DatasetVersion) -> None:
    client = Client()
    client.login(username="ada", password=PASSWORD)
    address = f"/dataset-versions/{version.pk}/redact/"
    shown = client.get(address).content.decode()
    # Names (there is no model here), biometric identifiers, photographs.
    assert shown.count("cannot be found") == 3 and "Full-face photographs" in shown
    assert client.post(address, {"method": "mask", "profile": ""}).status_code == 422
    answer = client.post(address, {"method": "mask", "profile": hipaa.PROFILE})
    found = Redaction.objects.get()
    assert answer.url == f"/redactions/{found.pk}/" and found.options["profile"] == hipaa.PROFILE
    assert "name" not in found.options["kinds"] and "date" in found.options["kinds"]
    worked(found)
    page = client.get(f"/redactions/{found.pk}/").content.decode()
    assert "HIPAA Safe Harbor" in page and "Rows left out" in page and MAIL not in page
    tab = client.get(f"/dataset-versions/{version.pk}/?tab=persons").content.decode()
    assert f"/redactions/{found.pk}/" in tab


def test_a_value_is_shown_once_and_never_kept_by_a_browser(home: House, version: DatasetVersion) -> None:
    found = made(home, version, NAMED)
    (name,) = re.findall(r"PAYMENT CARD [0-9a-f]{16}", bytes_of(found.version).decode())
    client = Client()
    client.login(username="paula", password=PASSWORD)
    address = f"/redactions/{found.pk}/"
    assert CARD not in client.get(address).content.decode()
    answer = client.post(address, {"pseudonym": name, "reason": "Request 7."})
    assert CARD in answer.content.decode() and answer["Cache-Control"] == "no-store"
    assert CARD not in client.get(address).content.decode()


def test_the_interface_asks_follows_and_looks_behind(home: House, version: DatasetVersion) -> None:
    body = {"version": str(version.pk), "method": "pseudonym", "kinds": ["card"]}
    asked = by_token(home.ben).post(f"{API}/redactions/", body, format="json")
    assert asked.status_code == 202 and asked.json()["state"] == "queued"
    found = worked(Redaction.objects.get())
    shown = by_token(home.vera).get(f"{API}/redactions/{found.pk}/").json()
    assert shown["version"] == str(found.version_id) and shown["done"]["kinds"] == {"card": 1}
    (name,) = re.findall(r"PAYMENT CARD [0-9a-f]{16}", bytes_of(found.version).decode())
    look = {"pseudonym": name, "reason": "Request 7."}
    address = f"{API}/redactions/{found.pk}"
    assert by_token(home.paula).post(f"{address}/look-behind/", look, format="json").json() == {"value": CARD}
    assert by_token(home.ben).post(f"{address}/look-behind/", look, format="json").status_code == 403
    paula, under = by_token(home.paula), {"format": "json", "headers": {"Idempotency-Key": "one"}}
    for _ in range(2):  # a value is kept nowhere to be answered again: each look is one more on record
        assert paula.post(f"{address}/look-behind/", look, **under).json() == {"value": CARD}
    assert not KeptAnswer.objects.exists()
    assert AuditEvent.objects.filter(action="redaction.pseudonym-seen").count() == 3
    erased = by_token(home.paula).post(f"{address}/erase-pseudonyms/")
    assert erased.status_code == 200 and erased.json()["pseudonyms"] == "erased"
    assert paula.post(f"{address}/look-behind/", look, **under).status_code == 409
