"""The bundle and its verifier: whatever is changed is found, and nothing is said to be verified that was not."""

import base64
import hashlib
import json
import random
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.delivery.evidence import container, verify
from governance.foundation.audit.rules import chain_hash
from governance.foundation.core.canonical import digest

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
RUN = {"method": "lora", "learning_rate": 2e-4, "train_loss": [3.25, 1.5], "steps": 40}
DATASET = {"rows": 480, "sha256": "ab" * 32, "licence": "CC0-1.0", "title": "Bank support desk – Ångström"}
SECTIONS = {
    "model_card": ["documents/model-card.md"],
    "evaluation_report": ["documents/evaluation-report.json"],
    "dossier": ["dossier.json", "dossier.pdf"],
    "run_manifest": ["run/manifest.json"],
    "decisions": ["decisions.json"],
    "audit": ["audit/segment.jsonl"],
}


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the same mutations at each run, no secret


def sha256_of(value: object) -> str:
    """Another route than the verifier's: the rfc8785 package."""
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def dossier(run_sha256: str) -> dict:
    made = {
        "schema": "assay.dossier/1",
        "edition": {"law": "eu-ai-act/2026-07-27", "catalogue": "c", "sha256": "0" * 64},
        "subject": {"model_version": "m-1", "digest": "cd" * 32},
        "outcome": {"role": "provider", "risk_class": "minimal", "decided_by": "Cleo", "at": "2026-11-20T08:00:00Z"},
        "frozen_at": "2026-11-24T08:00:00Z",
        "sections": [
            {
                "ref": "Annex IV(2)(a)",
                "title": "How it was made",
                "duty": "required",
                "because": "r1",
                "prompts": [
                    {"ask": "method", "met_by": [0], "needs": "engineer", "not_applicable": None},
                    {"ask": "why", "met_by": [1, 0], "needs": "engineer", "not_applicable": None},
                    {"ask": "third parties", "met_by": [], "needs": "engineer", "not_applicable": {"because": "r2"}},
                    {"ask": "hardware", "met_by": [], "needs": "engineer", "not_applicable": None},
                ],
                "statements": [
                    {
                        "text": "LoRA, 40 steps.",
                        "source": "measured",
                        "evidence": [{"kind": "run", "id": "r-1", "sha256": run_sha256}],
                        "by": None,
                        "at": None,
                    },
                    {"text": "So.", "source": "declared", "evidence": [], "by": "Ada", "at": "2026-11-23T08:00:00Z"},
                ],
            }
        ],
        "completeness": {
            "prompts": 4, "measured": 1, "declared": 1, "attached": 0, "missing": 1, "not_applicable": 1,
        },
    }  # fmt: skip
    return {**made, "sha256": sha256_of(made)}


def chain(bodies: list[dict], first: int = 1, previous: str = "0" * 64) -> list[dict]:
    entries = []
    for seq, body in enumerate(bodies, start=first):
        text = rfc8785.dumps({**body, "seq": seq}).decode()
        entries.append({"seq": seq, "body": text, "prev": previous, "hash": chain_hash(previous, text)})
        previous = entries[-1]["hash"]
    return entries


