"""Canonical JSON and folder digests, checked by other implementations."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from preparation.digests import canonical_json, folder_digest

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(VALUES)
def test_canonical_json_is_that_of_the_rfc_8785_package(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@given(st.integers(0, 2**64 - 1))
def test_every_double_is_written_as_the_rfc_has_it(bits: int) -> None:
    (value,) = struct.unpack("<d", struct.pack("<Q", bits))
    if value - value == 0:  # finite
        assert canonical_json(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, {1: 2}, {"a": {3}}])
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"JSON|exactly|text"):
        canonical_json(value)


def test_a_folder_digest_can_be_repeated_with_json_and_hashlib_alone(tmp_path: Path) -> None:
    files = {"model.safetensors": b"w", "config.json": b"{}", "sub/chat.jinja": b"t", "Z.txt": b"z", "é.json": b"e"}
    others = {"README.md": b"notes", ".git/config.json": b"x", "weights.bin": b"y"}
    for name, content in {**files, **others}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    listing = sorted([[name, hashlib.sha256(content).hexdigest()] for name, content in files.items()])
    text = json.dumps(listing, ensure_ascii=False, separators=(",", ":"))
    assert folder_digest(tmp_path) == hashlib.sha256(text.encode()).hexdigest()


def test_a_folder_digest_moves_with_content_and_names_alone(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    assert folder_digest(tmp_path / "one") == folder_digest(tmp_path / "two")
    (tmp_path / "two" / "config.json").write_text("{ }")
    assert folder_digest(tmp_path / "one") != folder_digest(tmp_path / "two")
