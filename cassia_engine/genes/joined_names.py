"""Gene names that are several names in one: an id joined to a symbol, a symbol twice, fields between bars."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

from cassia_engine.genes.ids import CERTAIN, LONGEST_NAME, is_id
from cassia_engine.genes.recognised import is_recognised, share

_ID = rf"\(?(?:{CERTAIN})\)?"
_ID_FIRST = re.compile(rf"{_ID}[_:|\-/;,~. ]+\(?(?P<symbol>.+?)\)?")
_ID_LAST = re.compile(rf"(?P<symbol>.+?)[_:|\-/;,~. ]*(?:[_:|\-/;,~. ]|(?=\()){_ID}")
_HAS_ID = re.compile(CERTAIN)
_IS_ID = re.compile(_ID)
# BD Rhapsody and others write a symbol twice: CD3D|CD3D-P.
_TWICE = re.compile(r"(?P<symbol>.+?)[_:|\-/.~ ]\(?(?P=symbol)\)?(?:[-_.]?P)?", re.IGNORECASE)
_KNOWN, _MOST, _SAME = 0.5, 0.8, 0.2
_NOTHING = re.compile(r"[-_.\s]*(?:NA|NaN|nan|None)?[-_.\s]*")


def without_ids(names: Collection[str]) -> tuple[str, Mapping[str, str]]:
    """Names of an id and a symbol, with the symbol of each. That is certain, and so done for single names too."""
    found = {name: symbol for name in names if (symbol := joined_symbol(name))}
    counts = Counter(found.values())
    # What many ids have before them is no symbol: GRCh38_ENSG00000167286.
    shared = {symbol for symbol, n in counts.items() if n > max(1, _SAME * len(found)) and not is_recognised(symbol)}
    found = {name: symbol for name, symbol in found.items() if symbol not in shared}
    return "the id joined to the symbol", found


def joined_symbol(name: str) -> str:
    """The symbol of a name that is an id and a symbol; "" of another name."""
    if len(name) > LONGEST_NAME or name.isalnum() or not _HAS_ID.search(name):
        return ""  # as nearly all names; the rest is slow
    match = None if is_id(name) else _ID_FIRST.fullmatch(name) or _ID_LAST.fullmatch(name)
    return match["symbol"] if match and not _NOTHING.fullmatch(match["symbol"]) else ""


def join_pairs(parts: Sequence[str], least: int) -> list[str]:
    """The parts of a list, an id joined to its symbol by a bar where symbols and ids alternate throughout.

    Args:
        least: of fewer pairs than these the ids may be genes of their own, which have no symbol.
    """
    symbols, ids = parts[::2], parts[1::2]
    if ids and _IS_ID.fullmatch(parts[0]) and not _IS_ID.fullmatch(parts[1]):
        symbols, ids = ids, symbols
    if len(symbols) != len(ids) or len(ids) < least or not all(map(_IS_ID.fullmatch, ids)):
        return list(parts)
    # A gene without a symbol has its id in both places.
    if any(_IS_ID.fullmatch(symbol) and symbol != id_ for symbol, id_ in zip(symbols, ids, strict=True)):
        return list(parts)
    return [f"{symbol}|{id_}" if symbol != id_ else id_ for symbol, id_ in zip(symbols, ids, strict=True)]


def without_other_fields(names: Collection[str]) -> tuple[str, Mapping[str, str]]:
    """Names of several fields, with the one of each that is a symbol, learned from all with as many fields."""
    twice = {name: match["symbol"] for name in names if not name.isalnum() and (match := _TWICE.fullmatch(name))}
    if len(twice) >= _MOST * len(names) and share(set(twice)) < _KNOWN:
        return "the second writing of the symbol", twice
    groups: dict[int, list[str]] = defaultdict(list)
    for name in names:
        if "|" in name:
            groups[name.count("|")].append(name)
    found: dict[str, str] = {}
    for some in groups.values():
        columns = list(zip(*(name.split("|") for name in some), strict=True))
        shares = [share([field for field in column if not is_id(field)]) for column in columns]
        if max(shares) >= _KNOWN:
            fields = columns[shares.index(max(shares))]
            found |= {name: field for name, field in zip(some, fields, strict=True) if field}
    return "the other fields between bars (|)", found


def without_alternatives(names: Collection[str]) -> tuple[str, Mapping[str, str]]:
    """Names of several genes that a probe fits (CD3D /// CD3DP1), with the first of each that is known."""
    found = {}
    for name in (name for name in names if "///" in name):
        parts = [part for text in name.split("///") if (part := text.strip())]
        if parts:
            found[name] = next(filter(is_recognised, parts), parts[0])
    return "the further genes behind ///", found