class Case:
    """What goes into a bundle, open to be changed before it is written."""

    def __init__(self) -> None:
        self.run = container.record_file("run", "r-1", RUN)
        self.dataset = container.record_file("dataset_version", "d-1", DATASET)
        self.run_sha256 = sha256_of({"kind": "run", "content": RUN})
        self.dataset_sha256 = sha256_of({"kind": "dataset_version", "content": DATASET})
        self.dossier = dossier(self.run_sha256)
        self.decisions = [
            self.decision("dataset_version", "d-1", self.dataset_sha256, "Ben"),
            self.decision("dossier", "v-1", self.dossier["sha256"], "Cleo"),
        ]
        self.seal = None
        self.extra: dict[str, bytes | Path] = {"model/adapter.safetensors": seeded(0).randbytes(5000)}
        self.write_arguments: dict = {}

    @staticmethod
    def decision(kind: str, identity: str, sha256: str, by: str) -> dict:
        subject = {"kind": kind, "id": identity, "sha256": sha256}
        return {"subject": subject, "verdict": "approve", "by": by, "at": "2026-11-24T09:00:00Z"}

    def segment(self) -> list[dict]:
        bodies: list[dict] = [{"action": "run.finished", "facts": {"loss": 1.5}}]
        for entry in self.decisions:
            facts = {"sha256": entry["subject"]["sha256"], "verdict": entry["verdict"]}
            bodies.append({"action": "approval.decided", "facts": facts})
        return chain(bodies)

    def files(self) -> dict[str, bytes | Path]:
        return {
            "dossier.json": json.dumps(self.dossier, indent=1).encode(),
            "dossier.pdf": b"%PDF-1.7 nothing signed in here",
            "documents/model-card.md": b"# Card",
            "documents/evaluation-report.json": b'{"schema": "assay.evaluation-report/1", "tasks": []}',
            "run/manifest.json": b'{"schema": "assay.training-manifest/1", "status": "succeeded"}',
            "decisions.json": json.dumps(self.decisions).encode(),
            "audit/segment.jsonl": container.segment_file(self.segment()),
            **dict([self.run, self.dataset]),
            **self.extra,
        }

    def write(self, out: Path) -> Path:
        last = self.segment()[-1]
        seal = self.seal or container.seal_files(exported_at=NOON, head={"seq": last["seq"], "hash": last["hash"]})
        arguments = {"subject": self.dossier["subject"], "sections": SECTIONS, **self.write_arguments}
        self.digest = container.write(self.files(), seal, out, **arguments)
        return out


@pytest.fixture
def case() -> Case:
    return Case()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Case().write(tmp_path_factory.mktemp("bundle") / "evidence.zip")


def results(report: verify.Report) -> dict[str, str]:
    return {check.name: check.result for check in report.checks}


def found(path: Path) -> str:
    """The details of everything that does not hold, for messages and matches."""
    report = verify.verify(path)
    assert not report.sound
    return report.unreadable or "; ".join(c.detail for c in report.checks if c.result in ("broken", "missing"))


def test_an_untouched_bundle_is_sound_and_says_what_was_not_checked(bundle: Path) -> None:
    report = verify.verify(bundle)
    assert report.sound, report.as_text()
    assert report.exit_status == 0
    assert {area: report.verdict(area) for area in verify.AREAS} == {
        "integrity": "holds",
        "completeness": "holds",
        "authorship": "not signed",
        "freshness": "stated",
    }
    assert results(report)["sign-off of the dossier"] == "stated"


def test_two_writes_differ_only_in_the_seal(tmp_path: Path, case: Case) -> None:
    first = case.write(tmp_path / "first.zip")
    again = case.write(tmp_path / "again.zip")
    assert first.read_bytes() == again.read_bytes()
    digest = case.digest
    case.seal = container.seal_files(exported_at=datetime(2027, 1, 1, tzinfo=UTC))
    later = case.write(tmp_path / "later.zip")
    assert case.digest == digest
    with zipfile.ZipFile(first) as one, zipfile.ZipFile(later) as other:
        outside = [name for name in one.namelist() if not name.startswith("seal/")]
        assert outside == [name for name in other.namelist() if not name.startswith("seal/")]
        assert all(one.read(name) == other.read(name) for name in outside)
        assert one.read("seal/export.json") != other.read("seal/export.json")
    assert verify.verify(later).sound


def test_other_zip_programs_read_the_container(bundle: Path, tmp_path: Path, case: Case) -> None:
    with zipfile.ZipFile(bundle) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
        assert [info.filename for info in infos] == sorted(info.filename for info in infos)
        assert {(i.compress_type, i.date_time, i.extra, i.comment) for i in infos} == {
            (zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0), b"", b"")
        }
        assert {name: archive.read(name) for name in case.files()} == case.files()
        manifest = json.loads(archive.read("manifest.json"))
        stated = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in manifest["files"]}
        assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == stated
    if unzip := shutil.which("unzip"):
        assert subprocess.run([unzip, "-tqq", bundle], check=False).returncode == 0


