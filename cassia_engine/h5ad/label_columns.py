"""Columns of `obs` that hold cell types, by other tools or a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cassia_engine.errors import UsageError, did_you_mean, shown
from cassia_engine.h5ad.annotated import AnnotatedData, Groups
from cassia_engine.h5ad.names import listed

_OWN = ("cassia_", "cytetype_")
MOST_LABELS = 1000  # more are names of cells, or notes
# What tools and people write where a cell has no label, in small letters: CellTypist's majority voting has
# heterogeneous, SingleR and pandas leave nothing or NA, scmap and CHETAH unassigned, Garnett unknown.
NO_LABEL = frozenset(
    (
        *("", "-", "?", ".", "na", "n/a", "<na>", "nan", "none", "null"),
        *("unknown", "unassigned", "not assigned", "unlabeled", "unlabelled", "unannotated", "not annotated"),
        *("unclassified", "undetermined", "undefined", "uncertain", "unresolved", "no label", "heterogeneous"),
    )
)


def is_of_earlier_run(column: str) -> bool:
    """Whether a column of `obs` is called as those that cassia and CyteType write: what they said is no metadata."""
    return column.startswith(_OWN)


def is_label(text: str) -> bool:
    """Whether a text says more than that a cell has no label."""
    return text.strip().casefold() not in NO_LABEL


def read_labels(data: AnnotatedData, given: Sequence[str]) -> dict[str, Groups]:
    """The columns of `obs` that a person named, by their names.

    A text may name several, separated by commas. Names may have commas too: of texts between commas, as many as make
    the name of a column are one.

    Raises:
        UsageError: there is none of a name, or it holds no cell types.
    """
    there = data.obs_columns()
    found = dict.fromkeys(name for text in given for name in _names(data, text, there))
    return {name: _labels(data, name) for name in found}


def _names(data: AnnotatedData, text: str, there: Sequence[str]) -> Iterator[str]:
    parts = text.split(",")
    while parts:
        joined = ((",".join(parts[:end]), end) for end in range(len(parts), 0, -1))
        found = ((name, end) for raw, end in joined for name in (raw, raw.strip()) if name in there)
        name, end = next(found, ("", 1))
        missing = parts[0].strip()
        if not name and missing:
            known = f"obs has {listed(there)}" if there else "obs has no columns"
            what = f"there is no column of labels {shown(missing)}{did_you_mean(missing, there)}; {known}"
            raise UsageError(what, path=data.place, code="witness-not-found")
        if name:
            yield name
        parts = parts[end:]


def _labels(data: AnnotatedData, column: str) -> Groups:
    try:
        labels = data.groups(column)
    except ValueError as error:
        raise _not_labels(data, column, "numbers") from error
    named = [label for label in labels.labels if is_label(label)]
    if named and all(map(_is_number, named)):
        raise _not_labels(data, column, "numbers")
    if len(named) > MOST_LABELS:
        raise _not_labels(data, column, f"{len(named)} different texts")
    return labels


def _not_labels(data: AnnotatedData, column: str, held: str) -> UsageError:
    what = f"obs column {shown(column)} holds {held}, no cell types; give a column of labels"
    return UsageError(what, path=data.place, code="column-not-labels")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
