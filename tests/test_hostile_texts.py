"""Texts that were made to take patterns long: the time to read one grows with its length only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from cassia_engine.errors import UsageError
from cassia_engine.genes.gene_names import learn
from cassia_engine.genes.ids import id_kind
from cassia_engine.genes.recognised import is_recognised
from cassia_engine.knowledge.tissues import TissueTable
from cassia_engine.markers.lists.gene_lists import parse_genes
from cassia_engine.markers.lists.not_tables import refuse_notation
from cassia_engine.providers.chat import Finish
from cassia_engine.replies.claims import read_annotation, read_validation

LENGTH = 10_000  # characters; what was quadratic took seconds to minutes for these, and what was exponential for ever
MOST_S = 5.0  # of CPU time, so that a busy machine does not matter; a tenth of it is used


def filled(unit: str, before: str = "", behind: str = "") -> str:
    return before + (unit * LENGTH)[:LENGTH] + behind


LISTS = {
    "runs of commas before what is no source": filled(",", "CD3D", "!"),
    "addresses in a row": filled("https://", "CD3D, ", "\n!"),
    "one word": filled("a", "CD3D, "),
    "digits": filled("1", "(", "a"),
    "commas in a bracket that stays open": filled("a,", "CD3D ("),
    "brackets that stay open": filled("a(", "CD3D "),
    "empty lines of HTML": filled("<br>", "CD3D, ", "!"),
    "escaped line ends": filled("\\n", '["CD3D,', 'CD3E"]'),
    "genes behind an arrow": filled("a,", "↑CD3D, "),
    "a rank before one word": filled("a", "1 ", " b c"),
    "dots": filled(".", "CD3D ", "a"),
    "lines under a word": filled("_", "CD3D ", "genes!"),
    "brackets with genes of a direction": filled("(down: A) ", "CD3D ", "!"),
}
NAMES = ("A-", "A1 ", "(", "a.", "chr1_", "chr1.a", "- ")


def used(read: Callable[[], object]) -> float:
    """Seconds of CPU time that reading took; what cannot be read is refused, also in time."""
    start = time.process_time()
    with suppress(UsageError):
        read()
    return time.process_time() - start


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_genes(name: str) -> None:
    assert used(lambda: parse_genes(LISTS[name])) < MOST_S


def names() -> Iterator[str]:
    return (filled(unit, end) for unit in NAMES for end in ("", "CD3D"))


def test_names_of_genes() -> None:
    assert used(lambda: [is_recognised(name) for name in names()]) < MOST_S
    assert used(lambda: id_kind([*names()])) < MOST_S
    assert used(lambda: learn([*names()], None, repeated=False, symbols={})) < MOST_S


def test_rules_of_markdown() -> None:
    assert used(lambda: refuse_notation(["a|b", filled(" ", "---|---|", "x")], "x")) < MOST_S


@pytest.mark.parametrize(
    "unit", ["...", "…", '"', "'", "“", "{", "[", "a: ", "a:", "//", "/*", "\\", "<a>", "** ", " ", "no "]
)
def test_replies(unit: str) -> None:
    text = filled(unit)
    forms = (
        text,
        f"{{{text}}}",
        f'{{"lineage": {text}}}',
        f"<lineage>{text}!</lineage>",
        f"Lineage: {text}\nCandidates: {text}",
    )
    assert (
        used(lambda: [read(form, Finish.STOP) for form in forms for read in (read_annotation, read_validation)])
        < MOST_S
    )


def test_tissues() -> None:
    words = " ".join(f"place{number}" for number in range(LENGTH // 10))
    assert used(lambda: TissueTable.load().nearest(words)) < MOST_S
