"""Lists of all genes with p values only: where the genes that are up end, and those that are down begin.

Scanpy lists genes by score, from the largest to the smallest, and the p values of both ends are small. Without a score
or a fold change only the order tells the direction.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from cassia_engine.errors import shown
from cassia_engine.markers.columns.wide_labels import RAW_P
from cassia_engine.markers.files.source import Source
from cassia_engine.markers.wide.recognition import Lists
from cassia_engine.text import counted

log = logging.getLogger(__name__)

_DIRECTION = {"log2fc", "score"}
# Logarithms of p values of the last gene and of the largest one differ by this factor where the list has turned.
# P values of a t-test are not quite in the order of its scores.
_FALLEN = 1.5


def before_turn(source: Source, lists: Lists, largest: float) -> Lists:
    """The lists, without the p values of all genes behind the first one that is no marker: these are none either.

    Args:
        largest: the p value below which a gene is a marker.
    """
    keys = {label.key for label in lists.labels}
    p_values = next((key for key in ("p_val_adj", RAW_P) if key in keys), None)
    if p_values is None or keys & _DIRECTION:
        return lists
    cells, left_out = list(lists.lists), {}
    for n, label in enumerate(lists.labels):
        if label.key != p_values:
            continue
        values = list(map(_value, cells[n]))
        end = _end(values, largest)
        if behind := sum(value is not None and value < largest for value in values[end:]):
            left_out[label.cluster] = behind
        cells[n] = [cell if place < end else "" for place, cell in zip(count(), cells[n])]
    if left_out:
        _say(source, left_out)
    return replace(lists, lists=cells)


def _end(values: Sequence[float | None], largest: float) -> int:
    """How many genes of a list come before it turns."""
    above = next((n for n, value in enumerate(values) if value is not None and value >= largest), len(values))
    given = [(n, value) for n, value in enumerate(values[:above]) if value is not None]
    if above < len(values) or not given:
        return above
    peak, most = max(given, key=lambda pair: (pair[1], pair[0]))
    last = given[-1][1]
    has_fallen = 0 < most < 1 and (not last or math.log(last) < _FALLEN * math.log(most))
    return peak + 1 if has_fallen else above


def _say(source: Source, left_out: dict[str, int]) -> None:
    cluster, number = next(iter(left_out.items()))
    log.warning(
        "%s: p values do not tell genes that are up from those that are down, so the order of the lists does: genes "
        "behind the first that is no marker are left out, in %s (%s of cluster %s)",
        source.place,
        counted(len(left_out), "cluster"),
        counted(number, "gene"),
        shown(cluster),
    )


def _value(cell: str) -> float | None:
    try:
        found = float(cell.replace(",", "."))
    except ValueError:
        return None
    return found if math.isfinite(found) else None
