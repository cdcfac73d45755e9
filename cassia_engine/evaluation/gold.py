"""The expert's labels: a table of clusters with a label, or with the terms that are accepted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from cassia_engine.errors import UsageError, shown
from cassia_engine.evaluation.formats import Columns, plain, plain_columns
from cassia_engine.evaluation.reading import refuse_anndata
from cassia_engine.evaluation.tables import check_header
from cassia_engine.evaluation.words import names_type, present
from cassia_engine.h5ad.names import listed
from cassia_engine.markers.files.input_kinds import opened
from cassia_engine.markers.files.source import Problems, Source, rows
from cassia_engine.ontology import Ontology
from cassia_engine.records.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

Gold = Union[Path, str, "pd.DataFrame", "Sequence[Mapping[str, Any]]", "Mapping[str, str]"]
SEPARATOR = "|"


class Expert(Record, frozen=True):
    """What an expert says of a cluster.

    Attributes:
        label: as it stands in the table.
        accepted: ids of the terms that count as right; none where the ontology has no place for the label.
        unplaced: those of the accepted labels that have none.
        how: how each of the accepted terms was found.
    """

    cluster: str
    label: str
    accepted: tuple[str, ...]
    unplaced: tuple[str, ...] = ()
    how: tuple[str, ...] = ()
    tissue: str = ""
    dataset: str = ""


def read_gold(gold: Gold) -> tuple[Expert, ...]:
    """The expert's labels, in their order.

    Raises:
        UsageError: the table cannot be read, lacks a column, or has a cluster twice.
    """
    refuse_anndata(gold)
    if isinstance(gold, dict) and all(isinstance(label, str) for label in gold.values()):
        gold = [{"cluster": str(cluster), "label": label} for cluster, label in gold.items()]
    with opened(gold) as source:
        columns = plain_columns(source.header)
        if columns is None:
            what = f"expected the columns cluster, and label or cl_id; it has {listed(source.header)}"
            raise source.error(what, 0, code="gold-columns-missing")
        check_header(source, columns)
        return _experts(source, columns)


def _experts(source: Source, columns: Columns) -> tuple[Expert, ...]:
    tissue = plain(source.header, ("tissue",))
    problems, found = Problems(source), dict[tuple[str, str], Expert]()
    for line, row in rows(source, problems):
        one = _expert(row, columns, tissue)
        if not one.cluster.strip():
            problems.add("without a cluster", "the cluster is empty", line, code="gold-cluster-empty")
        elif (one.dataset, one.cluster) in found:
            what = (
                f"cluster {shown(one.cluster)} is there twice; write several accepted labels in one row, with | between"
            )
            problems.add("for clusters that have one already", what, line, code="gold-cluster-twice")
        found[one.dataset, one.cluster] = one
    problems.raise_all()
    experts = tuple(found.values())
    if not any(one.accepted for one in experts):
        labels = listed([*dict.fromkeys(one.label for one in experts)]) or "no rows"
        what = f"no label is a cell type of the Cell Ontology: {labels}; give labels or CL ids"
        raise UsageError(what, path=source.place, code="gold-no-terms")
    return experts


def _expert(row: Sequence[str], columns: Columns, tissue: int | None) -> Expert:
    label = present(row[columns.labels[0]])
    term = "" if columns.term is None else present(row[columns.term])
    found = [Ontology.load().resolve(part) for part in accepted_labels(term or label)]
    placed = {one.cl_id: str(one.how) for one in reversed(found) if one.cl_id}
    ids = tuple(dict.fromkeys(one.cl_id for one in found if one.cl_id))
    return Expert(
        row[columns.cluster],
        label or term,
        ids,
        tuple(one.label for one in found if not one.cl_id),
        tuple(placed[cl_id] for cl_id in ids),
        "" if tissue is None else row[tissue].strip(),
        "" if columns.dataset is None else row[columns.dataset].strip(),
    )


def accepted_labels(text: str) -> tuple[str, ...]:
    """The labels or ids that have | between."""
    return tuple(part for part in map(str.strip, text.split(SEPARATOR)) if names_type(part))
