"""Signed heads: what somebody kept of the trail holds against whoever rewrites the database."""

import base64
import hashlib
import json
import shutil
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from governance.delivery.evidence.verify import ed25519_holds
from governance.foundation.audit import checkpoint, entries, heads, keys, rules, services
from governance.foundation.audit.heads import TrailBroken
from governance.foundation.audit.models import AuditEvent, PersonalDetail, Subtree, TrailKey, TreeHead
from governance.foundation.audit.verification import verify
from governance.foundation.core.actor import PLATFORM
from preparation.merkle import Tree, root_from
from tests.tampering import guards_lifted


def write(count: int = 1, action: str = "test.done") -> None:
    for number in range(count):
        with transaction.atomic():
            services.record(PLATFORM, action, facts={"n": number}, personal={"reason": f"because of {number}"})


def rewritten(*, after: int = 0, action: str = "test.forged") -> None:
    """The chain from entry `after` + 1 on, told anew by somebody who owns the database but not the key."""
    with guards_lifted():
        before = AuditEvent.objects.filter(seq=after).first()
        previous = before.hash if before else rules.GENESIS
        for event in AuditEvent.objects.filter(seq__gt=after).order_by("seq"):
            event.body = event.body.replace(event.action, action)
            event.action, event.previous_hash = action, previous
            event.hash = previous = rules.chain_hash(previous, event.body)
            event.save()


def root_by_hand() -> str:
    bodies = AuditEvent.objects.order_by("seq").values_list("body", flat=True)
    return Tree(hashlib.sha256(b"\x00" + body.encode()).digest() for body in bodies).root().hex()


