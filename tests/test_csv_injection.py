"""Cells of a CSV: no spreadsheet runs one, whatever it takes for a separator, and all read back as they were."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cassia_engine.csv_injection import csv_row, guard, unguard

# What a spreadsheet looks at, with what it drops before it, and what may begin a cell of its own.
ALPHABET = "=+-@＝＋－＠﹦;\t\r\n' \u200b\ufeff\u00a0\u2060\u00ad\x00\x0b\u3000,\"aé1"
TEXTS = st.text(st.sampled_from(ALPHABET)) | st.text()


def begins_formula(text: str) -> bool:
    """Whether a spreadsheet runs a cell of this text: blanks and what is not seen are dropped, full width is plain."""
    unseen = {"Zs", "Zl", "Zp", "Cc", "Cf"}
    seen = "".join(character for character in text if unicodedata.category(character) not in unseen)
    return unicodedata.normalize("NFKC", seen[:1]).startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("=1+1", "'=1+1"),
        ("'=1", "''=1"),
        (" =1", "' =1"),
        ("\u200b\ufeff=1", "'\u200b\ufeff=1"),
        ("\u00a0-1", "'\u00a0-1"),
        ("＝1", "'＝1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠x", "'＠x"),
        ("B cell;=1+1", "B cell;'=1+1"),
        ("B cell; -1; @x", "B cell;' -1;' @x"),
        ("a\t=1", "a\t'=1"),
        ("\t=1", "'\t'=1"),
        ("a\r=1", "a\r'=1"),
        ("a\n@x", "a\n'@x"),
        ("\rcell", "'\rcell"),
    ],
)
def test_formulas_are_guarded_where_a_cell_may_begin(text: str, guarded: str) -> None:
    assert guard(text) == guarded
    assert unguard(guarded) == text


@pytest.mark.parametrize(
    "text",
    ["", "'", "B cell", "CD4+ T cell", "7_0", "a; b", "Evidence:\n- CD3D\n+ CD3E", "'quoted'", "x = 1", " padded "],
)
def test_what_runs_nowhere_stays_as_it_is(text: str) -> None:
    assert guard(text) == text


@settings(deadline=None)
@given(TEXTS)
@example(";\t=")
@example("';'=")
@example("\t\t'=1")
def test_reading_is_the_inverse_of_guarding(text: str) -> None:
    assert unguard(guard(text)) == text
    assert guard(unguard(guard(text))) == guard(text)


@settings(deadline=None)
@given(TEXTS)
def test_no_cell_begins_a_formula_in_any_reader(text: str) -> None:
    found = guard(text)
    assert not begins_formula(found)
    for separator in ";\t":
        for line in found.replace("\r", "\n").split("\n"):
            first, *others = line.split(separator)
            assert not any(map(begins_formula, others)), repr(found)
            # The bullet of a list, within a cell that is quoted.
            assert not begins_formula(first) or set(first) & set("+-＋－﹢﹣"), repr(found)


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=2, max_size=4))
def test_rows_are_read_as_they_were_written(cells: list[str]) -> None:
    text = csv_row(cells) * 2
    assert list(csv.reader(io.StringIO(text, newline=""))) == [cells, cells]


def test_a_lone_carriage_return_is_quoted() -> None:
    assert csv_row(["a\r=1", "b", 'c"', "d,e", "f\ng"]) == '"a\r=1",b,"c""","d,e","f\ng"\n'
