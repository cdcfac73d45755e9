"""Elements of an .h5ad file or a Zarr store, in each layout that anndata has written since 0.7.

Source: anndata's description of its on-disk format, and files of 0.7.8 to 0.13.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

import h5py
import numpy as np
from numpy.typing import NDArray

from cassia_engine.errors import shown
from cassia_engine.h5ad.annotated import Groups
from cassia_engine.h5ad.attributes import attribute, word
from cassia_engine.h5ad.faults import Damage
from cassia_engine.h5ad.kinds import Element, has_texts, is_array, is_group, texts_of

_TEXTS_AT_ONCE = 50_000


def encoding(element: Element) -> str:
    """What anndata calls the element's layout; "" where it says nothing."""
    return attribute(element, "encoding-type")


def is_null(element: Element) -> bool:
    """Whether this is Python's None, as anndata 0.12 and newer write it."""
    return encoding(element) == "null" or (is_array(element) and element.shape is None)


def is_frame(element: object) -> TypeGuard[h5py.Group]:
    """Whether this is a data frame."""
    return is_group(element) and "_index" in element.attrs


def array(element: Element) -> NDArray[Any]:
    """Values of an array, text as str; those that are missing are None (text) or NaN (numbers and booleans)."""
    if is_group(element):
        if encoding(element) == "categorical":
            groups = _categorical(element)
            return np.array([*groups.labels, None], object)[groups.codes]
        return _masked(array(element["values"]), _mask(element))
    if has_texts(element):
        return texts_of(element)
    return np.asarray(element[()])


def _mask(element: h5py.Group, part: Any = ()) -> NDArray[np.bool_]:
    """Which values of a nullable array, or of a part of it, are missing.

    Raises:
        Damage: it has not one such mark for each value.
    """
    values, mask = (element[name] for name in ("values", "mask"))
    if mask.shape != values.shape:
        raise Damage(f"{shown(element.name)} has {values.shape} values and {mask.shape} marks of missing ones")
    return np.asarray(mask[part], np.bool_)