def test_a_head_says_what_the_entries_give_and_its_signature_holds_for_three_verifiers(
    trail_key: TrailKey, tmp_path: Path
) -> None:
    write(5)
    head = heads.sign()
    assert head is not None
    assert (head.size, head.root) == (AuditEvent.objects.count(), root_by_hand())

    text, line = head.checkpoint.rsplit("\n\n", 1)
    origin, size, root, at = text.split("\n")
    assert at == f"at {head.at:%Y-%m-%dT%H:%M:%S.%f}Z"
    assert (origin, size, base64.b64decode(root).hex()) == (trail_key.name, str(head.size), head.root)
    dash, name, encoded = line.rstrip("\n").split(" ")
    raw, public = base64.b64decode(encoded), bytes.fromhex(trail_key.public_key)
    assert (dash, name) == ("—", origin)
    assert raw[:4] == hashlib.sha256(origin.encode() + b"\n\x01" + public).digest()[:4]
    signed = (text + "\n").encode()
    assert ed25519_holds(public, signed, raw[4:])
    assert checkpoint.is_signed_by(head.checkpoint, origin, public)

    openssl = shutil.which("openssl")
    assert openssl
    (tmp_path / "text").write_bytes(signed)
    (tmp_path / "signature").write_bytes(raw[4:])
    told = subprocess.run(
        [openssl, "pkeyutl", "-verify", "-inkey", keys.path(), "-rawin", "-in", "text", "-sigfile", "signature"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Signature Verified Successfully" in told.stdout


def test_nothing_is_signed_twice_and_not_before_it_is_due(trail_key: TrailKey, settings: Any) -> None:
    first = heads.sign()
    assert heads.sign() == first
    write()
    assert heads.sign_when_due() is None
    settings.ASSAY_HEAD_MINUTES = 0
    second = heads.sign_when_due()
    assert first is not None and second is not None
    assert second.size == first.size + 1
    assert [head.size for head in heads.in_file()] == [first.size, second.size]
    report = verify()
    assert (report.faults, report.heads, report.last_head) == ([], 2, second.size)


def test_the_tree_is_kept_in_parts_and_every_proof_holds(trail_key: TrailKey) -> None:
    write(300)
    first = heads.sign()
    assert first is not None
    write(250)
    second = heads.sign()
    assert second is not None
    assert Subtree.objects.count() == 2
    assert second.root == root_by_hand()
    for seq in (1, 2, 255, 256, 257, 300, second.size):
        leaf = rules.leaf_bytes(AuditEvent.objects.get(seq=seq).body)
        path = [bytes.fromhex(step) for step in heads.proof_of_entry(seq, second)]
        assert root_from(leaf, seq - 1, second.size, path) == bytes.fromhex(second.root)
    assert len(heads.proof_of_growth(first, second)) > 3
    assert verify().sound


def test_without_the_key_a_whole_chain_that_was_told_anew_does_not_pass(trail_key: TrailKey, settings: Any) -> None:
    write(5)
    signed = heads.sign()
    rewritten(after=1)
    assert signed is not None
    size = signed.size
    assert f"a head in the database at entry {size} was signed for other entries than those that stand here now" in (
        verify().faults
    )
    # Who owns the database removes what the database knows of heads, too. The file and the auditor remember.
    with guards_lifted():
        TreeHead.objects.all().delete()
    said = f"at entry {size} was signed for other entries than those that stand here now"
    assert verify().faults == [f"a head in the file of heads {said}"]
    Path(settings.ASSAY_TRAIL_HEADS).unlink()
    assert verify().sound  # nothing is left to compare with
    assert verify(kept=[checkpoint.parsed(signed.checkpoint)]).faults == [f"the head that was given {said}"]


def test_a_trail_that_lost_its_end_is_found_and_not_signed(trail_key: TrailKey) -> None:
    write(5)
    head = heads.sign()
    assert head is not None
    with guards_lifted():
        TreeHead.objects.all().delete()
        PersonalDetail.objects.filter(event__seq__gt=3).delete()
        AuditEvent.objects.filter(seq__gt=3).delete()
    said = f"a head in the file of heads was signed at entry {head.size}, but the trail ends at 3: its end was cut off"
    assert verify().faults == [said]
    with pytest.raises(TrailBroken, match="its end was cut off"):
        heads.sign()
    write(10)
    with pytest.raises(TrailBroken, match=f"The entries up to {head.size} are not those for which a head was signed"):
        heads.sign()


def test_a_new_key_is_signed_in_by_the_old_one_which_is_destroyed(trail_key: TrailKey) -> None:
    write(3)
    old = keys.path().read_bytes()
    heads.sign()
    new = keys.rotate(actor=PLATFORM)
    assert keys.path().read_bytes() != old and stat.S_IMODE(keys.path().stat().st_mode) == 0o600
    assert [path.name for path in sorted(keys.path().parent.iterdir())] == ["heads.jsonl", "key.pem"]
    assert checkpoint.is_signed_by(new.statement, new.name, bytes.fromhex(trail_key.public_key))
    assert checkpoint.verifier_key(new.name, bytes.fromhex(new.public_key)) in new.statement
    signed = heads.sign()
    assert signed is not None and signed.key == new
    told = json.loads(AuditEvent.objects.get(action="trail.key-rotated").body)["facts"]
    assert told == {"key": new.public_key, "before": trail_key.public_key, "lost": False}
    assert (verify().faults, verify().heads) == ([], 2)


def test_a_key_that_nobody_signed_in_is_named(trail_key: TrailKey) -> None:
    write(3)
    heads.sign()
    keys.rotate(actor=PLATFORM)
    with guards_lifted():
        TrailKey.objects.filter(number=2).update(statement="")
    assert verify().faults == ["key 2 of the trail is not signed in by key 1"]


def test_a_lost_key_is_told_of_and_never_replaced_in_silence(trail_key: TrailKey) -> None:
    heads.sign()
    keys.path().unlink()
    write()
    for attempt in (heads.sign, keys.ready, lambda: keys.rotate(actor=PLATFORM)):
        with pytest.raises(keys.NoKey, match="does not hold the trail's key number 1"):
            attempt()
    keys.rotate(actor=PLATFORM, old_is_lost=True)
    assert heads.sign() is not None
    assert verify().sound
    assert json.loads(AuditEvent.objects.get(action="trail.key-rotated").body)["facts"]["lost"] is True


def test_a_rotation_that_was_cut_short_is_completed(trail_key: TrailKey, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("the power went")))
        with pytest.raises(OSError, match="the power went"):
            keys.rotate(actor=PLATFORM)
    signed = heads.sign()
    assert signed is not None and signed.key_id == 2
    assert [path.name for path in sorted(keys.path().parent.iterdir())] == ["heads.jsonl", "key.pem"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda: TreeHead.objects.update(root="ab" * 32), "says something else than the text that was signed"),
        (
            lambda: [
                TreeHead.objects.filter(pk=head.pk).update(checkpoint=head.checkpoint.replace("—", "-"))
                for head in TreeHead.objects.all()
            ],
            "cannot be read: it has no signature line",
        ),
        (
            lambda: TreeHead.objects.filter(pk=TreeHead.objects.first().pk).update(
                checkpoint=checkpoint.signed(
                    checkpoint.parsed(TreeHead.objects.first().checkpoint).note.rsplit("\n—", 1)[0],
                    "assay/other", keys.Ed25519PrivateKey.generate(),
                )
            ),
            "does not hold",
        ),
        (lambda: TreeHead.objects.update(root="zz"), "says something else than the text that was signed"),
        (lambda: TrailKey.objects.update(public_key="zz"), "does not hold"),
        (
            lambda: [
                TreeHead.objects.filter(pk=head.pk).update(checkpoint=head.checkpoint.replace("— ", "— — "))
                for head in TreeHead.objects.all()
            ],
            "cannot be read",
        ),
        (lambda: Subtree.objects.update(hash=bytes(32)), "what is kept of the Merkle tree (0 of tier 1)"),
    ],
)  # fmt: skip
def test_what_was_changed_of_heads_and_tree_is_named(trail_key: TrailKey, change: Any, fault: str) -> None:
    write(260)
    heads.sign()
    with guards_lifted():
        change()
    assert any(fault in each for each in verify().faults)


