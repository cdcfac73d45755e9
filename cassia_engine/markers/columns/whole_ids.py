"""Cluster ids that programs wrote in another way: floats of pandas (0.0, 1.0), blanks of R's format() (" 0")."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from msgspec.structs import replace

from cassia_engine.errors import quoted, shown
from cassia_engine.markers.files.source import Source
from cassia_engine.records import Cluster

log = logging.getLogger(__name__)

_NUMBER = re.compile(r"[0-9]+(\.0)?")
_WHOLE_FLOAT = re.compile(r"(?P<whole>\d+)\.0")


def whole_id(id_: str) -> str:
    """An id without blanks around it and the ".0" that pandas puts behind a whole number."""
    found = _WHOLE_FLOAT.fullmatch(id_.strip())
    return found["whole"] if found else id_.strip()


def without_blanks(source: Source, clusters: Sequence[Cluster]) -> tuple[Cluster, ...]:
    """The clusters with ids without blanks around them, where all are numbers and still differ then.

    Blanks of a name may be the person's own, who looks it up as it is.
    """
    ids = [cluster.id.strip() for cluster in clusters]
    if not all(map(_NUMBER.fullmatch, ids)):
        return tuple(clusters)
    changed = [(cluster.id, id_) for cluster, id_ in zip(clusters, ids, strict=True) if cluster.id != id_]
    if not changed or len(set(ids)) < len(ids):
        return tuple(clusters)
    example = f"{quoted(changed[0][0])} as {quoted(changed[0][1])}"
    log.warning("%s: ids of clusters are read without the blanks around them: %s", source.place, example)
    return tuple(replace(cluster, id=id_) for cluster, id_ in zip(clusters, ids, strict=True))


def with_whole_ids(source: Source, clusters: Sequence[Cluster]) -> tuple[Cluster, ...]:
    """The clusters with whole numbers for ids, where all ids are whole floats; one fraction keeps all."""
    found = [_WHOLE_FLOAT.fullmatch(cluster.id) for cluster in clusters]
    ids = [match["whole"] for match in found if match]
    if not ids or len(ids) < len(clusters) or len(set(ids)) < len(ids):
        return tuple(clusters)
    example = f"{shown(clusters[0].id)} as {shown(ids[0])}"
    log.warning("%s: ids of clusters are whole numbers written as decimals: %s is read", source.place, example)
    return tuple(replace(cluster, id=id_) for cluster, id_ in zip(clusters, ids, strict=True))
