"""The tables that tools write: the columns by which each is known, and which of them say what.

How each was verified stands in docs/evaluate.md. A format is a row here until it needs code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

ROW_NAMES = ""  # the first column of what R and pandas write, which has no name


@dataclass(frozen=True, slots=True)
class TableFormat:
    """A tool's table. Of names for the same thing the first that is there counts.

    Attributes:
        known_by: each is a set of names of which one must be there.
        labels: the columns of the answer, then those of what is said more generally: names for each.
        score_max: as in `Predictions`.
        of_cells: a row is a cell.
        ranked: a cell of the answer's column is a list, the likeliest first.
        best: a cluster may have several rows, of which the one with the highest score counts.
    """

    name: str
    known_by: tuple[tuple[str, ...], ...]
    cluster: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    score: tuple[str, ...] = ()
    score_max: float | None = None
    of_cells: bool = False
    ranked: bool = False
    best: bool = False


_GENERAL = ("Predicted General Cell Type", "Predicted Main Cell Type")
_DETAILED = ("Predicted Detailed Cell Type", "Predicted Sub Cell Types")
_OF_CASSIA = ("Cluster ID", "True Cell Type", "Cluster")
FORMATS = (
    TableFormat(
        "CASSIA", (_OF_CASSIA, _GENERAL, _DETAILED), _OF_CASSIA, (_DETAILED, _GENERAL), ("Score",), 100, ranked=True
    ),
    TableFormat(
        "CellTypist",
        (("predicted_labels",),),
        ("over_clustering", ROW_NAMES),
        (("majority_voting", "predicted_labels"),),
        ("conf_score",),
        1,
        of_cells=True,
    ),
    # How many methods agree, or what their votes on the ontology add up to: no part of a known number.
    TableFormat(
        "popV",
        (("popv_prediction",),),
        (ROW_NAMES,),
        (("popv_prediction",),),
        ("popv_prediction_score",),
        of_cells=True,
    ),
    TableFormat("ScType", (("cluster",), ("type",), ("scores",)), ("cluster",), (("type",),), ("scores",), best=True),
    TableFormat(
        "SingleR",
        (("labels",), ("pruned.labels", "delta.next")),
        (ROW_NAMES,),
        (("pruned.labels", "labels"),),
        ("delta.next",),
    ),
    TableFormat("SingleR", (("best",), ("delta",)), (ROW_NAMES,), (("best",),), ("delta",)),  # its Python package
    TableFormat(
        "mLLMCelltype",
        (("consensus",), ("consensus_proportion", "entropy")),
        ("cluster", ROW_NAMES),
        (("consensus",),),
        ("consensus_proportion",),
        1,
    ),
)
_CLUSTER_NAMES = (
    *("cluster", "cluster_id", "clusters", "group", "leiden", "louvain", "seurat_clusters"),
    *("cell", "cell_id", "barcode"),
)
_LABEL_NAMES = ("label", "cell_type", "celltype", "annotation", "predicted_label", "prediction", "predicted", "labels")
_TERM_NAMES = ("cl_id", "cell_ontology_id", "cell_type_ontology_term_id", "ontology_term_id")
_SCORE_NAMES = ("score", "probability", "confidence")
_DATASET_NAMES = ("dataset", "data_set")


class Columns(NamedTuple):
    """The places of columns in a table; None, or none, for what it does not have."""

    cluster: int
    labels: tuple[int, ...]
    term: int | None
    score: int | None
    dataset: int | None


def format_of(header: Sequence[str]) -> TableFormat | None:
    """The tool whose table has this header; None for any other table."""
    there = set(header)
    return next((one for one in FORMATS if all(there & {*names} for names in one.known_by)), None)


def columns_of(header: Sequence[str], kind: TableFormat) -> Columns | None:
    """Where a known table has what; None where nothing in it says which cluster (or cell) a row is of."""
    labels = tuple(place for names in kind.labels if (place := _first(header, names)) is not None)
    score = _first(header, kind.score)
    cluster = _first(header, kind.cluster)
    if cluster is None and ROW_NAMES in kind.cluster and 0 not in (*labels, score):
        cluster = 0  # row names with a name
    if cluster is None:
        return None
    return Columns(cluster, labels, plain(header, _TERM_NAMES), score, plain(header, _DATASET_NAMES))


def plain_columns(header: Sequence[str], cluster: int | None = None, label: int | None = None) -> Columns | None:
    """The columns of a table of no known tool, by their names, or as the only ones left; None where they are not clear.

    Args:
        cluster, label: those that a person has named.
    """
    term, score, dataset = (plain(header, names) for names in (_TERM_NAMES, _SCORE_NAMES, _DATASET_NAMES))
    cluster = plain(header, _CLUSTER_NAMES) if cluster is None else cluster
    label = plain(header, _LABEL_NAMES) if label is None else label
    label = term if label is None else label
    left = [place for place in range(len(header)) if place not in (term, score, dataset, cluster, label)]
    if cluster is None and len(left) == (1 if label is not None else 2):
        cluster = left.pop(0)
    if label is None and cluster is not None and len(left) == 1:
        label = left[0]
    if cluster is None or label is None:
        return None
    return Columns(cluster, (label,), term, score, dataset)


def plain(header: Sequence[str], names: Iterable[str]) -> int | None:
    """The column that has one of these names, in any letter case and with any sign between the words."""
    simple = [re.sub(r"[\s._-]+", "_", name.strip().casefold()) for name in header]
    return next((simple.index(name) for name in names if name in simple), None)


def _first(header: Sequence[str], names: Iterable[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)