def head_by_hand(trail_key: TrailKey, *lines: str) -> TreeHead:
    """A head of the trail as it stands, with these lines after its root, as whoever has the key could make it."""
    root = bytes.fromhex(root_by_hand())
    size = AuditEvent.objects.count()
    text = f"{trail_key.name}\n{size}\n{base64.b64encode(root).decode()}\n" + "".join(f"{line}\n" for line in lines)
    note = checkpoint.signed(text, trail_key.name, keys.current()[1])
    return TreeHead.objects.create(size=size, at=NOON, root=root.hex(), key=trail_key, checkpoint=note)


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_time_that_was_moved_in_its_column_or_in_the_file_is_named(trail_key: TrailKey, settings: Any) -> None:
    write(3)
    head = heads.sign()
    assert head is not None and head.is_time_signed
    with guards_lifted():
        TreeHead.objects.update(at=head.at - timedelta(seconds=1))
    signed = f"{head.at:%Y-%m-%dT%H:%M:%S.%f}Z"
    said = f"the head at entry {head.size} gives another time than the text that was signed: {signed}"
    assert verify().faults == [said]
    assert not TreeHead.objects.get().is_time_signed and TreeHead.objects.get().signed_at == head.at
    with guards_lifted():
        TreeHead.objects.update(at=head.at)
    file = Path(settings.ASSAY_TRAIL_HEADS)
    file.write_text(file.read_text().replace(f'"{signed}"', '"2026-03-01T12:00:00.000000Z"'))
    assert verify().faults == [f"Line 1 of {file} is no signed head, or says another time."]


def test_a_head_of_an_older_version_holds_and_its_time_is_not_signed(trail_key: TrailKey) -> None:
    write(3)
    head = head_by_hand(trail_key)
    assert (head.signed_at, head.is_time_signed) == (None, False)
    assert (verify().faults, verify().heads) == ([], 1)
    write(1)
    later = heads.sign()
    assert later is not None and later.is_time_signed
    assert (verify().faults, verify().heads) == ([], 2)


def test_a_line_of_somebody_elses_is_passed_over(trail_key: TrailKey) -> None:
    write(3)
    assert head_by_hand(trail_key, "witnessed by Linden").signed_at is None
    assert verify().faults == []


@pytest.mark.parametrize("lines", [("at noon",), ("at 2026-03-01T12:00:00Z",), ("at 2026-03-01T12:00:00.000000Z",) * 2])
def test_a_time_that_is_none_is_not_taken_for_one(trail_key: TrailKey, lines: tuple[str, ...]) -> None:
    write(3)
    assert head_by_hand(trail_key, *lines).signed_at is None
    assert any("at most one time, in UTC" in fault for fault in verify().faults)


def test_the_database_refuses_to_change_keys_heads_and_tree(trail_key: TrailKey) -> None:
    write(260)
    heads.sign()
    for rows in (TrailKey.objects, TreeHead.objects, Subtree.objects):
        key = rows.model._meta.pk.attname
        for act in (rows.all().delete, lambda rows=rows, key=key: rows.update(**{key: 9})):
            with pytest.raises(IntegrityError), transaction.atomic():
                act()


@pytest.mark.parametrize("text", ["", "x", "a\n1\n\n— a AAAA\n", "a\n01\n" + "A" * 43 + "=\n\n— a " + "A" * 92 + "\n"])
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(checkpoint.NotACheckpoint):
        checkpoint.parsed(text)


@pytest.mark.parametrize("at_once", [1, 3, 7, 200])
def test_what_is_wrong_is_named_alike_however_many_entries_are_looked_at_at_once(
    at_once: int, trail_key: TrailKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A head within a stretch, and of three entries one whose text, one whose column, one whose detail is another."""
    write(2)
    first = heads.sign()
    write(9)
    heads.sign()
    write(3)
    assert first is not None
    begun = first.size
    monkeypatch.setattr(entries, "CHUNK", at_once)
    assert verify().heads == 2
    with guards_lifted():
        AuditEvent.objects.filter(seq=begun + 2).update(body="{}")
        AuditEvent.objects.filter(seq=begun + 4).update(action="test.other")
        PersonalDetail.objects.filter(pk=begun + 11).update(text='{"reason":"none"}')
    report = verify()
    others = f"at entry {begun + 9:,} was signed for other entries than those that stand here now"
    assert set(report.faults) == {
        f"entry {begun + 2:,}: its text was changed after it was written",
        f"entry {begun + 4:,}: its column action says something else than its text",
        f"entry {begun + 11:,}: its personal detail was changed after it was written",
        f"a head in the database {others}",
        f"a head in the file of heads {others}",
    }
    assert (report.entries, report.heads, report.last_head) == (begun + 12, 1, begun)
    assert len(verify(limit_faults=2).faults) == 2
