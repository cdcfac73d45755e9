"""Marker tables that are Python objects, written as text for the one reader.

A DataFrame (also wide, with MultiIndex columns, or with genes in its index), a list of one mapping a row, a Series of
lists, a dict of cluster to genes or to a DataFrame, Scanpy's record array `names`, and all of its `rank_genes_groups`.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cassia_engine.csv_injection import guard, unguard
from cassia_engine.errors import UsageError, shown
from cassia_engine.markers.columns.gene_columns import known_share
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, GENE_HEADERS, ID_HEADERS

if TYPE_CHECKING:
    import pandas as pd

_EXPECTED = (
    "markers: expected a path, a pandas DataFrame, a list of mappings, one a row, a dict of cluster to genes or to a "
    "DataFrame, or Scanpy's names"
)
_KNOWN = 0.5  # of the names of genes, at least
# What Scanpy keeps of a test, a record array each.
_OF_SCANPY = ("names", "scores", "logfoldchanges", "pvals", "pvals_adj")


def write_object(table: Any, text: Path) -> str:
    """Write a table; returns what messages call it.

    Raises:
        UsageError: it is empty, or none of what is taken.
    """
    try:
        if isinstance(table, Mapping):
            return _write_mapping(table, text)
        if getattr(getattr(table, "dtype", None), "names", None):
            return _write_frame(_frame(table), text, "the record array")
        if hasattr(table, "to_frame") and hasattr(table, "index") and not hasattr(table, "columns"):
            if not table.index.is_unique:  # a gene a row
                return _write_frame(table.to_frame(), text, "the Series")
            return _write_mapping(dict(table.items()), text, "the Series")
        if hasattr(table, "to_csv") and hasattr(table, "columns"):
            return _write_frame(table, text, "the DataFrame")
        return _write_rows(table, text)
    except UnicodeEncodeError as error:
        raise UsageError(
            "the table has text that is not valid Unicode; correct it", code="object-not-unicode"
        ) from error


def _write_frame(frame: pd.DataFrame, text: Path, place: str) -> str:
    flat = _with_index(frame)
    if not len(flat.columns):
        raise UsageError(f"{place} has no columns; give a marker table", code="object-without-columns")
    if flat.columns.nlevels > 1:
        flat = flat.set_axis(
            [str(tuple(map(str, name))) if isinstance(name, tuple) else name for name in flat.columns], axis=1
        )
    _as_cells(flat).to_csv(text, index=False, quoting=csv.QUOTE_ALL, lineterminator="\n")
    return place


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its index as columns in front, if that may say something: it has a name, texts, or several levels.

    Numbers say something only beside columns that are numbers too: either may be clusters.
    """
    from pandas.api.types import is_numeric_dtype

    index = frame.index
    numbers = index.nlevels == 1 and is_numeric_dtype(index.dtype)
    labels = frame.columns.nlevels == 1 and all(str(name).isdecimal() for name in frame.columns)
    if numbers and index.name is None and not labels:
        return frame
    known = {str(name).lower() for name in frame.columns} & set(CLUSTER_HEADERS)
    names = [str(name) if name is not None else "" for name in index.names]
    if index.nlevels > 1 and not names[0] and not known:
        names = _named_levels(index, {str(name).lower() for name in frame.columns})
    result = frame.copy(deep=False)
    if result.columns.nlevels > 1:
        result.columns = result.columns.to_flat_index()
    for level, name in reversed(list(enumerate(names))):
        values = index.get_level_values(level)
        if name in result.columns or (level and not name and is_numeric_dtype(values.dtype)):
            continue  # said twice, or the numbers of rows
        result.insert(0, name, values, allow_duplicates=True)
    return result


def _named_levels(index: pd.Index[Any], columns: set[str]) -> list[str]:
    """Names for the levels of an index without them: clusters first, as pandas.concat({cluster: frame}) has them.

    The second of two levels is that of the genes if it has names and no column has; known genes may stand first.
    """
    from pandas.api.types import is_numeric_dtype

    names = ["cluster", *(str(name) if name is not None else "" for name in index.names[1:])]
    if len(names) != 2 or names[1] or columns & {*GENE_HEADERS, *ID_HEADERS}:
        return names
    first, second = (list(map(str, index.unique(level))) for level in (0, 1))
    if known_share(first) > max(_KNOWN, known_share(second)) and len(second) < len(first):
        return ["gene", "cluster"]
    return names if is_numeric_dtype(index.get_level_values(1).dtype) else ["cluster", "gene"]


