"""Data frames of an .h5ad file or a Zarr store, as pandas has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from cassia_engine.h5ad.attributes import attribute
from cassia_engine.h5ad.elements import array, column, columns_of, encoding, index_of
from cassia_engine.h5ad.kinds import Element, has_texts, is_array, is_group

if TYPE_CHECKING:
    import pandas as pd


def frame_of(group: h5py.Group) -> pd.DataFrame:
    """A data frame with its index and all columns; columns are of the types that anndata gives them.

    Raises:
        OSError: a column does not have one value per row.
    """
    import pandas as pd

    name = attribute(group, "_index")
    index = pd.Index(index_of(group), name=None if name == "_index" else name)
    names = columns_of(group)
    columns = {number: _values(column(group, name), group, name) for number, name in enumerate(names)}
    frame = pd.DataFrame({number: pd.Series(values, index=index) for number, values in columns.items()}, index=index)
    frame.columns = pd.Index(names, dtype=object)
    return frame


def _values(element: Element, frame: h5py.Group, name: str) -> Any:
    import pandas as pd

    if (is_array(element) and "categories" in element.attrs) or encoding(element) == "categorical":
        return _categories(element, frame, name)
    if is_group(element):
        values, mask = element["values"], np.asarray(element["mask"][()], bool)
        if has_texts(values):
            return array(element)
        dtype: Any = _masked(np.dtype(values.dtype))
        return pd.Series(np.asarray(values[()])).astype(dtype).mask(mask).array
    return array(element)


def _masked(dtype: np.dtype[Any]) -> str:
    """What pandas calls a type with a mask: Int32 for int32."""
    if dtype.kind == "b":
        return "boolean"
    return {"i": "Int", "u": "UInt", "f": "Float"}[dtype.kind] + str(8 * dtype.itemsize)


def _categories(element: Element, frame: h5py.Group, name: str) -> Any:
    import pandas as pd

    if is_array(element):  # anndata 0.7
        codes, categories = element[()], frame[element.attrs["categories"]]
    else:
        codes, categories = element["codes"][()], element["categories"]
    found = array(categories)
    if codes.size and not -1 <= codes.min() <= codes.max() < len(found):
        raise OSError("codes of no category")  # as of other damage
    is_ordered = bool(element.attrs.get("ordered", categories.attrs.get("ordered", False)))
    return pd.Categorical.from_codes(codes, categories=pd.Index(found), ordered=is_ordered)
