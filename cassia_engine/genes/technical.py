"""Genes that tell little of a cell's type, by the patterns of data/technical_genes.tsv.

The table has one row per pattern: `species` (whose genes have such names; "any" for both), `kind`, `pattern` (a
regular expression for a whole symbol in upper case), `keep` (members that stay in a list all the same, "*" for all of
them) and `why`. Letter case does not matter, since human and mouse symbols differ in little else. Of several rows the
first that fits counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from cassia_engine import package_data
from cassia_engine.genes.genomes import without_assembly

_ALL = "*"


@dataclass(frozen=True, slots=True)
class Trait:
    """What the table says of a gene: its kind, and whether it is set aside for that."""

    kind: str
    aside: bool


@cache
def trait(gene: str) -> Trait | None:
    """What the table says of a symbol, in any case and with R's "." for "-"; None if nothing."""
    symbol = without_assembly(gene.strip()).upper()
    # A clone's name has a "." of its own (AC092580.4), so R's dashes are tried second.
    for spelling in dict.fromkeys((symbol, symbol.replace(".", "-"))):
        found = _patterns().fullmatch(spelling)
        if found and found.lastgroup:
            row = _rows()[int(found.lastgroup[1:])]
            return Trait(row.kind, _ALL not in row.keep and spelling not in row.keep)
    return None


def is_technical(gene: str) -> bool:
    """Whether a gene is set aside."""
    found = trait(gene)
    return found is not None and found.aside


@cache
def kinds() -> tuple[str, ...]:
    """The kinds of the table, in its order."""
    return tuple(dict.fromkeys(row.kind for row in _rows()))


@dataclass(frozen=True, slots=True)
class _Row:
    kind: str
    pattern: str
    keep: frozenset[str]


@cache
def _rows() -> tuple[_Row, ...]:
    rows = package_data.rows("technical_genes.tsv")
    return tuple(_Row(kind, pattern, frozenset(keep.split())) for _, kind, pattern, keep, _ in rows)


@cache
def _patterns() -> re.Pattern[str]:
    """All patterns as one; the name of the group that fits is that of its row."""
    plain = (re.sub(r"\((?!\?)", "(?:", row.pattern) for row in _rows())
    return re.compile("|".join(f"(?P<r{place}>{pattern})" for place, pattern in enumerate(plain)))
