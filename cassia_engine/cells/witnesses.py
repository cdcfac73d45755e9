"""Witnesses: what other tools, or a person, called the cells of each cluster, in columns of obs."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np

from cassia_engine.errors import shown
from cassia_engine.h5ad.annotated import Groups
from cassia_engine.h5ad.label_columns import is_label
from cassia_engine.h5ad.names import listed
from cassia_engine.ontology import Ontology, Relation, Resolution, compare
from cassia_engine.records import Witness

log = logging.getLogger(__name__)


def witnesses(groups: Groups, labels: Mapping[str, Groups]) -> list[tuple[Witness, ...]]:
    """For each cluster what each column says of its cells: the most frequent label, and how pure it is.

    Cells without a label, by `label_columns.NO_LABEL`, count for none; of labels that are equally frequent the one
    that is first in the column's order is taken.

    Args:
        groups: the clusters.
        labels: columns of obs by their names, as `read_labels` gives them.
    """
    said = [_of_column(groups, column, values) for column, values in labels.items()]
    return [tuple(each[number] for each in said) for number in range(len(groups.labels))]


def _of_column(groups: Groups, column: str, labels: Groups) -> list[Witness]:
    """A witness for each cluster, in their order."""
    found = {label: Ontology.load().resolve(label) for label in labels.labels if is_label(label)}
    made = [_witness(column, counts, found) for counts in label_counts(groups, labels)]
    if unplaced := [one.label for one in made if one.label is not None and not one.cl_id]:
        there = listed([*dict.fromkeys(unplaced)])
        log.info("the Cell Ontology has no place for these labels of obs[%s]: %s", shown(column), there)
    return made


def _witness(column: str, counts: Mapping[str, int], found: Mapping[str, Resolution]) -> Witness:
    n_cells = sum(counts.values())
    if not n_cells:
        return Witness(column, None, 0, 0.0, 0.0)
    label = max(counts, key=lambda one: counts[one])
    term = found[label]
    kin = sum(n for one, n in counts.items() if one == label or _is_kin(term.cl_id, found[one].cl_id))
    return Witness(
        column,
        label,
        n_cells,
        purity=round(counts[label] / n_cells, 4),
        lineage_purity=round(kin / n_cells, 4),
        cl_id=term.cl_id,
        cl_label=term.cl_label,
    )


def _is_kin(cl_id: str, other: str) -> bool:
    return compare(Ontology.load(), cl_id, other) not in (Relation.DIFFERENT, Relation.UNKNOWN)


def label_counts(groups: Groups, labels: Groups) -> list[dict[str, int]]:
    """For each group how many of its cells have each label, in the column's order; cells without a label count not."""
    counts_for = np.array([*map(is_label, labels.labels), False])  # the last is that of code -1
    kept = (groups.codes >= 0) & counts_for[labels.codes]
    n_labels = max(len(labels.labels), 1)
    pairs, counts = np.unique(groups.codes[kept] * n_labels + labels.codes[kept], return_counts=True)
    found: list[dict[str, int]] = [{} for _ in groups.labels]
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        found[pair // n_labels][labels.labels[pair % n_labels]] = count
    return found
