"""What a person knows of single clusters, put beside their markers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from cassia_engine.csv_injection import unguard
from cassia_engine.errors import shown
from cassia_engine.markers.columns.formats import data_columns
from cassia_engine.markers.columns.whole_ids import whole_id
from cassia_engine.markers.files.input_kinds import opened
from cassia_engine.markers.files.source import Problems, Source, rows
from cassia_engine.records import Cluster

# Enough for a paragraph; what is longer was meant for --additional_info or is no context.
LONGEST_CONTEXT = 2000

Texts = list[tuple[int, str, str]]


def read_context(path: Path) -> tuple[Source, Texts]:
    """A table of two columns, cluster and text: line, cluster and text of each row.

    Raises:
        UsageError: it cannot be read, or has not two columns, or has texts that are too long.
    """
    with opened(path) as source:
        columns = data_columns(source)
        if len(columns) != 2:
            raise source.error(
                f"{len(columns)} columns; a context table has two, cluster and text", 0, code="context-column-count"
            )
        problems = Problems(source)
        found = [(line, unguard(row[columns[0]]), row[columns[1]].strip()) for line, row in rows(source, problems)]
        for line, _, text in found:
            if len(text) > LONGEST_CONTEXT:
                problems.add(
                    "too long",
                    f"{len(text)} characters; at most {LONGEST_CONTEXT} a cluster",
                    line,
                    code="context-too-long",
                )
        problems.raise_all()
    return source, found


def with_context(clusters: Sequence[Cluster], source: Source, found: Texts) -> tuple[Cluster, ...]:
    """The clusters with their texts.

    Raises:
        UsageError: a text is for a cluster that is not there, or a cluster has two.
    """
    known = {cluster.id for cluster in clusters}
    problems = Problems(source)
    if source.header[0] in known:
        problems.add(
            "", "the first line looks like a row; put a header above it: cluster,text", 0, code="context-without-header"
        )
    texts: dict[str, str] = {}
    for line, given, text in found:
        id_ = given if given in known else whole_id(given)
        if id_ not in known:
            problems.add(
                "of no cluster",
                f"cluster {shown(id_)} is not in the marker table",
                line,
                code="context-cluster-unknown",
            )
        elif id_ in texts:
            problems.add(
                "of a cluster that has one",
                f"cluster {shown(id_)} is there twice; keep one",
                line,
                code="context-cluster-twice",
            )
        texts[id_] = text
    problems.raise_all()
    return tuple(replace(cluster, context=texts.get(cluster.id, "")) for cluster in clusters)
