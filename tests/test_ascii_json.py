"""JSON of requests: keys of old journals are found again only if every byte is as json writes it."""

from __future__ import annotations

import json
import math
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cassia_engine.ascii_json import ascii_json

TEXTS = st.text(st.sampled_from("aZ~ü€😀\x7f\x00\n\"\\/<\u2028\ud800"), max_size=5)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(-1e15, 1e15, allow_nan=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=50)
@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.booleans())
@example({"a": 1e-5, "b": -1e-7, "c": 0.2, "d": 2.0}, False)
@example({"content": "CD8+ αβ T cell \x7f \u2028 </s> \"\\"}, True)
@example({"b": {"ü": 1, "~": 2}, "a": [None]}, True)
@example({"half a pair": "\ud800", "large": 2**70}, False)
def test_bytes_are_those_of_json(data: dict[str, Any], sort_keys: bool) -> None:
    expected = json.dumps(data, separators=(",", ":"), allow_nan=False, sort_keys=sort_keys)
    assert ascii_json(data, sort_keys) == expected.encode()


def test_other_mappings_are_objects() -> None:
    assert ascii_json({"a": MappingProxyType({"b": 1})}) == b'{"a":{"b":1}}'


@pytest.mark.parametrize("data", [{"a": math.nan}, {"a": [math.inf]}, {"a": [1, -math.inf]}])
def test_what_is_no_number_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="JSON"):
        ascii_json(data)
