"""The canonical JSON that we write ourselves is, byte for byte, what the reference library for RFC 8785 writes."""

from datetime import UTC
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.foundation.core.canonical import canonical, plain

leaves = (
    st.none() | st.booleans() | st.integers() | st.text() | st.uuids() | st.datetimes(timezones=st.just(UTC))
    | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(0, 5), inner, max_size=5)
    ),
    max_leaves=15,
)


def bytes_or_refusal(value: Any, write: Any) -> bytes | None:
    try:
        written: bytes = write(value)
    except ValueError:
        return None
    return written


@settings(max_examples=150, deadline=None)
@given(values)
def test_every_value_is_spelt_as_the_reference_spells_it(value: Any) -> None:
    assert bytes_or_refusal(value, canonical) == bytes_or_refusal(plain(value), rfc8785.dumps)


def test_names_are_ordered_by_their_utf_16_units() -> None:
    assert canonical({"\U0001f600": 1, "\ufb33": 2, "é": 3, "a": 4}).decode() == '{"a":4,"é":3,"😀":1,"\ufb33":2}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53 + 1, "\ud800"])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        canonical({"value": [value]})