def test_the_bundles_own_verifier_runs_alone_without_the_platform(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        (tmp_path / "verify.py").write_bytes(archive.read("verify.py"))
    command = [sys.executable, "-I", "-S", "-W", "error", "verify.py", str(bundle), "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert (said["schema"], said["sound"]) == ("assay.verification/1", True)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(bundle.read_bytes()[:-30])
    assert subprocess.run([*command[:-2], str(broken)], cwd=tmp_path, capture_output=True, check=False).returncode == 2
    absent = subprocess.run([*command[:-2], "absent.zip"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (absent.returncode, absent.stderr) == (2, "")
    assert "there is no such file" in absent.stdout


def test_a_large_file_is_streamed_and_the_bundle_appears_whole_or_not_at_all(tmp_path: Path, case: Case) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(seeded(1).randbytes(3 * verify.CHUNK + 17))
    case.extra["model/model.safetensors"] = weights
    assert verify.verify(case.write(tmp_path / "evidence.zip")).sound
    case.extra["model/absent.safetensors"] = tmp_path / "absent"
    with pytest.raises(FileNotFoundError):
        case.write(tmp_path / "other.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evidence.zip", "model.safetensors"]


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/passwd", "a/../b", "a//b", "C:/x", "a\\b", ".hidden", "a/", "", "é", "a b", "x" * 300, "con.",
     "DOSSIER.json", "dossier.json/x", "manifest.json", "verify.py", "seal/x"],
)  # fmt: skip
def test_the_writer_refuses_names_that_could_be_read_in_two_ways(name: str, tmp_path: Path, case: Case) -> None:
    case.extra[name] = b"x"
    with pytest.raises(container.NotBundled):
        case.write(tmp_path / "evidence.zip")
    assert list(tmp_path.iterdir()) == []


def test_the_writer_demands_each_section_filled_or_named_as_missing(tmp_path: Path, case: Case) -> None:
    case.write_arguments = {"sections": {k: v for k, v in SECTIONS.items() if k != "audit"}}
    with pytest.raises(container.NotBundled, match="each filled or missing"):
        case.write(tmp_path / "evidence.zip")
    case.write_arguments["sections"]["audit"] = ["absent.txt", "audit/segment.jsonl"]
    with pytest.raises(container.NotBundled, match=r"absent\.txt"):
        case.write(tmp_path / "evidence.zip")


def test_a_section_named_as_missing_is_reported_with_its_reason_and_the_bundle_is_not_sound(
    tmp_path: Path, case: Case
) -> None:
    filled = {k: v for k, v in SECTIONS.items() if k != "evaluation_report"}
    case.write_arguments = {"sections": filled, "missing": {"evaluation_report": "the evaluation was cancelled"}}
    report = verify.verify(case.write(tmp_path / "evidence.zip"))
    assert report.verdict("integrity") == "holds"
    assert report.verdict("completeness") == "missing"
    assert report.exit_status == 1
    assert "the evaluation was cancelled" in report.as_text()


def test_a_record_has_the_digest_that_the_platform_gives_its_content() -> None:
    content = {"at": NOON, "id": UUID(int=7), "flops": 10**17, "shares": (0.1, 1.0), "none": None}
    name, data = container.record_file("run", UUID(int=9), content)
    expected = digest({"kind": "run", "content": content})
    assert json.loads(data)["sha256"] == expected
    assert name == f"records/run/{UUID(int=9)}.{expected[:12]}.json"
    with pytest.raises(container.NotBundled, match="no zone"):
        container.seal_files(exported_at=datetime(2026, 11, 25))  # noqa: DTZ001 - what is refused


# --- Changes made after the fact ------------------------------------------------------------------------------


def rebuilt(members: dict[str, bytes], out: Path, order: Callable = sorted) -> Path:
    """A container in the canonical layout around any members: what someone with a hex editor and time would make."""
    body, directory = b"", b""
    names = order(members)
    for name in names:
        data, raw = members[name], name.encode()
        sizes = (zlib.crc32(data), len(data), len(data), len(raw), 0)
        offset = len(body)
        body += struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 33, *sizes) + raw + data
        directory += (
            struct.pack(
                "<4s6H3I5H2I", b"PK\x01\x02", 3 << 8 | 20, 20, 0, 0, 0, 33, *sizes, 0, 0, 0, 0o100644 << 16, offset
            )
            + raw
        )
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, len(names), len(names), len(directory), len(body), 0)
    out.write_bytes(body + directory + end)
    return out


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def relisted(members: dict[str, bytes]) -> dict[str, bytes]:
    """The same with manifest and seal list made to fit, as a careful forger would."""
    manifest = json.loads(members["manifest.json"])
    outside = {n: d for n, d in members.items() if not n.startswith("seal/") and n != "manifest.json"}
    entry = lambda data: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}  # noqa: E731
    manifest["files"] = {name: entry(data) for name, data in outside.items()}
    made = {**members, "manifest.json": rfc8785.dumps(manifest)}
    seal = json.loads(members["seal/seal.json"])
    seal["manifest"] = hashlib.sha256(made["manifest.json"]).hexdigest()
    seal["files"] = {
        n[5:] and n: entry(d) for n, d in members.items() if n.startswith("seal/") and n != "seal/seal.json"
    }
    return {**made, "seal/seal.json": rfc8785.dumps(seal)}


