"""The labels of all clusters against their markers, the worst first."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cassia_engine.auditing.judging import Finding, Judge, Judged
from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError, shown
from cassia_engine.h5ad.names import listed
from cassia_engine.markers import Table, read_markers
from cassia_engine.markers.files.input_kinds import holds_anndata
from cassia_engine.offline.annotator import OfflineAnnotator
from cassia_engine.ontology import Ontology
from cassia_engine.records import Cluster
from cassia_engine.records.cells import Witness
from cassia_engine.settings import SplitSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Audited:
    """A cluster with the label it has, and what its markers say of that."""

    cluster: Cluster
    label: Witness
    judged: Judged

    @property
    def order(self) -> tuple[int, float]:
        """The worst finding first, of equal ones the largest difference."""
        return self.judged.finding, -self.judged.difference


def settings_with(table: Table, label_column: str | None, split: SplitSettings) -> SplitSettings:
    """The settings by which the table is read with its labels.

    Without a column of clusters, genes are ranked by the labels themselves.

    Raises:
        UsageError: a column of labels was named of a table that is no AnnData.
    """
    if label_column is None:
        return split
    if not holds_anndata(table):
        what = f"{option('label_column', label_column)} is for an AnnData (.h5ad), and this is none; leave it out"
        place = str(table) if isinstance(table, (str, Path)) else "the table"
        raise UsageError(f"{what} where clusters are called by their labels", path=place, code="audit-of-table")
    group_key = split.group_key
    if split.rank and group_key is None:
        group_key = label_column
        what = "genes are ranked by the labels, so that wrongly labelled cells are hidden among the others"
        log.warning("%s; name your clusters with %s", what, argument("group_key"))
    return replace(split, group_key=group_key, witness=(label_column,))


def audit_labels(
    table: Table, label_column: str | None, split: SplitSettings, annotator: OfflineAnnotator
) -> tuple[Audited, ...]:
    """Judge the label of each cluster, the worst first.

    Args:
        label_column: of obs; None where clusters are called by their labels.

    Raises:
        UsageError: the table cannot be used, or no label names a cell type.
    """
    read = read_markers(table, settings_with(table, label_column, split), annotator.dataset.species)
    labelled = [(cluster, _label(cluster, label_column is None)) for cluster in read.clusters]
    if not any(label.cl_id for _, label in labelled):
        raise _no_labels(table, label_column, [label.label or "" for _, label in labelled])
    judge = Judge(Ontology.load(), [p.cl_id for p in annotator.scorer.knowledge.profiles if p.cl_id])
    audited = [Audited(cluster, label, _judged(cluster, label, judge, annotator)) for cluster, label in labelled]
    return tuple(sorted(audited, key=lambda one: one.order))


def _label(cluster: Cluster, by_name: bool) -> Witness:
    """The label of a cluster: its name, or what its column says of most of its cells."""
    if by_name:
        found = Ontology.load().resolve(cluster.id)
        return Witness("", cluster.id, cluster.n_cells or 0, 1.0, 1.0, found.cl_id, found.cl_label)
    return cluster.cells.witnesses[0] if cluster.cells else Witness("", None, 0, 0.0, 0.0)


def _judged(cluster: Cluster, label: Witness, judge: Judge, annotator: OfflineAnnotator) -> Judged:
    if label.label is None:
        return Judged(Finding.UNKNOWN, note="none of its cells has a label")
    if not label.cl_id:
        return Judged(Finding.UNKNOWN, note="the Cell Ontology has no place for the label")
    if not cluster.markers:
        return Judged(Finding.UNKNOWN, note=cluster.no_markers_reason)
    return judge.judge(label.cl_id, annotator.scorer.rank(cluster.genes))


def _no_labels(table: Table, label_column: str | None, labels: Sequence[str]) -> UsageError:
    where = f"in obs column {shown(label_column)}" if label_column else "among the clusters' names"
    column = argument("label_column")
    what = f"no label {where} is a cell type of the Cell Ontology: {listed([*dict.fromkeys(labels)])}"
    place = str(table) if isinstance(table, (str, Path)) else "the AnnData"
    return UsageError(f"{what}; name the column of labels with {column}", path=place, code="audit-no-labels")
