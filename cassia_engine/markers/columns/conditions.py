"""Tables that compare conditions (AD_vs_CTRL): their genes tell conditions apart, and not cell types."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator, Sequence

from cassia_engine.callers import argument
from cassia_engine.errors import shown
from cassia_engine.markers.columns.sample import number_columns, texts_of
from cassia_engine.markers.columns.statistics import plain
from cassia_engine.markers.files.source import Source
from cassia_engine.settings import SplitSettings

log = logging.getLogger(__name__)

# Columns that hold what was compared, alone and in pairs.
_NAMES = frozenset(["comparison", "comparisons", "contrast", "contrasts", "comparisonname", "contrastname"])
_PAIRS = (
    *(("group1", "group2"), ("groupa", "groupb"), ("ident1", "ident2"), ("condition1", "condition2")),
    *(("case", "control"), ("treatment", "control"), ("test", "reference"), ("numerator", "denominator")),
    *(("sample1", "sample2"), ("conditiona", "conditionb"), ("case", "reference"), ("treated", "control")),
)
_VERSUS = re.compile(r"(?P<one>.+?)(?:[\s_.\-]+(?:vs?|versus|over)\.?[\s_.\-]+|vs\.?|/)(?P<other>.+)", re.IGNORECASE)
_CERTAIN = re.compile(r"(?P<one>.+?)[\s_.\-]+(?:vs|versus)\.?[\s_.\-]+(?P<other>.+)", re.IGNORECASE)
# limma's way to write a contrast, whose sides may be clusters too.
_MINUS = re.compile(r"(?P<one>.+?)\s*-\s*(?P<other>[^-]+)")
_REST = re.compile(
    r"(?:all[\s_.\-]?)?(?:the[\s_.\-]?)?(?:rest|others?|all|background|reference|remaining|non?[\s_.\-].*|not[\s_.\-].*)"
    r"(?:[\s_.\-]?(?:cells?|clusters?|cell[\s_.\-]?types?))?",
    re.IGNORECASE,
)
_LONGEST = 200  # characters; a longer text is a remark, and takes patterns long
_WHAT = "the genes tell conditions apart within clusters, not the clusters from each other"


def check_conditions(
    source: Source, used: Collection[int], cluster: str, ids: Sequence[str], settings: SplitSettings
) -> None:
    """Warn of a column that says that conditions were compared.

    Args:
        used: positions of the columns that are read.
        cluster: the name of the column of clusters.
        ids: of the clusters.

    Raises:
        UsageError: the only cluster is itself a comparison, of a column that nobody named.
    """
    if len(ids) == 1 and settings.cluster_column is None and cluster in source.header and _compares(_CERTAIN, ids[0]):
        what = f"{shown(ids[0])}, all that column {shown(cluster)} has, compares conditions and is no cluster"
        remedy = f"give markers of each cluster, or name the column with {argument('cluster_column')} to take it as one"
        raise source.error(f"{what}; {remedy}", 0, code="cluster-is-comparison")
    if len(ids) > 1 and all(_compares(_CERTAIN, id_) for id_ in ids):
        what = f"clusters are comparisons ({shown(ids[0])}): their genes tell the one side from the other only"
        log.warning("%s: %s; give markers of each cluster against all others", source.place, what)
        return
    for what in _comparisons(source, used, {id_.strip().lower() for id_ in ids}):
        log.warning("%s: %s: %s; give markers of each cluster against the others", source.place, what, _WHAT)
        return


def _comparisons(source: Source, used: Collection[int], ids: set[str]) -> Iterator[str]:
    """What columns say that was compared, in words."""
    numbers = number_columns(source)
    free = {plain(name): n for n, name in enumerate(source.header) if n not in used and n not in numbers}
    for name, position in free.items():
        values = dict.fromkeys(texts_of(source, position))
        pattern = _VERSUS if name in _NAMES else _CERTAIN
        if values and all(
            _compares(pattern, value, ids) or (name in _NAMES and not _names_clusters(value, ids)) for value in values
        ):
            yield f"column {shown(source.header[position])} has {shown(next(iter(values)))}"
    for pair in _PAIRS:
        if set(pair) <= free.keys():
            sides = [dict.fromkeys(texts_of(source, free[name])) for name in pair]
            if all(sides) and not any(one.lower() in ids or _REST.fullmatch(one) for side in sides for one in side):
                names = " and ".join(shown(source.header[free[name]]) for name in pair)
                yield f"columns {names} have {shown(next(iter(sides[0])))} and {shown(next(iter(sides[1])))}"


def _compares(pattern: re.Pattern[str], text: str, ids: Collection[str] = ()) -> bool:
    """Whether a text compares two things of which none is a cluster or all others."""
    found = pattern.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    sides = (found["one"].strip().lower(), found["other"].strip().lower()) if found else ()
    return bool(found) and not any(_is_cluster(side, ids) for side in sides)


def _names_clusters(text: str, ids: Collection[str]) -> bool:
    """Whether a text is a cluster, all others, or compares such."""
    text = text.strip()
    found = None if len(text) > _LONGEST else _VERSUS.fullmatch(text) or _MINUS.fullmatch(text)
    sides = (found["one"], found["other"]) if found else (text,)
    return any(_is_cluster(side.strip().lower(), ids) for side in sides)


def _is_cluster(side: str, ids: Collection[str]) -> bool:
    bare = re.sub(r"^(?:cluster|clust|c|group)[\s_.\-]*", "", side)
    return side in ids or bare in ids or bool(_REST.fullmatch(side))
