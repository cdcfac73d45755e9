"""Whether the cells of a column look like gene names, by their form and by the symbols that the bundled tables know."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from enum import Enum
from functools import lru_cache

from cassia_engine.knowledge.known import is_symbol
from cassia_engine.markers.files.source import MISSING

# What else programs write for an empty cell of a column that is shorter than the others.
_PADDING = (*MISSING, "nan", "None", "<NA>")
# A symbol, an id of a database or a name with a version; a space may stand in it, as in "H2 K1".
_NAME = re.compile(r"[^\s,;]{1,40}( [^\s,;]{1,20})?")
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?|[-+]?inf(inity)?", re.IGNORECASE)
_ID = re.compile(r"(?i:ens[a-z]{0,6}[gt]\d{6,}(\.\d+)?)|(?=.*\d)[A-Za-z]\w*([.\-:|]\w+)*")
_MOST = 0.9


class Kind(Enum):
    """What the cells of a column are."""

    EMPTY = "empty"
    NUMBERS = "numbers"
    NAMES = "names"
    OTHER = "other"


def filled(cells: Iterable[str]) -> list[str]:
    """The cells that hold something, without white space around them."""
    return [text for cell in cells if (text := cell.strip()) not in _PADDING]


def is_number(cell: str) -> bool:
    """Whether a cell is a number, with either decimal sign."""
    return bool(_NUMBER.fullmatch(cell))


def kind_of(cells: Sequence[str]) -> Kind:
    """What nearly all filled cells of a column are."""
    found = filled(cells)
    if not found:
        return Kind.EMPTY
    if all(map(is_number, found)):
        return Kind.NUMBERS
    named = sum(bool(_NAME.fullmatch(cell)) and not is_number(cell) for cell in found)
    return Kind.NAMES if named >= _MOST * len(found) else Kind.OTHER


def known_share(cells: Collection[str]) -> float:
    """Which part of the filled cells are known gene symbols, 0 to 1."""
    found = filled(cells)
    return sum(map(is_known, found)) / len(found) if found else 0.0


def distinct_share(cells: Iterable[str]) -> float:
    """Which part of the filled cells is there for the first time, 0 to 1; 1 where none has a letter or digit."""
    found = [cell for cell in filled(cells) if any(map(str.isalnum, cell))]
    return len(set(found)) / len(found) if found else 1.0


def id_share(cells: Collection[str]) -> float:
    """Which part of the filled cells have the form of a gene's id, whatever the species: letters with digits."""
    found = filled(cells)
    return sum(bool(_ID.fullmatch(cell)) for cell in found) / len(found) if found else 0.0


@lru_cache(maxsize=65536)
def is_known(name: str) -> bool:
    """Whether this is a known symbol of human or mouse, also with an id or R's suffix; a letter is none."""
    forms = (name, re.sub(r"[._]\d+$", "", name), *re.split(r"[|:]", name))
    return any(len(form) > 1 and is_symbol(form) for form in forms)
