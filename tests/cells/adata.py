"""A small AnnData, as a file in each layout and as an object, so that both can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pandas as pd

from cassia_engine.h5ad.annotated import AnnotatedData
from cassia_engine.h5ad.file_data import FileData
from cassia_engine.h5ad.object_data import ObjectData
from tests.h5ad.files import LAYOUTS, write_categorical, write_frame

_NUMBERS = count()
Columns = Mapping[str, Sequence[Any]]


def in_file(layout: str, columns: Columns, obsm: Mapping[str, Any]) -> FileData:
    """Lists of texts are categories, but for those in columns called `text...`."""
    file = h5py.File(f"memory{next(_NUMBERS)}.h5ad", "w", driver="core", backing_store=False)
    n_cells = len(next(iter(columns.values())))
    plain = {name: values for name, values in columns.items() if not _is_categories(name, values)}
    coded = [name for name in columns if name not in plain]
    obs = write_frame(file, "obs", [f"cell{n}" for n in range(n_cells)], plain, layout, coded)
    for name in coded:
        categories = sorted({value for value in columns[name] if value is not None})
        codes = [-1 if value is None else categories.index(value) for value in columns[name]]
        write_categorical(obs, name, np.array(codes, "i1"), categories, layout)
    obs.attrs["column-order"] = np.array(list(columns), h5py.string_dtype())
    write_frame(file, "var", ["G1"], {}, layout)
    for key, values in obsm.items():
        file[f"obsm/{key}"] = values
    return FileData("a.h5ad", file)


def _is_categories(name: str, values: Sequence[Any]) -> bool:
    return any(isinstance(value, str) for value in values) and not name.startswith("text")


def in_memory(columns: Columns, obsm: Mapping[str, Any] | None = None) -> ObjectData:
    obs = pd.DataFrame(
        {
            name: pd.Categorical(list(values)) if _is_categories(name, values) else pd.Series(values)
            for name, values in columns.items()
        }
    )
    var = pd.DataFrame(index=["G1"])
    adata = SimpleNamespace(obs=obs, var=var, uns={}, obsm=dict(obsm or {}), layers={}, X=None, raw=None)
    return ObjectData("a.h5ad", adata)


WAYS = (*LAYOUTS, "memory")


def opened(way: str, columns: Columns, obsm: Mapping[str, Any] | None = None) -> AnnotatedData:
    """An AnnData with these columns of obs: a file of a layout, or an object."""
    return in_memory(columns, obsm or {}) if way == "memory" else in_file(way, columns, obsm or {})
