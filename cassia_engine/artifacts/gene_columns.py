"""/info/var of vars.h5: the names of the genes and the columns of `var`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from cassia_engine.errors import UsageError
from cassia_engine.h5ad.annotated import AnnotatedData

if TYPE_CHECKING:
    import pandas as pd

# The column of gene symbols that the client adds, and that the file names as the one to read.
SYMBOLS = "__cytetype_gene_symbols"


def write_gene_columns(group: h5py.Group, data: AnnotatedData, symbols: Sequence[str]) -> None:
    """Write what `var` has, and a column of gene symbols.

    Args:
        symbols: shape (genes,).

    Raises:
        UsageError: a text has what HDF5 cannot hold.
    """
    with data.reading():
        frame = data.frame("var")
    try:
        _write(group, frame, symbols)
    except ValueError as error:  # NUL, and what is no UTF-8
        what = f"var has text that HDF5 cannot hold ({error}); correct it, or leave the column out"
        raise UsageError(what, path=data.place, code="var-not-written") from error


def _write(group: h5py.Group, frame: pd.DataFrame, symbols: Sequence[str]) -> None:
    text = h5py.string_dtype()
    for name in ("var_names", "index"):
        group.create_dataset(name, data=_texts(frame.index), dtype=text)
    columns = group.create_group("columns")
    for number, name in enumerate(frame.columns):
        series = frame.iloc[:, number]
        values, is_text = _values(series)
        place = _free_name(str(name), number, columns)
        dataset = columns.create_dataset(place, data=values, dtype=text if is_text else None)
        dataset.attrs["source_name"], dataset.attrs["source_dtype"] = str(name), str(series.dtype)
        if values.dtype == np.int8 and _is_bool(series):
            dataset.attrs["missing_sentinel"] = -1
    name = _free_symbols_name({str(column) for column in frame.columns})
    place = _free_name(name, len(frame.columns), columns)
    dataset = columns.create_dataset(place, data=np.array(symbols, object), dtype=text)
    dataset.attrs["source_name"], dataset.attrs["source_dtype"] = name, "object"
    group.attrs["gene_symbols_column"] = name


def _free_symbols_name(taken: set[str]) -> str:
    name, number = SYMBOLS, 0
    while name in taken:
        number += 1
        name = f"{SYMBOLS}_{number}"
    return name


def _free_name(column: str, number: int, taken: h5py.Group) -> str:
    """A name that HDF5 can have: other characters become underscores, and twins get a number."""
    base = re.sub(r"[^A-Za-z0-9_.-]", "_", column).strip("_") or f"column_{number}"
    name, twin = base, 0
    while name in taken:
        twin += 1
        name = f"{base}_{twin}"
    return name


def _values(series: pd.Series[Any]) -> tuple[NDArray[Any], bool]:
    """A column's values, and whether they are texts; anything but numbers and booleans is written as text.

    Of missing values, booleans have -1 (int8), numbers NaN and texts an empty one.
    """
    import pandas as pd

    is_missing = bool(series.isna().any())
    if _is_bool(series):
        return series.astype("Int8").to_numpy(np.int8, na_value=-1) if is_missing else series.to_numpy(bool), False
    if pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_complex_dtype(series.dtype):
        is_own = isinstance(series.dtype, np.dtype)
        if is_own or not is_missing:
            return series.to_numpy(), False
        kind = np.float32 if str(series.dtype) == "Float32" else np.float64
        return series.to_numpy(kind, na_value=np.nan), False
    return _texts(series), True


def _is_bool(series: pd.Series[Any]) -> bool:
    import pandas as pd

    return pd.api.types.is_bool_dtype(series.dtype) and not isinstance(series.dtype, pd.CategoricalDtype)


def _texts(values: pd.Series[Any] | pd.Index[Any]) -> NDArray[Any]:
    import pandas as pd

    missing = values.isna()
    if pd.api.types.is_datetime64_any_dtype(values.dtype):  # days without a time, where none has one
        values = values.astype("string")
    return np.array(["" if gone else str(value) for value, gone in zip(values, missing, strict=True)], object)
