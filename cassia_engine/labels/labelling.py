"""The columns and the provenance of one labelling, whatever the cells are in: a file or an object."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cassia_engine._version import __version__
from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError
from cassia_engine.h5ad.annotated import AnnotatedData
from cassia_engine.h5ad.labels import Column, Notes, check_names
from cassia_engine.h5ad.names import listed
from cassia_engine.labels.columns import Standard, Values, own_columns
from cassia_engine.labels.joining import joined
from cassia_engine.labels.summary import LabelSet
from cassia_engine.records import OFFLINE

log = logging.getLogger(__name__)

PREFIX = "cassia_"
_KEY = "cassia"  # of the provenance in uns


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks for.

    Attributes:
        group_key: the column of obs with the clusters.
        prefix: of the names of cassia's columns.
        standard: whose columns are written as well; None for nobody's.
    """

    group_key: str
    prefix: str = PREFIX
    standard: Standard | None = None

    def __post_init__(self) -> None:
        for name, value in (("group_key", self.group_key), ("prefix", self.prefix)):
            if not isinstance(value, str) or not value:
                raise UsageError(f"{option(name, value)}: expected text")
        if self.standard not in (None, *Standard):
            names = " or ".join(Standard)
            raise UsageError(f"{option('standard', self.standard)}: expected {names}")

    @property
    def name(self) -> str:
        """The prefix as a name by itself: that of CAP's annotation set."""
        return self.prefix.rstrip("_") or self.prefix

    @property
    def key(self) -> str:
        """Where in uns the provenance stands: `cassia`, or `cassia_NAME` behind another prefix."""
        return _KEY if self.prefix == PREFIX else f"{_KEY}_{self.name}"


def columns_of(
    data: AnnotatedData, label_set: LabelSet, wanted: Wanted, taken: Collection[str], own: Collection[str]
) -> list[Column]:
    """The columns to write, with a value a cell.

    Args:
        taken: the names in obs; `own` are those of them that an earlier labelling has written, and may be replaced.

    Raises:
        UsageError: the clusters do not match, a name is taken, or is none for a column, or the standard does not allow
            what is there.
    """
    positions = joined(data, wanted.group_key, label_set.clusters)
    described = own_columns(label_set.labels, wanted.prefix)
    if wanted.standard:
        described += _of_standard(data, label_set, wanted, taken)
    names = [one.name for one in described]
    check_names(names)
    if there := [name for name in names if name in taken and name not in own]:
        remedy = f"rename or remove {'them' if len(there) > 1 else 'it'}, or give another {argument('prefix')}"
        what = f"obs has {listed(there)} already, which cassia has not written; {remedy}"
        raise UsageError(what, path=data.place)
    log.info("%d of %d cells have a label", int((positions >= 0).sum()), len(positions))
    return [one.of_cells(positions) for one in described]


def _of_standard(data: AnnotatedData, label_set: LabelSet, wanted: Wanted, taken: Collection[str]) -> list[Values]:
    from cassia_engine.labels.standards import cap_columns, cellxgene_columns  # brings the Cell Ontology

    if wanted.standard == Standard.CAP:
        return cap_columns(label_set.labels, wanted.name, _gene_names(data))
    return cellxgene_columns(label_set.labels, taken)


def _gene_names(data: AnnotatedData) -> set[str]:
    """Every name that a gene of the matrix has: in the index or a column of text."""
    found: set[str] = set()
    for raw in (False, True):
        found.update(data.genes(raw))
        for name, is_text in data.gene_columns(raw).items():
            found.update(filter(None, data.gene_texts(raw, name) if is_text else ()))
    return found


def notes_of(label_set: LabelSet, wanted: Wanted, columns: Sequence[Column]) -> Notes:
    """The provenance, by its path in uns."""
    said: dict[str, str | Sequence[str]] = {
        "version": __version__,
        "provider": ", ".join(label_set.providers),
        "model": ", ".join(label_set.models),
        "notice": _notice(label_set),
        "summary": label_set.name,
        "group_key": wanted.group_key,
        "columns": [column.name for column in columns],
    }
    notes = {f"{wanted.key}/{name}": value for name, value in said.items()}
    if wanted.standard == Standard.CAP:
        from cassia_engine.labels.standards import cap_notes

        notes |= cap_notes(label_set, wanted.name, wanted.group_key)
    return notes


def _notice(label_set: LabelSet) -> str:
    """What every reader of the labels should know."""
    by_model = any(name != OFFLINE for name in label_set.providers)
    who = "a language model" if by_model else "scoring of marker genes"
    return f"Labels are hypotheses by {who}, not verified by an experiment; confidence is no probability."