def test_the_forgers_tools_alone_change_nothing(bundle: Path, tmp_path: Path) -> None:
    """Otherwise the tests below could find the tool instead of the forgery."""
    assert rebuilt(contents(bundle), tmp_path / "same.zip").read_bytes() == bundle.read_bytes()
    assert rebuilt(relisted(contents(bundle)), tmp_path / "relisted.zip").read_bytes() == bundle.read_bytes()


def test_every_flipped_bit_is_found(bundle: Path, tmp_path: Path) -> None:
    chance, whole = seeded(20261125), bundle.read_bytes()
    target = tmp_path / "flipped.zip"
    ends = [*range(22), *range(len(whole) - 22, len(whole))]  # every byte of first header and end record
    for offset in [*ends, *(chance.randrange(len(whole)) for _ in range(260))]:
        changed = bytearray(whole)
        changed[offset] ^= 1 << chance.randrange(8)
        target.write_bytes(changed)
        assert verify.verify(target).exit_status in (1, 2), f"bit flip at {offset}"


def test_every_truncation_and_every_addition_is_found(bundle: Path, tmp_path: Path) -> None:
    chance, whole = seeded(7), bundle.read_bytes()
    target = tmp_path / "cut.zip"
    for length in [0, 1, 21, 22, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(40))]:
        target.write_bytes(whole[:length])
        assert verify.verify(target).exit_status in (1, 2), f"cut to {length}"
    for _ in range(20):
        place = chance.choice([0, len(whole), chance.randrange(len(whole))])
        target.write_bytes(whole[:place] + chance.randbytes(chance.randrange(1, 40)) + whole[place:])
        assert verify.verify(target).exit_status in (1, 2), f"bytes added at {place}"


def test_every_member_taken_out_renamed_doubled_or_emptied_is_found(bundle: Path, tmp_path: Path) -> None:
    members, target = contents(bundle), tmp_path / "changed.zip"
    for name in members:
        without = {k: v for k, v in members.items() if k != name}
        for changed in (without, {**without, f"{name}x": members[name]}, {**members, name: b""}):
            assert not verify.verify(rebuilt(changed, target)).sound, name
        if name not in ("manifest.json", "seal/seal.json"):
            swapped = rebuilt(members, target, order=lambda m, n=name: [*sorted(set(m) - {n}), n])
            assert name == max(members) or not verify.verify(swapped).sound, name
        doubled = rebuilt(members, target, order=lambda m, n=name: sorted([*m, n]))
        assert "listed once" in found(doubled)
    assert "does not list: extra.txt" in found(rebuilt({**members, "extra.txt": b"x"}, target))


