"""Digests that other rooms and other programs can repeat."""

import math
import random
import struct

import pytest
import rfc8785

from evaluation import digests
from training.digests import folder_digest as trainers_folder_digest


def test_canonical_json_is_rfc_8785_as_another_implementation_writes_it():
    source = random.Random(0)  # noqa: S311 - test numbers, not secrets
    for _ in range(3000):
        value = struct.unpack("<d", source.randbytes(8))[0]
        if math.isfinite(value):
            assert digests.canonical(value) == rfc8785.dumps(value)
    mixed = {"b": [1, 1.0, 1e-7, 1e21, -0.0, True, None], "a": "é\n\u2028", "😀": 1, "\ufb33": 2}
    assert digests.canonical(mixed) == rfc8785.dumps(mixed)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**60, {1, 2}])
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises(ValueError, match=r"JSON"):
        digests.canonical(value)


def test_a_model_folder_has_the_digest_that_the_trainers_manifest_states(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / ".cache").mkdir()
    for name in ("config.json", "model.safetensors", "sub/tokenizer.json", ".cache/x.json", "README.md", "t.jinja"):
        (tmp_path / name).write_text(name)
    assert digests.folder_digest(tmp_path) == trainers_folder_digest(tmp_path)
    before = digests.folder_digest(tmp_path)
    (tmp_path / "README.md").write_text("changed")
    assert digests.folder_digest(tmp_path) == before
    (tmp_path / "model.safetensors").write_text("changed")
    assert digests.folder_digest(tmp_path) != before