def _masked(values: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    """Values with their missing ones, as a nullable array of pandas has them."""
    missing: Any = None if values.dtype == object else np.nan
    return np.where(mask, missing, values) if mask.any() else values


def texts(element: Element) -> list[str | None]:
    """Values as text; None where one is missing."""
    if is_group(element) and "mask" in element:  # before a mask makes decimals of whole numbers
        missing = _mask(element).tolist()
        return [None if gone else text for text, gone in zip(texts(element["values"]), missing, strict=True)]
    return [None if _is_missing(value) else str(value) for value in array(element).tolist()]


def _is_missing(value: object) -> bool:
    return value is None or value != value


def index_of(frame: h5py.Group) -> list[str]:
    """The names of a frame's rows."""
    return [str(name) for name in array(frame[attribute(frame, "_index")]).tolist()]


def columns_of(frame: h5py.Group) -> list[str]:
    """The names of a frame's columns, in order."""
    return [word(name) for name in np.atleast_1d(frame.attrs.get("column-order", [])).tolist()]


def column(frame: h5py.Group, name: str) -> Element:
    """A column of a frame.

    Raises:
        KeyError: there is none of this name.
        Damage: it has not one value per row.
    """
    if name not in columns_of(frame):
        raise KeyError(name)
    if name not in frame:
        raise Damage(f"{shown(frame.name)} lacks its column {shown(name)}")
    found: Element = frame[name]
    length, rows = _length(found), _length(frame[attribute(frame, "_index")])
    if length != rows:
        raise Damage(f"column {shown(name)} of {shown(frame.name)} has {length} values for {rows} rows")
    return found


def _length(element: Element) -> int:
    """How many values a column has."""
    values = element["codes" if encoding(element) == "categorical" else "values"] if is_group(element) else element
    if len(values.shape) != 1:
        raise Damage(f"{shown(values.name)} is no list of values")
    return int(values.shape[0])


def is_text(frame: h5py.Group, name: str) -> bool:
    """Whether a column holds texts: as such, or as categories."""
    element = column(frame, name)
    if is_array(element) and "categories" in element.attrs:
        return _is_text(frame[element.attrs["categories"]])
    return _is_text(element["categories"] if encoding(element) == "categorical" else element)


def _is_text(element: Element) -> bool:
    values = element["values"] if is_group(element) and "values" in element else element
    return is_array(values) and has_texts(values)


def groups_of(frame: h5py.Group, name: str) -> Groups:
    """A column as groups: categories, or each text, whole number or boolean that it holds.

    Raises:
        KeyError: there is none of this name.
        ValueError: it holds decimal numbers, which are no groups.
    """
    element = column(frame, name)
    if is_array(element) and "categories" in element.attrs:  # anndata 0.7: a reference, or a path in Zarr
        return _coded(element[()], frame[element.attrs["categories"]])
    if encoding(element) == "categorical":
        return _categorical(element)
    if not is_text(frame, name) and array(_values(element)).dtype.kind == "f":
        raise ValueError(name)
    values = texts(element)
    labels = list(dict.fromkeys(value for value in values if value is not None))
    place = {label: number for number, label in enumerate(labels)} | {None: -1}
    return Groups(np.array([place[value] for value in values], np.int64), tuple(labels))


def categories_of(frame: h5py.Group, name: str, most: int) -> Groups | None:
    """A column of categories, texts or booleans as groups; None for another one, or one with more than `most` values.

    Raises:
        KeyError: there is none of this name.
    """
    element = column(frame, name)
    if is_array(element) and "categories" in element.attrs:  # anndata 0.7
        codes, known = element[()], frame[element.attrs["categories"]]
    elif encoding(element) == "categorical":
        codes, known = element["codes"][()], element["categories"]
    elif is_text(frame, name) or _values(element).dtype.kind == "b":
        return _distinct(element, most)
    else:
        return None
    return _coded(codes, known) if len(np.unique(codes[codes >= 0])) <= most else None


def _distinct(element: Element, most: int) -> Groups | None:
    """Texts or booleans as groups, read bit by bit: names of cells, of which no two are the same, end that soon."""
    place: dict[str | None, int] = {None: -1}
    codes = []
    for start in range(0, _values(element).shape[0], _TEXTS_AT_ONCE):
        part = np.s_[start : start + _TEXTS_AT_ONCE]
        values = texts_in(element, part)
        for value in dict.fromkeys(values):
            place.setdefault(value, len(place) - 1)
        if len(place) > most + 1:
            return None
        codes.append(np.fromiter(map(place.__getitem__, values), np.int64, len(values)))
    labels = tuple(value for value in place if value is not None)
    return Groups(np.concatenate([np.empty(0, np.int64), *codes]), labels)


def texts_in(element: Element, part: slice) -> list[str | None]:
    """Some of the values of an array of texts or booleans, as `texts` gives them."""
    values = _values(element)
    found = (texts_of(values, part) if has_texts(values) else values[part]).tolist()
    gone = _mask(element, part).tolist() if is_group(element) else [False] * len(found)
    return [None if missing else str(value) for value, missing in zip(found, gone, strict=True)]


def numbers_of(frame: h5py.Group, name: str) -> NDArray[np.float64] | None:
    """A column of numbers, NaN where one is missing; None for one of another kind.

    Raises:
        KeyError: there is none of this name.
    """
    element = column(frame, name)
    has_categories = encoding(element) == "categorical" or "categories" in element.attrs
    if has_categories or _values(element).dtype.kind not in "iuf":
        return None
    return array(element).astype(np.float64)


def _values(element: Element) -> Element:
    return element["values"] if is_group(element) else element


def _categorical(element: h5py.Group) -> Groups:
    return _coded(element["codes"][()], element["categories"])


def _coded(codes: NDArray[Any], categories: Element) -> Groups:
    """Groups by codes; a category that is missing, which only damaged files have, stays as an empty text."""
    labels = tuple(label or "" for label in texts(categories))
    if codes.dtype.kind not in "iu":
        raise Damage(f"codes of {shown(categories.name)} are no whole numbers")
    if codes.size and not -1 <= codes.min() <= codes.max() < len(labels):
        what = (
            f"{shown(categories.name)} has {len(labels)} categories, and codes are from {codes.min()} to {codes.max()}"
        )
        raise Damage(what)
    return Groups(codes.astype(np.int64), labels)


def are_records(element: object) -> TypeGuard[h5py.Dataset]:
    """Whether this is a record array."""
    return is_array(element) and bool(element.dtype.names)


def records(element: h5py.Dataset) -> dict[str, NDArray[Any]]:
    """The fields of a record array, in their order; text as str or bytes."""
    values = element[()]
    return {name: values[name] for name in element.dtype.names}


def parameters(element: object) -> Mapping[str, Any]:
    """A group of single values as Python values; None where a value is missing, or is no single value."""
    if not is_group(element):
        return {}
    return {name: _single(element[name]) for name in element}


def _single(element: Element) -> Any:
    if not is_array(element) or is_null(element) or element.shape != ():
        return None
    return array(element).item()
