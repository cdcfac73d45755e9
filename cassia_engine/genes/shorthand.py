"""Several genes under one name in short: CD3D/E/G, CD79A/B, S100A8/9, CD3D-G."""

from __future__ import annotations

import re

from cassia_engine.genes.recognised import is_recognised
from cassia_engine.knowledge.known import is_symbol
from cassia_engine.knowledge.short_names import continued

_SLASHED = re.compile(r"(?P<first>[A-Za-z][\w\-]{1,14})(?P<rest>(?:\s?/\s?-?\w{1,4}){1,8})")
_RANGE = re.compile(
    r"(?P<head>[A-Za-z][A-Za-z\d]{1,10}?)(?P<first>\d{1,2}|[A-Za-z])\s?[-–]\s?(?P<last>\d{1,2}|[A-Za-z])"
)
_LONGEST_RANGE, _MOST_UNKNOWN = 8, 1


def expanded(name: str) -> tuple[str, ...]:
    """The genes that a name stands for, all of them known; () for a name of one gene."""
    if name.isalnum() or is_recognised(name):
        return ()
    if found := _SLASHED.fullmatch(name):
        return _slashed(found["first"], re.split(r"\s?/\s?-?", found["rest"])[1:])
    return _range(found["head"], found["first"], found["last"]) if (found := _RANGE.fullmatch(name)) else ()


def is_unclear(name: str) -> bool:
    """Whether a name may stand for several genes, of which some are not known."""
    found = None if name.isalnum() or is_recognised(name) else _SLASHED.fullmatch(name) or _RANGE.fullmatch(name)
    if not found or expanded(name):
        return False
    return is_recognised(found["first"] if found.re is _SLASHED else found["head"] + found["first"])


def _slashed(first: str, rest: list[str]) -> tuple[str, ...]:
    if not is_recognised(first):
        return ()
    genes = [first]
    for part in rest:
        forms = (part, *continued(first, part))
        genes += [next((form for form in forms if len(form) > 1 and is_recognised(form)), "")]
    return tuple(dict.fromkeys(genes)) if all(genes) else ()


def _range(head: str, first: str, last: str) -> tuple[str, ...]:
    """The known genes from the first to the last, both of them known: of CD3D-G there is no CD3F."""
    if first.isdigit() != last.isdigit() or not all(is_symbol(head + end) for end in (first, last)):
        return ()
    if head.upper() == "CD" and first.isdigit():
        return ()  # CD4-8
    start, end = (int(text) if text.isdigit() else ord(text) for text in (first, last))
    every = [f"{head}{number if first.isdigit() else chr(number)}" for number in range(start, end + 1)]
    genes = tuple(filter(is_symbol, every))
    return genes if 1 < len(every) <= _LONGEST_RANGE and len(every) - len(genes) <= _MOST_UNKNOWN else ()
