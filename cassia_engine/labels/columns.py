"""The values of each column, per cluster and per cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cassia_engine.h5ad.labels import Categories, Column, Flags, Numbers
from cassia_engine.labels.joining import Positions
from cassia_engine.labels.summary import ClusterLabel


@dataclass(frozen=True, slots=True)
class Values:
    """A column: a text or boolean per cluster, None for a missing one; `otherwise` is that of cells without a label."""

    name: str
    values: tuple[str | bool | None, ...]
    otherwise: str | bool | None = None

    def of_cells(self, positions: Positions) -> Column:
        """The column with one value per cell; categories are sorted, and only those that cells have."""
        whole = (*self.values, self.otherwise)
        if isinstance(self.otherwise, bool):
            return Flags(self.name, np.array(whole, bool)[positions])
        used = {whole[position] for position in np.unique(positions).tolist()}
        names = sorted(str(value) for value in used if value is not None)
        code = {name: number for number, name in enumerate(names)}
        size = np.min_scalar_type(-max(len(names), 1))  # the smallest signed type, as pandas has it
        codes = np.array([code.get(value, -1) if isinstance(value, str) else -1 for value in whole], size)
        return Categories(self.name, codes[positions], tuple(names))


@dataclass(frozen=True, slots=True)
class NumberValues:
    """A column: a number per cluster, None for a missing one; cells without a label have none."""

    name: str
    values: tuple[float | None, ...]

    def of_cells(self, positions: Positions) -> Column:
        """The column with one value per cell, NaN for a missing one."""
        return Numbers(self.name, np.array((*self.values, None), float)[positions])


# cassia's own columns, behind the prefix.
OWN: dict[str, Callable[[ClusterLabel], str]] = {
    "annotation": lambda label: label.label,
    "general_type": lambda label: label.general_type,
    "cl_id": lambda label: label.cl_id,
    "cl_label": lambda label: label.cl_label,
    "confidence": lambda label: label.confidence,
    "outcome": lambda label: label.outcome,
    "corrected": lambda label: "yes" if label.corrected else "no",
    "review": lambda label: label.review,
}
OWN_NUMBERS: dict[str, Callable[[ClusterLabel], float | None]] = {
    "score": lambda label: label.score,
    "probability": lambda label: label.probability,
}

# Those of nf-core/scdownstream, behind a prefix such as "annotation:cassia:scvi:0.5:".
SCDOWNSTREAM: dict[str, Callable[[ClusterLabel], str]] = {
    "cell_type": lambda label: label.label,
    "ontology_term": lambda label: label.cl_label,
    "ontology_term_id": lambda label: label.cl_id,
    "cell_state": lambda label: label.cell_state,
}


def own_columns(labels: Sequence[ClusterLabel], prefix: str) -> list[Values | NumberValues]:
    """cassia's own columns: missing where the summary says nothing."""
    numbers = [NumberValues(prefix + name, tuple(map(value, labels))) for name, value in OWN_NUMBERS.items()]
    return [*_values(OWN, labels, prefix), *numbers]


def scdownstream_columns(labels: Sequence[ClusterLabel], prefix: str) -> list[Values]:
    """The columns of an annotation in nf-core/scdownstream: missing where the summary says nothing."""
    return _values(SCDOWNSTREAM, labels, prefix)


def _values(
    columns: Mapping[str, Callable[[ClusterLabel], str]], labels: Sequence[ClusterLabel], prefix: str
) -> list[Values]:
    return [Values(prefix + name, tuple(value(label) or None for label in labels)) for name, value in columns.items()]


def for_pandas(column: Column) -> Any:
    """The column as a DataFrame holds it."""
    import pandas as pd

    if not isinstance(column, Categories):
        return column.values
    return pd.Categorical.from_codes(column.codes, pd.Index(column.values, dtype=object))
