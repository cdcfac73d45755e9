"""Clusters whose ids say a direction: T_up and T_down are the genes of one cluster, of which only the first mark it."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from cassia_engine.errors import shown
from cassia_engine.genes.expression_words import is_absent_word
from cassia_engine.markers.columns.one_cluster import table_name
from cassia_engine.markers.files.source import Source
from cassia_engine.records import Cluster

log = logging.getLogger(__name__)

# Only these words: CD4_pos and CD4_neg, or LPS_high and LPS_low, are clusters.
_WORD = (
    r"(?P<word>up|down|dn|over|under|increased|decreased|enriched|depleted|induced|repressed)"
    r"(?:[\s_.\-]?(?:regulated|expressed))?(?:[\s_.\-]?(?:genes?|markers?|degs?))?"
)
_BOTTOM = re.compile(r"bottom(?: (?:genes?|markers?|\d+))*", re.IGNORECASE)
_LONGEST = 200  # characters; a longer id is a remark, and takes patterns long
_SEPARATOR = r"[\s_.:|/\-]+"
_BEHIND = re.compile(rf"(?P<base>.*?)(?:{_SEPARATOR}|\s*\(){_WORD}\)?", re.IGNORECASE)
_BEFORE = re.compile(rf"{_WORD}(?:{_SEPARATOR}(?P<base>.*)|(?P<none>))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Directed:
    """An id that says a direction: the cluster without it ("" where it is the whole id), and whether that is down."""

    base: str
    is_down: bool


def without_down(source: Source, clusters: Sequence[Cluster], cluster_name: str | None) -> tuple[Cluster, ...]:
    """The clusters without those of genes that are down, where the ids of a table pair up and down.

    What is left has the id without the word; a lone pair "up", "down" is `cluster_name`, or called as the file.

    Raises:
        UsageError: some cluster has genes that are down only, or two have the same id without their words.
    """
    found = {cluster.id: directed for cluster in clusters if (directed := _directed(cluster.id))}
    if any(directed.base for directed in found.values()) or len(found) < len(clusters):
        found = {id_: directed for id_, directed in found.items() if directed.base}  # Up beside Upper is a name
    down = {directed.base for directed in found.values() if directed.is_down}
    up = {directed.base for directed in found.values() if not directed.is_down}
    plain = {cluster.id for cluster in clusters if cluster.id not in found}
    if not down & (up | plain):
        return tuple(clusters)
    if lacking := sorted(down - up - plain):
        what = f"cluster {shown(lacking[0])} has a list of genes that are down and none of genes that are up"
        raise source.error(f"{what}; remove it, or give the genes that are up", code="cluster-down-only")
    kept = [cluster for cluster in clusters if cluster.id not in found or not found[cluster.id].is_down]
    ids = {cluster.id: _new_id(source, cluster.id, found, cluster_name) for cluster in kept}
    if double := [id_ for id_, new in ids.items() if list(ids.values()).count(new) > 1]:
        raise source.error(
            f"clusters {' and '.join(map(shown, double[:2]))} mean the same; remove or rename one",
            code="direction-ids-equal",
        )
    _warn(source, [cluster for cluster in clusters if cluster.id not in ids], ids)
    return tuple(replace(cluster, id=ids[cluster.id], index=index) for index, cluster in enumerate(kept))


def refuse_down_column(source: Source, position: int) -> None:
    """Refuse a column of genes that are down by its name ("down_genes", "negative markers").

    Raises:
        UsageError: the column has such a name.
    """
    name = re.sub(r"[_.\s]+", " ", source.header[position]).strip()
    if is_absent_word(name) or _BOTTOM.fullmatch(name):
        what = f"column {shown(source.header[position])} has genes that are down or absent by its name"
        raise source.error(
            f"{what}; give the genes that are up, or rename the column if they are", 0, code="column-of-down-genes"
        )


def is_pair(names: Sequence[str]) -> bool:
    """Whether two names say nothing but up and down."""
    found = [_directed(name) for name in names]
    return len(found) == 2 and all(one and not one.base for one in found) and found[0] != found[1]


def _directed(id_: str) -> _Directed | None:
    id_ = id_.strip()
    match = None if len(id_) > _LONGEST else _BEFORE.fullmatch(id_) or _BEHIND.fullmatch(id_)
    return _Directed((match["base"] or "").strip(), is_absent_word(match["word"])) if match else None


def _new_id(source: Source, id_: str, found: Mapping[str, _Directed], cluster_name: str | None) -> str:
    """The id without the word for the direction."""
    if id_ not in found:
        return id_
    return found[id_].base or (cluster_name if cluster_name is not None else table_name(source))


def _warn(source: Source, left_out: Sequence[Cluster], ids: Mapping[str, str]) -> None:
    number = sum(cluster.n_rows for cluster in left_out)
    renamed = next(f"{shown(old)} is read as cluster {shown(new)}" for old, new in ids.items())
    what = f"{len(left_out)} lists of genes that are down ({number} genes) are no markers and are left out"
    log.warning("%s: %s: e.g. %s; %s", source.place, what, shown(left_out[0].id), renamed)