def test_a_required_file_taken_out_with_the_manifest_made_to_fit_is_missing(bundle: Path, tmp_path: Path) -> None:
    members, target = contents(bundle), tmp_path / "changed.zip"
    for name in [
        "dossier.json",
        "decisions.json",
        "audit/segment.jsonl",
        "run/manifest.json",
        "documents/model-card.md",
    ]:
        changed = relisted({k: v for k, v in members.items() if k != name})
        assert name in found(rebuilt(changed, target))
    for name in [name for name in members if name.startswith("records/")]:
        changed = relisted({k: v for k, v in members.items() if k != name})
        assert "stated but not in the bundle" in found(rebuilt(changed, target))


def forged(bundle: Path, out: Path, name: str, change: Callable[[dict], None], rehash: bool = False) -> Path:
    """One JSON member changed, manifest and seal list made to fit; with `rehash` its own sha256 as well."""
    members = contents(bundle)
    value = json.loads(members[name])
    change(value)
    if rehash:
        value["sha256"] = sha256_of({k: v for k, v in value.items() if k != "sha256"})
    members[name] = json.dumps(value).encode()
    return rebuilt(relisted(members), out)


def statement(document: dict) -> dict:
    return document["sections"][0]["statements"][0]


@pytest.mark.parametrize(
    ("change", "rehash", "message"),
    [
        (lambda d: statement(d).update(text="QLoRA."), False, "digest that it states"),
        (lambda d: statement(d).update(text="QLoRA."), True, "dossier v-1"),
        (lambda d: d.update(sha256="0" * 64), False, "digest that it states"),
        (lambda d: d.pop("sha256"), False, "not a sha256"),
        (lambda d: statement(d)["evidence"][0].update(sha256="0" * 64), True, "another digest than the one stated"),
        (lambda d: statement(d)["evidence"][0].update(id="r-2"), True, "belongs to another record"),
        (lambda d: statement(d).update(evidence=[]), True, "names no evidence"),
        (lambda d: d["completeness"].update(missing=0), True, "figures of its completeness"),
        (lambda d: d["sections"][0]["prompts"][3].update(met_by=[0]), True, "figures of its completeness"),
        (lambda d: d["sections"][0]["prompts"][3].update(met_by=[9]), True, "statement that is not there"),
        (lambda d: d["subject"].update(digest="00" * 32), True, "another subject"),
        (lambda d: d.update(sections="none"), True, "is not a list"),
    ],
)
def test_a_changed_dossier_is_found_though_the_manifest_fits(
    bundle: Path, tmp_path: Path, change: Callable[[dict], None], rehash: bool, message: str
) -> None:
    assert message in found(forged(bundle, tmp_path / "forged.zip", "dossier.json", change, rehash))


def test_a_changed_record_is_found_though_it_states_a_digest_that_fits(
    bundle: Path, tmp_path: Path, case: Case
) -> None:
    name = case.run[0]
    change = lambda record: record["content"].update(steps=4000)  # noqa: E731
    assert "does not have the digest" in found(forged(bundle, tmp_path / "one.zip", name, change))

    def change_and_rehash(record: dict) -> None:
        change(record)
        record["sha256"] = sha256_of({"kind": record["kind"], "content": record["content"]})

    assert "another digest than the one stated" in found(forged(bundle, tmp_path / "two.zip", name, change_and_rehash))


