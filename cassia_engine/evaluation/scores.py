"""How sure a tool is: numbers with or without a known top, or words with an order."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from cassia_engine.callers import argument
from cassia_engine.errors import UsageError
from cassia_engine.evaluation.words import present
from cassia_engine.h5ad.names import listed

log = logging.getLogger(__name__)

# Confidence in words, as numbers that only have an order.
LEVELS: Mapping[str, float] = MappingProxyType({"high": 3.0, "moderate": 2.0, "medium": 2.0, "low": 1.0})


class Scores(NamedTuple):
    """Scores of answers, in their order.

    Attributes:
        values: None for an answer without one.
        top: the score that stands for certainty; None where scores only have an order.
    """

    values: tuple[float | None, ...]
    top: float | None


def read_scores(cells: Sequence[object], top: float | None, guessed: bool, place: str) -> Scores:
    """Scores of cells with numbers, or with the words High, Moderate and Low.

    Args:
        top: as in `Scores`, where it is known.
        guessed: whether numbers that all lie between 0 and 1 are taken for probabilities, where `top` is not known.
        place: what messages call the table.

    Raises:
        UsageError: a score is below 0 or above `top`, or is a word where `top` is known.
    """
    words = tuple(LEVELS.get(str(cell).strip().casefold()) for cell in cells)
    if any(word is not None for word in words):
        if top is not None:
            what = f"{argument('score_max')} is for scores that are numbers; leave it out"
            raise UsageError(what, path=place, code="score-max-of-words")
        _tell_of_unread(cells, words, place)
        return Scores(words, None)
    values = tuple(map(number, cells))
    _tell_of_unread(cells, values, place)
    there = [value for value in values if value is not None]
    if not there:
        return Scores(values, None)
    if top is None and guessed and min(there) >= 0 and max(there) <= 1:
        top = 1.0
    if top is not None and not 0 <= min(there) <= max(there) <= top:
        worst = max(there) if max(there) > top else min(there)
        what = f"the score {worst:g} is not between 0 and {top:g}; say by {argument('score_max')} what scores go up to"
        raise UsageError(what, path=place, code="score-out-of-range")
    return Scores(values, top)


def _tell_of_unread(cells: Sequence[object], values: Sequence[float | None], place: str) -> None:
    given = [str(cell).strip() for cell, value in zip(cells, values, strict=True) if value is None]
    if lost := [cell for cell in given if present(cell)]:
        what = "%s: %d of %d scores cannot be read and are left out: %s"
        log.warning(what, place, len(lost), len(cells), listed([*dict.fromkeys(lost)]))


def number(cell: object) -> float | None:
    """A finite number; None for anything else."""
    try:
        found = float(str(cell).strip())
    except ValueError:
        return None
    return found if math.isfinite(found) else None
