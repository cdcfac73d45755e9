"""Groups and arrays of a file, by what HDF5 (h5py) and Zarr (zarr-python 3) have in common; zarr is not imported."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeGuard

import h5py
import numpy as np
from numpy.typing import NDArray

Element: TypeAlias = "h5py.Dataset | h5py.Group"  # or the same of Zarr


def is_group(value: object) -> TypeGuard[h5py.Group]:
    """Whether this is a group, which holds others by name."""
    return hasattr(value, "attrs") and hasattr(value, "keys") and not hasattr(value, "shape")


def is_array(value: object) -> TypeGuard[h5py.Dataset]:
    """Whether this is an array, whose values are not read yet."""
    return hasattr(value, "attrs") and hasattr(value, "shape")


def has_texts(array: Element) -> bool:
    """Whether the values of an array are text."""
    if isinstance(array, h5py.Dataset):
        return h5py.check_string_dtype(array.dtype) is not None
    return array.dtype.kind in "OTU"


def texts_of(array: Element, part: Any = ()) -> NDArray[Any]:
    """The texts of an array, or of a part of it, as str."""
    return np.asarray((array.asstr() if isinstance(array, h5py.Dataset) else array)[part], object)