def _write_mapping(table: Mapping[Any, Any], text: Path, place: str = "the dict") -> str:
    if not table:
        raise UsageError(f"{place} is empty; give clusters with their genes", code="object-empty")
    if getattr(getattr(table.get("names"), "dtype", None), "names", None):
        return _write_scanpy(table, text)
    named = {str(name).lower() for name in table}
    if named & set(CLUSTER_HEADERS) and named & set(GENE_HEADERS):  # of columns, and not of clusters
        return _write_frame(_frame(dict(table)), text, place)
    values = list(table.values())
    if all(hasattr(value, "to_csv") and hasattr(value, "columns") for value in values):
        return _write_frames(table, text)
    lists = {id_: _genes(id_, value, place) for id_, value in table.items()}
    whole = any(isinstance(genes, str) for genes in lists.values())  # lists that a person wrote into one text
    with open(text, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(["cluster", "genes" if whole else "gene"])
        for id_, genes in lists.items():
            cells = [genes if isinstance(genes, str) else ",".join(genes)] if whole else list(genes)
            writer.writerows([_cell(str(id_)), cell] for cell in cells)
    return place


def _genes(id_: Any, value: Any, place: str) -> str | list[str]:
    """The genes of a cluster, in their order.

    Raises:
        UsageError: there are none, or they have no order.
    """
    if isinstance(value, Mapping) or (getattr(value, "dtype", None) is not None and value.dtype.kind in "iuf"):
        what = f"the genes of cluster {shown(id_)} have values, which say nothing of their direction here"
        raise UsageError(
            f"{place}: {what}; give the genes as a list, best first, or a DataFrame with a column for each",
            code="genes-with-values",
        )
    if isinstance(value, (set, frozenset)):
        raise UsageError(
            f"{place}: the genes of cluster {shown(id_)} are a set, which has no order; give a list",
            code="genes-unordered",
        )
    found = (
        value
        if isinstance(value, str)
        else [str(gene) for gene in value if not _is_missing(gene)]
        if isinstance(value, Iterable)
        else None
    )
    if found is None:
        raise UsageError(
            f"{place}: cluster {shown(id_)} has {type(value).__name__}; give its genes as a list", code="genes-not-list"
        )
    if not found:
        raise UsageError(
            f"{place}: cluster {shown(id_)} has no genes; give them or remove it", code="object-cluster-without-genes"
        )
    return found


def _write_frames(table: Mapping[Any, pd.DataFrame], text: Path) -> str:
    """A frame a cluster: one frame, with the cluster in front."""
    import pandas as pd

    parts = []
    for id_, frame in table.items():
        if not len(frame):
            raise UsageError(
                f"the dict: the DataFrame of cluster {shown(id_)} is empty; give its genes or remove it",
                code="frame-empty",
            )
        part = _with_index(frame)
        taken = [name for name in part.columns if str(name).lower() in CLUSTER_HEADERS]
        if any(part[name].nunique() > 1 for name in taken):
            what = f"the DataFrame of cluster {shown(id_)} has clusters of its own in column {shown(taken[0])}"
            raise UsageError(f"the dict: {what}; give one DataFrame", code="frame-with-clusters")
        part = part.drop(columns=taken)
        # Of the names that tools have for clusters that which goes with the other columns.
        part["group" if {"names", "logfoldchanges", "feature"} & set(part.columns) else "cluster"] = str(id_)
        parts.append(part)
    if any(list(part.columns) != list(parts[0].columns) for part in parts):
        raise UsageError("the dict: its DataFrames have different columns; give them the same", code="frames-differ")
    return _write_frame(pd.concat(parts, ignore_index=True), text, "the dict of DataFrames")


def _write_scanpy(table: Mapping[str, Any], text: Path) -> str:
    """What Scanpy keeps in `uns["rank_genes_groups"]`, as `rank_genes_groups_df` gives it."""
    import pandas as pd

    groups = table["names"].dtype.names
    present = [name for name in _OF_SCANPY if getattr(getattr(table.get(name), "dtype", None), "names", None)]
    parts = [pd.DataFrame({"group": group, **{name: table[name][group] for name in present}}) for group in groups]
    return _write_frame(pd.concat(parts, ignore_index=True), text, "rank_genes_groups")


def _write_rows(rows: Any, text: Path) -> str:
    if not isinstance(rows, Sequence) or not all(isinstance(row, Mapping) for row in rows):
        kind = type(rows)
        raise UsageError(
            f"{_EXPECTED}; this is {kind.__module__.partition('.')[0]}.{kind.__name__}", code="markers-not-supported"
        )
    if not rows:
        raise UsageError("the list of rows is empty; give a marker table", code="rows-empty")
    columns = list(dict.fromkeys(str(name) for row in rows for name in row))
    with open(text, "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows({str(name): _cell(value) for name, value in row.items()} for row in rows)
    return "the list of rows"


def _frame(records: Any) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.DataFrame(records)
    except ValueError as error:
        raise UsageError(
            f"the columns cannot be put side by side ({error}); give a pandas DataFrame",
            code="columns-differ-in-length",
        ) from error


def _as_cells(frame: pd.DataFrame) -> pd.DataFrame:
    from pandas.api.types import is_numeric_dtype

    cells = frame.copy(deep=False)
    for position in range(frame.shape[1]):
        values = frame.iloc[:, position]
        if not is_numeric_dtype(values):
            cells.isetitem(position, values.astype(object).map(_cell).to_list())
    return cells


def _cell(value: Any) -> Any:
    """A cell as text of a CSV: genes of a list with commas, NaN, which is Python's way to say nothing, as nothing."""
    match value:
        case list() | tuple():
            return ",".join(map(str, value))
        case str() if unguard(value) != value:
            return guard(value)  # the reader takes a ' off, which here is part of the text
    if _is_missing(value):
        return ""
    return _cell(value.tolist()) if getattr(value, "ndim", False) else value


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