def test_a_decision_that_the_trail_does_not_know_is_found(bundle: Path, tmp_path: Path) -> None:
    change = lambda decisions: decisions[0].update(verdict="reject")  # noqa: E731
    assert "is not in the audit segment" in found(forged(bundle, tmp_path / "forged.zip", "decisions.json", change))
    empty = forged(bundle, tmp_path / "empty.zip", "decisions.json", lambda decisions: decisions.clear())
    assert "decisions.json is empty" in found(empty)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines.pop(1), "does not follow"),
        (lambda lines: lines.reverse(), "does not follow"),
        (lambda lines: lines[1].update(body=lines[1]["body"].replace("app", "sup")), "changed after it was chained"),
        (lambda lines: lines[1].update(hash="0" * 64), "changed after it was chained"),
        (lambda lines: lines[0].update(prev="1" * 64), "does not follow"),
        (lambda lines: lines[0].update(extra=1), "exactly seq, prev, hash, and body or leaf"),
        (lambda lines: lines.pop(), "not in the audit segment"),
        (lambda lines: lines.clear(), "has no entry"),
        (lambda lines: lines.__setitem__(slice(None), chain([{"a": 1}], first=9)), "does not fit the audit segment"),
    ],
)  # fmt: skip
def test_a_changed_audit_segment_is_found(bundle: Path, tmp_path: Path, change: Callable, message: str) -> None:
    members = contents(bundle)
    lines = [json.loads(line) for line in members["audit/segment.jsonl"].splitlines()]
    change(lines)
    members["audit/segment.jsonl"] = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    assert message in found(rebuilt(relisted(members), tmp_path / "forged.zip"))


def test_a_segment_from_the_middle_of_the_chain_says_that_its_beginning_was_not_seen(
    tmp_path: Path, case: Case
) -> None:
    case.segment = lambda: chain([json.loads(e["body"]) for e in Case().segment()], first=41, previous="ab" * 32)  # type: ignore[method-assign]
    report = verify.verify(case.write(tmp_path / "evidence.zip"))
    assert report.sound, report.as_text()
    assert "what stands before entry 41 is not in this bundle" in report.as_text()


def test_an_entry_given_by_its_leaf_alone_is_linked_but_its_text_counts_as_not_seen(tmp_path: Path, case: Case) -> None:
    def closed(entry: dict) -> dict:
        leaf = hashlib.sha256(b"\x00" + entry["body"].encode()).hexdigest()
        return {"seq": entry["seq"], "leaf": leaf, "prev": entry["prev"], "hash": entry["hash"]}

    entries = case.segment()
    case.segment = lambda: [closed(entries[0]), *entries[1:]]  # type: ignore[method-assign]
    report = verify.verify(case.write(tmp_path / "evidence.zip"))
    assert report.sound, report.as_text()
    assert "the text of 1 of them is not in this bundle" in report.as_text()
    case.segment = lambda: [closed(entry) for entry in entries]  # type: ignore[method-assign]
    assert "is not in the audit segment" in found(case.write(tmp_path / "closed.zip"))
    case.segment = lambda: [{**closed(entries[0]), "leaf": "0" * 64}, *entries[1:]]  # type: ignore[method-assign]
    assert "changed after it was chained" in found(case.write(tmp_path / "wrong.zip"))


def test_a_document_is_known_by_its_own_digest_as_a_file_and_as_a_record(tmp_path: Path, case: Case) -> None:
    card = {"schema": "assay.model-card/1", "text": "A card.", "frozen_at": "2026-11-24T08:00:00Z"}
    sha256 = sha256_of(card)
    case.decisions.append(case.decision("model_card", "k-1", sha256, "Cleo"))
    assert "model_card k-1 is stated but not in the bundle" in found(case.write(tmp_path / "absent.zip"))
    name, data = container.record_file("model_card", "k-1", {**card, "sha256": sha256}, sha256)
    case.extra[name] = data
    assert verify.verify(case.write(tmp_path / "record.zip")).sound
    del case.extra[name]
    case.extra["card.json"] = json.dumps({**card, "sha256": sha256}).encode()
    case.write_arguments = {"sections": {**SECTIONS, "model_card": ["card.json"]}}
    assert verify.verify(case.write(tmp_path / "file.zip")).sound
    case.extra["card.json"] = json.dumps({**card, "text": "Another.", "sha256": sha256}).encode()
    assert "does not have the digest that it states" in found(case.write(tmp_path / "changed.zip"))
    with pytest.raises(container.NotBundled, match="Export what was digested"):
        container.record_file("model_card", "k-1", card, "0" * 64)


