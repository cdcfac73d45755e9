"""Ids of clusters that may be one id written in two ways, or not what they were before a spreadsheet opened them."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Sequence

from cassia_engine.errors import quoted, shown
from cassia_engine.genes.dates import is_date
from cassia_engine.genes.recognised import is_recognised
from cassia_engine.markers.files.source import Source

log = logging.getLogger(__name__)

_WHOLE = re.compile(r"0*(?P<number>\d+)(?:\.0+)?")
_SIGN = re.compile(
    r"(?P<base>.*?\S)(?:[\s_.\-]*(?P<sign>[+\-])|[\s_.\-(]+(?P<word>pos(?:itive)?|neg(?:ative)?|top|bottom)(?:[\s_]markers?)?\)?)",
    re.IGNORECASE,
)
_DOWN = ("-", "neg", "negative", "bottom")


def warn_of_ids(source: Source, ids: Sequence[str]) -> None:
    """Warn of ids that differ in spaces, letter case or the notation of a number only, and of dates."""
    alike: dict[str, list[str]] = defaultdict(list)
    for id_ in ids:
        alike[_plain(id_)].append(id_)
    several = [some for some in alike.values() if len(some) > 1]
    if several:
        pairs = " and ".join(map(quoted, several[0]))
        more = f" and {len(several) - 1} more" if len(several) > 1 else ""
        what = "ids of clusters differ in spaces, letter case or notation only, and stay apart"
        log.warning("%s: %s: %s%s; write them alike if they are one cluster", source.place, what, pairs, more)
    _warn_of_pairs(source, ids)
    if dates := [id_ for id_ in ids if is_date(id_)]:
        what = "ids of clusters look like dates, as a spreadsheet makes of 1-1 or 2-3"
        log.warning("%s: %s: %s; check them", source.place, what, ", ".join(map(shown, dates[:5])))


def _warn_of_pairs(source: Source, ids: Sequence[str]) -> None:
    """Warn of ids that pair as positive and negative: of genes that say so (CD4+, CD4-) these are clusters."""
    signs: dict[str, dict[bool, str]] = defaultdict(dict)
    for id_ in ids:
        if (found := _SIGN.fullmatch(id_.strip())) and (len(found["base"]) == 1 or not is_recognised(found["base"])):
            word = found["sign"] or found["word"].lower()
            signs[found["base"]][word in _DOWN] = id_
    if pairs := [pair for pair in signs.values() if len(pair) > 1]:
        down, up = shown(pairs[0][True]), shown(pairs[0][False])
        what = f"ids of clusters pair ({up} and {down}), and are read as clusters of their own"
        log.warning("%s: %s; remove %s if it lists genes that are absent or down", source.place, what, down)


def _plain(id_: str) -> str:
    text = " ".join(id_.split()).casefold()
    found = _WHOLE.fullmatch(text)
    return found["number"] if found else text
