"""The verifier's own arithmetic, against other implementations: Ed25519 with OpenSSL, canonical JSON with rfc8785."""

import json
import struct
from pathlib import Path

import pytest
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.delivery.evidence import verify
from governance.foundation.core import canonical as core

RFC_8032 = json.loads((Path(__file__).parent / "data/rfc8032_ed25519.json").read_text())["vectors"]


@pytest.mark.parametrize("vector", RFC_8032, ids=[vector["name"] for vector in RFC_8032])
def test_the_vectors_of_rfc_8032_hold_and_each_change_to_them_does_not(vector: dict) -> None:
    key, signature = bytes.fromhex(vector["public_key"]), bytes.fromhex(vector["signature"])
    message = bytes.fromhex("".join(vector["message"]))
    assert verify.ed25519_holds(key, message, signature)
    assert not verify.ed25519_holds(key, message + b"x", signature)
    assert not verify.ed25519_holds(key, message, signature[:-1])
    order = 2**252 + 27742317777372353535851937790883648493
    unreduced = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert not verify.ed25519_holds(key, message, unreduced)


@settings(max_examples=60, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=80), flip=st.integers(0, 96 * 8 - 1))
def test_signatures_are_judged_as_openssl_judges_them(seed: bytes, message: bytes, flip: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    both = key.public_key().public_bytes_raw() + key.sign(message)
    assert verify.ed25519_holds(both[:32], message, both[32:])
    changed = bytearray(both)
    changed[flip // 8] ^= 1 << flip % 8
    public, signature = bytes(changed[:32]), bytes(changed[32:])
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        theirs = True
    except (InvalidSignature, ValueError):
        theirs = False
    assert verify.ed25519_holds(public, message, signature) == theirs


# --- Canonical JSON -------------------------------------------------------------------------------------------

EXACT = st.integers(-(2**53) + 1, 2**53 - 1)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | EXACT | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=400, deadline=None)
@given(JSON)
def test_canonical_json_is_that_of_the_rfc8785_package_and_of_the_platform(value: object) -> None:
    assert verify.canonical(value) == rfc8785.dumps(value) == core.canonical(value)
    assert verify.canonical(verify.parse_json(verify.canonical(value), "value")) == verify.canonical(value)


@settings(max_examples=1500, deadline=None)
@given(NUMBERS | st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0]))
def test_numbers_are_spelt_as_ecmascript_spells_them(number: float) -> None:
    if number - number == 0:
        assert verify.canonical(number) == rfc8785.dumps(number)
    else:
        with pytest.raises(verify.Malformed):
            verify.canonical(number)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [("1E21", "1e+21"), ("1e20", "100000000000000000000"), ("0.000001", "0.000001"), ("1e-7", "1e-7"), ("-0.0", "0"),
     ("333333333.33333329", "333333333.3333333"), ("9007199254740993", "9007199254740992"), ("4.50", "4.5"),
     ("5e-324", "5e-324"), ("1.7976931348623157e308", "1.7976931348623157e+308"), ("2e-3", "0.002"),
     ('"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/"', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
     ('{"\\ufb33": 1, "\\ud83d\\ude00": 2, "a": 3}', '{"a":3,"😀":2,"\ufb33":1}')],
)  # fmt: skip
def test_the_examples_of_rfc_8785_hold(written: str, canonical: str) -> None:
    """Numbers of appendix B, the text of section 3.2.2.2, and the order by UTF-16 units of section 3.2.3."""
    assert verify.canonical(verify.parse_json(written.encode(), "value")).decode() == canonical


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":2}', "NaN", "[Infinity]", "1e999", '"\\ud800"', "", "[", "\ufeff1", "01", "9" * 5000]
)
def test_json_with_no_agreed_meaning_is_malformed(text: str) -> None:
    with pytest.raises(verify.Malformed):
        verify.canonical(verify.parse_json(text.encode(), "value"))
