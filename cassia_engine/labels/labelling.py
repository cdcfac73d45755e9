"""The columns and the provenance of one labelling, whatever the cells are in: a file or an object."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from cassia_engine._version import __version__
from cassia_engine.callers import argument
from cassia_engine.errors import UsageError
from cassia_engine.h5ad.annotated import AnnotatedData
from cassia_engine.h5ad.labels import Labelled, Notes, check_names
from cassia_engine.h5ad.names import listed
from cassia_engine.labels.cap_sets import outdated
from cassia_engine.labels.columns import NumberValues, Values, own_columns, scdownstream_columns
from cassia_engine.labels.joining import find_group_key, joined
from cassia_engine.labels.summary import LabelSet, name_alone
from cassia_engine.labels.wanted import Standard, Wanted
from cassia_engine.records import OFFLINE
from cassia_engine.text import counted, have

log = logging.getLogger(__name__)


def labelled(
    data: AnnotatedData,
    label_set: LabelSet,
    wanted: Wanted,
    taken: Collection[str],
    own: Collection[str],
    cap_sets: Mapping[str, str],
) -> Labelled:
    """The columns to write, and the provenance.

    Args:
        taken: the names in obs; `own` are those of them that an earlier labelling has written, and may be replaced.
        cap_sets: the annotation sets that uns describes for the Cell Annotation Platform, and the algorithm of each.

    Raises:
        UsageError: the clusters do not match, a name is taken, or is none for a column, or the standard does not allow
            what is there.
    """
    clusters = label_set.clusters
    group_key = wanted.group_key or find_group_key(
        data, [name for name in clusters if name != wanted.label_na], wanted.rank_key
    )
    positions = joined(data, group_key, clusters, label_set.sizes, wanted.label_na)
    if wanted.label_na is not None:
        label_set = _with_name(label_set, wanted.label_na)
    described = _described(data, label_set, wanted, taken)
    names = [one.name for one in described]
    check_names(names)
    if there := [name for name in names if name in taken and name not in own]:
        remedy = f"rename or remove {'them' if len(there) > 1 else 'it'}, or give another {argument('prefix')}"
        what = f"obs has {listed(there)} already, which cassia has not written; {remedy}"
        raise UsageError(what, path=data.place, code="labels-column-taken")
    columns = [one.of_cells(positions) for one in described]
    is_labelled = np.array([*(value is not None for value in described[0].values), False])
    n_labelled = int(is_labelled[positions].sum())
    log.info("%d of %s %s a label", n_labelled, counted(len(positions), "cell"), have(n_labelled))
    removed = [name for name in own if name in taken and name not in names]
    if removed:
        log.info("columns of earlier labels are removed: %s", listed(removed))
    old_notes = outdated(cap_sets, wanted.name, wanted.standard == Standard.CAP, taken)
    return Labelled(columns, _notes(label_set, wanted, group_key, names), removed, old_notes)


def _with_name(label_set: LabelSet, label_na: str) -> LabelSet:
    """The labels with one for the cells without a cluster: at least this name, where the summary has none for them."""
    known = {label.cluster: label for label in label_set.labels}
    known[label_na] = known.get(label_na) or name_alone(label_na)
    if not known[label_na].label:
        known[label_na] = replace(known[label_na], label=label_na)
    return replace(label_set, labels=tuple(known.values()))


def _described(
    data: AnnotatedData, label_set: LabelSet, wanted: Wanted, taken: Collection[str]
) -> Sequence[Values | NumberValues]:
    """The columns that are wanted, with one value per cluster; that of the labels first."""
    if wanted.standard == Standard.SCDOWNSTREAM:
        return scdownstream_columns(label_set.labels, wanted.prefix)
    return [*own_columns(label_set.labels, wanted.prefix), *_of_portal(data, label_set, wanted, taken)]


def _of_portal(data: AnnotatedData, label_set: LabelSet, wanted: Wanted, taken: Collection[str]) -> list[Values]:
    if not wanted.standard:
        return []
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


def _notes(label_set: LabelSet, wanted: Wanted, group_key: str, columns: Sequence[str]) -> Notes:
    said: dict[str, str | Sequence[str]] = {
        "version": __version__,
        "provider": ", ".join(label_set.providers),
        "model": ", ".join(label_set.models),
        "notice": _notice(label_set),
        "summary": label_set.name,
        "group_key": group_key,
        "columns": columns,
    }
    notes = {f"{wanted.key}/{name}": value for name, value in said.items()}
    if wanted.standard == Standard.CAP:
        from cassia_engine.labels.standards import cap_notes

        notes |= cap_notes(label_set, wanted.name, group_key)
    return notes


def _notice(label_set: LabelSet) -> str:
    """What every reader of the labels should know."""
    by_model = any(name != OFFLINE for name in label_set.providers)
    who = "a language model" if by_model else "scoring of marker genes"
    return f"Labels are hypotheses by {who}, not verified by an experiment; confidence is no probability."
