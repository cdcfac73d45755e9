"""Labels for the cells of an AnnData object in memory; anndata itself is not needed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cassia_engine.arguments import complete
from cassia_engine.callers import argument
from cassia_engine.errors import UsageError, shown
from cassia_engine.h5ad.elements import Groups
from cassia_engine.h5ad.labels import Column, Notes
from cassia_engine.labels import labelling
from cassia_engine.labels.columns import for_pandas
from cassia_engine.labels.joining import joined, missing_column
from cassia_engine.labels.labelling import PREFIX, Wanted, notes_of
from cassia_engine.labels.summary import read_summary
from cassia_engine.progress import messages

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)


@complete(())
def label(
    adata: Any,
    summary: pd.DataFrame | Path | str,
    *,
    group_key: str,
    prefix: str = PREFIX,
    standard: str | None = None,
    copy: bool = False,
) -> Any:
    """Give each cell of an AnnData object the label of its cluster, in obs.

    Columns `cassia_annotation`, `cassia_general_type`, `cassia_cl_id`, `cassia_cl_label`, `cassia_confidence`,
    `cassia_outcome` and `cassia_corrected` are unordered categories; what the summary does not say is missing.
    Columns of an earlier call are replaced. `uns["cassia"]` says where the labels are from.

    Args:
        adata: an AnnData object, changed in place.
        summary: what `annotate` returns, or a summary's file.
        group_key: the column of obs with the clusters; clusters are joined by their names as text.
        prefix: what the names of the columns start with.
        standard: "cap" adds the columns of the Cell Annotation Platform, "cellxgene" cell_type_ontology_term_id.
        copy: whether to label a copy, and return it.

    Returns:
        None, or the copy.

    Raises:
        UsageError: something given cannot be used; says what, where and what to do. Nothing is changed.
    """
    with messages(shown=False):
        _check(adata)
        wanted = Wanted(group_key, prefix, standard)  # type: ignore[arg-type]
        label_set = read_summary(summary)
        obs = adata.obs
        names = [str(name) for name in obs.columns]

        def of(name: str) -> Groups | None:
            return _groups(obs[name]) if hasattr(obs[name], "cat") else None

        if group_key not in names:
            raise missing_column(group_key, names, label_set.clusters, of)
        positions = joined(_groups(obs[group_key]), label_set.clusters, group_key, names, of)
        own = _own(adata.uns, wanted)
        columns = labelling.columns_of(label_set, positions, wanted, names, own, lambda: _genes(adata))
        changed = adata.copy() if copy else adata
        _write(changed, columns, notes_of(label_set, wanted, columns))
        return changed if copy else None


def _check(adata: Any) -> None:
    if isinstance(adata, str | Path):
        raise UsageError(f"{argument('adata')}: expected an AnnData object; for a file there is `cassia labels`")
    if not hasattr(getattr(adata, "obs", None), "columns") or not hasattr(adata, "uns"):
        raise UsageError(f"{argument('adata')}: expected an AnnData object, found {type(adata).__name__}")


def _groups(values: pd.Series[Any]) -> Groups:
    """A column of obs as groups, with their names as text.

    Raises:
        UsageError: it holds decimal numbers.
    """
    import pandas as pd

    if pd.api.types.is_float_dtype(values.dtype):
        what = f"obs column {shown(values.name)} holds decimal numbers, which are no clusters"
        raise UsageError(f"{argument('group_key')}: {what}; make it categories, or give another column")
    found = values.cat if isinstance(values.dtype, pd.CategoricalDtype) else values.astype("category").cat
    return Groups(found.codes.to_numpy().astype(np.int64), tuple(map(str, found.categories)))


def _own(uns: Mapping[str, Any], wanted: Wanted) -> list[str]:
    """The columns that an earlier labelling has written."""
    said = uns.get(wanted.key)
    return [str(name) for name in said.get("columns", ())] if isinstance(said, Mapping) else []


def _genes(adata: Any) -> set[str]:
    """Every name that a gene of the matrix has: in the index or a column of text of var."""
    from pandas.api.types import is_numeric_dtype

    found: set[str] = set()
    for frame in (adata.var, getattr(getattr(adata, "raw", None), "var", None)):
        if frame is not None:
            found.update(map(str, frame.index))
            for name in frame.columns:
                found.update(() if is_numeric_dtype(frame[name].dtype) else map(str, frame[name].dropna()))
    return found


def _write(adata: Any, columns: list[Column], notes: Notes) -> None:
    for column in columns:
        adata.obs[column.name] = for_pandas(column)
    for path, note in notes.items():
        place = adata.uns
        *parents, name = path.split("/")
        for parent in parents:
            if not isinstance(place.get(parent), dict):
                place[parent] = {}
            place = place[parent]
        place[name] = note if isinstance(note, str) else list(note)