def test_evidence_that_was_left_out_on_purpose_is_not_checked_and_said_so(tmp_path: Path, case: Case) -> None:
    run = case.run
    case.run = case.dataset
    assert "run r-1 is stated but not in the bundle" in found(case.write(tmp_path / "silent.zip"))
    reference = {"kind": "run", "id": "r-1", "sha256": case.run_sha256, "because": "too large"}
    case.write_arguments = {"elsewhere": [reference]}
    report = verify.verify(case.write(tmp_path / "named.zip"))
    assert report.sound
    assert report.verdict("completeness") == "not checked"
    assert "run r-1 is not in this bundle: too large" in report.as_text()
    case.run = run
    assert verify.verify(case.write(tmp_path / "whole.zip")).verdict("completeness") == "holds"


def test_without_a_decision_on_the_dossier_it_is_not_signed_off(tmp_path: Path, case: Case) -> None:
    case.decisions.pop()
    report = verify.verify(case.write(tmp_path / "evidence.zip"))
    assert results(report)["sign-off of the dossier"] == "not signed"


def test_a_signature_inside_a_pdf_is_not_checked_and_the_tool_is_named(tmp_path: Path, case: Case) -> None:
    case.extra["documents/signed.pdf"] = b"%PDF-1.7 /ByteRange [0 1 2 3]"
    report = verify.verify(case.write(tmp_path / "evidence.zip"))
    assert results(report)["documents/signed.pdf"] == "not checked"
    assert "pdfsig" in report.as_text()


def test_without_export_time_and_head_freshness_is_not_checked(bundle: Path, tmp_path: Path) -> None:
    members = {k: v for k, v in contents(bundle).items() if k not in ("seal/export.json", "seal/head.json")}
    report = verify.verify(rebuilt(relisted(members), tmp_path / "unsealed.zip"))
    assert report.sound
    assert report.verdict("freshness") == "not checked"


# --- Signatures -----------------------------------------------------------------------------------------------


def signed(bundle: Path, out: Path, key: Ed25519PrivateKey, **changes: object) -> Path:
    members = contents(bundle)
    stated = {
        "schema": "assay.signature/1",
        "algorithm": "Ed25519",
        "over": "manifest.json",
        "public_key": key.public_key().public_bytes_raw().hex(),
        "signature": key.sign(members["manifest.json"]).hex(),
    }
    members["seal/signature.json"] = json.dumps({**stated, **changes}).encode()
    return rebuilt(relisted(members), out)


def test_a_signature_holds_but_whose_key_it_is_stays_unchecked_until_a_key_is_given(
    bundle: Path, tmp_path: Path
) -> None:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    path = signed(bundle, tmp_path / "signed.zip", key)
    report = verify.verify(path)
    assert report.sound
    assert (results(report)["signature"], results(report)["key"]) == ("holds", "not checked")
    assert results(verify.verify(path, key.public_key().public_bytes_raw()))["key"] == "holds"
    told = "assay+0a1b2c3d+" + base64.b64encode(b"\x01" + key.public_key().public_bytes_raw()).decode()
    assert verify.main([str(path), "--key", told]) == 0
    assert verify.main([str(path), "--key", key.public_key().public_bytes_raw().hex()]) == 0
    assert verify.verify(path, other.public_key().public_bytes_raw()).exit_status == 1
    assert verify.verify(bundle, key.public_key().public_bytes_raw()).exit_status == 1
    forged_signature = signed(bundle, tmp_path / "bad.zip", key, signature="00" * 64)
    assert "does not fit manifest.json" in found(forged_signature)
    assert "must be hex" in found(signed(bundle, tmp_path / "hex.zip", key, signature="zz"))


