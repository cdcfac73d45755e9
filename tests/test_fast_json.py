"""Keys of old journals are found again only if every byte is as json writes it; replies are read as json reads them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cassia_engine.fast_json import ascii_json, parsed_json, rows_json

TEXTS = st.text(st.sampled_from('aZ~ü€😀\x7f\x00\n"\\/<\u2028\ud800'), max_size=5)
PLAIN = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | TEXTS
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
DEEP = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
BODIES = st.dictionaries(TEXTS, DEEP | FLOATS | st.dictionaries(TEXTS, DEEP | FLOATS, max_size=3), max_size=4)


@settings(max_examples=50)
@given(BODIES, st.booleans())
@example({"a": 0.2, "b": 2.0, "c": 1e-300, "d": -0.0}, False)
@example({"body": {"options": {"temperature": 1e-5}}}, False)
@example({"body": {"temperature": -1e-7}}, True)
@example({"content": 'CD8+ αβ T cell \x7f \u2028 </s> "\\'}, True)
@example({"b": {"ü": 1, "~": 2}, "a": [None]}, True)
@example({"half a pair": "\ud800", "large": 2**70}, False)
def test_bytes_are_those_of_json(data: dict[str, Any], sort_keys: bool) -> None:
    expected = json.dumps(data, separators=(",", ":"), allow_nan=False, sort_keys=sort_keys)
    assert ascii_json(data, sort_keys) == expected.encode()


@settings(max_examples=50)
@given(st.lists(st.lists(TEXTS | st.none() | st.floats(1e-3, 1e9), max_size=5), min_size=1, max_size=4))
@example([["CD3D", 0.5, None], ["é\x7f", -0.0]])
def test_rows_are_as_json_writes_them(rows: list[Any]) -> None:
    expected = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    assert rows_json(rows) == ("" if "\ud800" in expected else f"[\n{expected}\n]")


@pytest.mark.parametrize("rows", [[["a"], {"b": 1}], [[1e-6]], [[1e16]], [[math.nan]], [["],["]], [[["a"], ["b"]]]])
def test_other_rows_are_left_to_json(rows: list[Any]) -> None:
    assert rows_json(rows) == ""


def test_other_mappings_are_objects() -> None:
    assert ascii_json({"a": MappingProxyType({"b": 1})}) == b'{"a":{"b":1}}'


@pytest.mark.parametrize("data", [{"a": math.nan}, {"a": {"b": math.inf}}, {"a": {"b": {"c": -math.inf}}}])
def test_what_is_no_number_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="JSON"):
        ascii_json(data)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "18446744073709551616",
            "-0",
            "-0.0",
            "1E5",
            "1e400",
            "NaN",
            "0.1e-7",
            '{"a":1,"a":2}',
            '"\\ud800"',
            '"\ud800"',
        ),
        *('"\\ud83d\\ude00"', "[1] x", "\ufeff{}", '"\x01"', '"a\tb"', "nan", "", "[1,]", "[" * 100_000, '"\xe9"'),
    ],
)
def test_what_is_read_is_what_json_reads(text: str) -> None:
    assert said(parsed_json, text) == said(json.loads, text)


@pytest.mark.parametrize("raw", [b'"\xff"', b'\xef\xbb\xbf{"a":1}', '"é"'.encode("utf-16"), '"é"'.encode("latin-1")])
def test_bytes_are_read_as_json_reads_them(raw: bytes) -> None:
    assert said(parsed_json, raw) == said(json.loads, raw)


def said(read: Callable[[Any], Any], text: str | bytes) -> str:
    try:
        return repr(read(text))
    except (ValueError, RecursionError) as error:
        return type(error).__name__
