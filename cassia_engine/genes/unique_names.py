"""Numbers that R and pandas put behind a name that is there twice: CD3D.1, CD3D-1, CD3D...9 of dplyr, and CD3D1 in R's
row names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping

from cassia_engine.genes.ids import is_id
from cassia_engine.genes.technical import trait
from cassia_engine.knowledge.known import is_known, is_symbol
from cassia_engine.knowledge.proteins import is_protein_only, is_target

_PARTED = re.compile(r"(?P<base>.+)[.\-_](?P<number>[1-9]\d*)")
_NUMBERED = re.compile(r"[.\-_][1-9]\d*$")
# dplyr puts the number of its row behind each name that is there twice, also behind the first.
_BY_POSITION = re.compile(r"(?P<base>.+)\.\.\.[1-9]\d*")
_ANTIBODIES = 0.5
# A gene that is not known may end with a number: as many names as this do where row names were made unique.
_LEAST, _LEAST_SHARE = 2, 0.01


def without_numbers(names: Collection[str], species: str | None, repeated: bool) -> tuple[str, Mapping[str, str]]:
    """Names that were made unique by a number, with their base. The base is another name of the table, and a known
    gene; a name that is a known gene itself stays (CD14, though CD1 is there).

    Args:
        species: "human" or "mouse", whose genes are known; None for another one.
        repeated: whether a name stands in several rows of the table; then they are no row names, and a number without
            a "." or "-" before it belongs to the name.
    """
    # Looked at first: most tables have none, and to look a name up takes longer.
    numbered = [name for name in names if (_NUMBERED.search(name) if repeated else name[-1:].isdigit())]
    targets = any(map(is_target, numbered)) and sum(map(is_target, names)) > _ANTIBODIES * len(names)
    unknown = [name for name in numbered if not _is_name(name, species, targets)]
    found = {name: base for name in unknown if (base := _parted_base(name, names, repeated))}
    found |= _numbered_by_position(unknown)
    if not repeated:
        found = {**_digits(unknown, names), **found}
    return "the number that makes names unique", found


def may_be_numbered(names: Collection[str], repeated: bool) -> bool:
    """Whether names may end with a number that was added, so that all names of the table are to be known."""
    if repeated:
        parted = (found for name in names if (found := _PARTED.fullmatch(name)) and not is_symbol(name))
        return any(found["base"] not in names and is_symbol(found["base"]) for found in parted)
    return any(name[-1:].isdigit() and not is_symbol(name) for name in names)


def ambiguous(names: Collection[str], changed: Mapping[str, str]) -> tuple[str, ...]:
    """Known genes that may be another gene of the table with a number, where numbers without a "." were taken away."""
    if not any(name.removeprefix(base).isdecimal() for name, base in changed.items()):
        return ()
    return tuple(sorted(name for name in names if name not in changed and is_symbol(_digits_base(name, names))))


def _digits(unknown: Collection[str], names: Collection[str]) -> Mapping[str, str]:
    """Names with a number behind their base. Where enough of them have a known gene as base, all have one."""
    found = {name: base for name in unknown if (base := _digits_base(name, names))}
    known = sum(map(is_symbol, found.values()))
    return found if known >= max(_LEAST, _LEAST_SHARE * len(names)) and 2 * known >= len(found) else {}


def _parted_base(name: str, names: Collection[str], repeated: bool) -> str:
    parted = _PARTED.fullmatch(name)
    if not parted or parted["base"] not in names:
        return ""
    # Where no name is repeated, also a gene of a species that nothing is known of may be a base.
    base = parted["base"]
    return base if is_symbol(base) or is_target(base) or not repeated else ""


def _numbered_by_position(names: Collection[str]) -> Mapping[str, str]:
    """Names with the number of their row behind them: their base is a known gene, or that of another name too."""
    found = {name: parted["base"] for name in names if (parted := _BY_POSITION.fullmatch(name))}
    counts = Counter(found.values())
    return {name: base for name, base in found.items() if counts[base] > 1 or is_symbol(base) or is_target(base)}


def _digits_base(name: str, names: Collection[str]) -> str:
    """The longest other name of the table that this is with a number behind it: with 1, or with one that follows."""
    for end in range(len(name) - 1, 1, -1):
        base, number = name[:end], name[end:]
        if not number.isdecimal():
            break
        if number[0] != "0" and base in names and (number == "1" or f"{base}{int(number) - 1}" in names):
            return base
    return ""


def _is_name(name: str, species: str | None, antibodies: bool) -> bool:
    """Whether this is a gene's name as it stands."""
    if antibodies and is_target(name):
        return True
    if is_protein_only(name):
        return False  # in a table of genes CD31 is CD3 with a number, or nothing that is known
    known = is_known(name, species) if species else is_symbol(name)
    return known or (is_id(name) or (trait(name) is not None and not name[-1].isdigit()))