def test_another_algorithm_is_not_checked_and_the_tool_is_named(bundle: Path, tmp_path: Path) -> None:
    path = signed(bundle, tmp_path / "ec.zip", Ed25519PrivateKey.generate(), algorithm="ECDSA-P256")
    report = verify.verify(path)
    assert results(report)["signature"] == "not checked"
    assert "openssl" in report.as_text()


# --- Hostile files --------------------------------------------------------------------------------------------


def test_a_zip_bomb_is_refused_without_being_unpacked(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b"0" * 30_000_000)
    assert "not canonical" in found(bomb)
    assert verify.verify(bomb).exit_status == 1


@pytest.mark.parametrize("depth", [101, 900, 100_000])
def test_deep_json_is_refused(bundle: Path, tmp_path: Path, depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    for name in ["manifest.json", "dossier.json", "decisions.json", "run/manifest.json", "seal/seal.json"]:
        members = {**contents(bundle), name: deep}
        path = rebuilt(
            members if name in ("manifest.json", "seal/seal.json") else relisted(members), tmp_path / "d.zip"
        )
        assert verify.verify(path).exit_status in (1, 2)
    members = contents(bundle)
    members["audit/segment.jsonl"] += deep + b"\n"
    assert not verify.verify(rebuilt(relisted(members), tmp_path / "d.zip")).sound


@pytest.mark.parametrize("name", ["../../evil", "/abs", "C:/x", "a\\b", "a/./b", "nul\0", "é", "DOSSIER.JSON", "run"])
def test_names_that_reach_out_of_the_bundle_or_collide_are_refused(bundle: Path, tmp_path: Path, name: str) -> None:
    assert not verify.verify(rebuilt({**contents(bundle), name: b"x"}, tmp_path / "names.zip")).sound


JUNK = [None, True, -1, 1.5, 2.0**60, "x", "a" * 64, [], {}, [[]], [{}], {"sha256": "0" * 64}, "\x1b[31m\u202e"]


def places(value: object, path: tuple = ()) -> Iterator[tuple]:
    yield path
    if isinstance(value, (dict, list)):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(child, (*path, key))


def put(value: object, path: tuple, junk: object) -> object:
    """`value` with `junk` at `path`."""
    if not path:
        return junk
    made = dict(value) if isinstance(value, dict) else list(value)  # type: ignore[call-overload]
    made[path[0]] = put(made[path[0]], path[1:], junk)
    return made


def test_no_value_in_any_place_ends_in_a_traceback_or_steers_the_terminal(bundle: Path, tmp_path: Path) -> None:
    chance, target = seeded(99), tmp_path / "junk.zip"
    whole = contents(signed(bundle, tmp_path / "signed.zip", Ed25519PrivateKey.generate()))
    own = ("manifest.json", "seal/seal.json")
    for _ in range(400):
        name = chance.choice([name for name in whole if name.endswith((".json", ".jsonl"))])
        lines = whole[name].splitlines() if name.endswith("l") else [whole[name]]
        place = chance.randrange(len(lines))
        value = json.loads(lines[place])
        value = put(value, chance.choice(list(places(value))), chance.choice(JUNK))
        if name == "dossier.json" and isinstance(value, dict):
            value["sha256"] = sha256_of({k: v for k, v in value.items() if k != "sha256"})
        lines[place] = rfc8785.dumps(value)
        members = {**whole, name: b"\n".join(lines) + (b"\n" if name.endswith("l") else b"")}
        report = verify.verify(rebuilt(members if name in own else relisted(members), target))
        assert report.exit_status in (0, 1, 2)
        json.dumps(report.as_dict())
        assert "\x1b" not in report.as_text()
        assert name.startswith("seal/") or not report.sound or members == whole


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400) | st.binary(max_size=100).map(lambda data: data + b"PK\x05\x06" + data[:18]))
def test_arbitrary_bytes_are_unreadable_or_not_sound(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.zip"
    path.write_bytes(data)
    assert verify.verify(path).exit_status in (1, 2)


def test_a_folder_is_unreadable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify.main([str(tmp_path)]) == 2
    assert "UNREADABLE" in capsys.readouterr().out
