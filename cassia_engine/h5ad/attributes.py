"""Texts in attributes of HDF5, also those of fixed length, as other libraries than h5py write them."""

from __future__ import annotations

import h5py


def attribute(element: h5py.Dataset | h5py.Group, name: str) -> str:
    """The text in an attribute; "" where there is none of this name."""
    return word(element.attrs.get(name, ""))


def word(value: object) -> str:
    """A text that h5py gives as str or as bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)
