"""New columns of obs, and provenance in uns, in a copy of an .h5ad file; all else stays as it is, and X is not read."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from cassia_engine.errors import UsageError, shown
from cassia_engine.h5ad.attributes import attribute
from cassia_engine.h5ad.elements import columns_of, encoding

_OLD = "__categories"  # where anndata 0.7 has the categories of all columns
# Of a data frame, by encoding-version: whether its categories are as those of anndata 0.7.
_LAYOUTS = {"0.1.0": True, "0.2.0": False}


@dataclass(frozen=True, slots=True)
class Categories:
    """A column of unordered categories.

    Attributes:
        name: of the column.
        codes: shape (cells,), position of each cell's value in `values`, -1 where it has none.
        values: the categories, each once; none where no cell has a value.
    """

    name: str
    codes: NDArray[np.signedinteger[Any]]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flags:
    """A column of booleans, shape (cells,)."""

    name: str
    values: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers, shape (cells,); NaN for a missing one."""

    name: str
    values: NDArray[np.float64]


Column = Categories | Flags | Numbers
# What goes into uns, by its path there ("cassia/version"): a text, or a list of texts.
Notes = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Labelled:
    """What is written: columns with one value per cell, and the provenance, by its path in uns.

    Attributes:
        removed: columns of an earlier labelling that this one does not write, and that would tell of other labels.
        old_notes: paths in uns of what is said of earlier labels; removed, with dicts that are empty then.
    """

    columns: Sequence[Column]
    notes: Notes
    removed: Sequence[str]
    old_notes: Sequence[str] = ()


def add_to_copy(copy: Path, labelled: Labelled, source: Path, target: Path) -> None:
    """Put columns and notes into a copy of an .h5ad file, in the layout of its anndata.

    Columns and notes that are there under the same names are replaced.

    Args:
        source, target: what it is a copy of, and what it will be called.

    Raises:
        UsageError: the layout is unknown, or what is there is in the way.
        OSError: the copy cannot be written.
    """
    try:
        # Nobody else has this file, and some network file systems have no locks.
        with h5py.File(copy, "r+", locking=False) as file:
            _add(file, source, labelled)
    except (OSError, RuntimeError) as error:
        raise _not_written(error, source, target) from error


def _not_written(error: OSError | RuntimeError, source: Path, target: Path) -> Exception:
    """What h5py says of a full disk only in words and a number, as Python's own error; else a line."""
    number = getattr(error, "errno", None)
    if number or "errno = 28" in str(error):  # at the end, where it is a RuntimeError
        number = number or errno.ENOSPC
        return OSError(number, os.strerror(number), str(target))
    first = str(error).split("\n", 1)[0]
    what = f"HDF5 cannot add the columns ({first}); write the file again with anndata"
    return UsageError(what, path=source, code="h5ad-not-writable")


def _add(file: h5py.File, source: Path, labelled: Labelled) -> None:
    obs = file["obs"]
    old = _LAYOUTS.get(attribute(obs, "encoding-version")) if encoding(obs) == "dataframe" else None
    if old is None:
        what = "the layout of obs is none of anndata's; read the file and write it with anndata"
        raise UsageError(what, path=source, code="h5ad-layout-unknown")
    for name in labelled.removed:
        _remove(obs, name)
    for column in labelled.columns:
        _remove(obs, column.name)
        if not isinstance(column, Categories):
            _write_array(obs, column.name, column.values, "" if old else "array")
        elif old:
            _write_old_categories(obs, column)
        else:
            _write_categories(obs, column)
    kept = (name for name in columns_of(obs) if name not in labelled.removed)
    names = list(dict.fromkeys([*kept, *(column.name for column in labelled.columns)]))
    obs.attrs["column-order"] = np.array(names, h5py.string_dtype())
    for path in labelled.old_notes:
        _remove_note(file["uns"], path)
    for path, note in labelled.notes.items():
        _write_note(file, source, path, note, old)


def _remove(obs: h5py.Group, name: str) -> None:
    for group in (obs, obs.get(_OLD)):
        if group is not None and name in group:
            del group[name]


def _write_categories(obs: h5py.Group, column: Categories) -> None:
    group = obs.create_group(column.name)
    group.attrs.update({"encoding-type": "categorical", "encoding-version": "0.2.0", "ordered": False})
    _write_array(group, "codes", column.codes, "array")
    _write_array(group, "categories", column.values, "string-array")


def _write_old_categories(obs: h5py.Group, column: Categories) -> None:
    """As anndata 0.7 does: codes that refer to their categories."""
    categories = _write_array(obs.require_group(_OLD), column.name, column.values, "")
    categories.attrs["ordered"] = False
    _write_array(obs, column.name, column.codes, "").attrs["categories"] = categories.ref


def _write_array(group: h5py.Group, name: str, values: Any, kind: str) -> h5py.Dataset:
    """A new dataset; `kind` is the encoding that it says, "" for none."""
    dtype = None if isinstance(values, np.ndarray) else h5py.string_dtype()
    written = group.create_dataset(name, data=np.asarray(values, object if dtype else None), dtype=dtype)
    if kind:
        written.attrs.update({"encoding-type": kind, "encoding-version": "0.2.0"})
    return written


def _remove_note(group: h5py.Group, path: str) -> None:
    first, _, rest = path.partition("/")
    if rest:
        _remove_note(group[first], rest)
    if not rest or not len(group[first]):
        del group[first]


def _write_note(file: h5py.File, source: Path, path: str, note: str | Sequence[str], old: bool) -> None:
    group = file
    *parents, name = ["uns", *path.split("/")]
    for parent in parents:
        if parent in group and not isinstance(group[parent], h5py.Group):
            what = f"{group[parent].name} is no dict, and provenance goes there; rename it"
            raise UsageError(what, path=source, code="h5ad-uns-taken")
        if parent not in group:
            group.create_group(parent)
            if not old:
                group[parent].attrs.update({"encoding-type": "dict", "encoding-version": "0.1.0"})
        group = group[parent]
    if name in group:
        del group[name]
    one = isinstance(note, str)
    _write_array(group, name, note if one else tuple(note), "" if old else "string" if one else "string-array")


def check_names(names: Sequence[str]) -> None:
    """Make sure that columns can have these names in an .h5ad file.

    Raises:
        UsageError: one cannot.
    """
    for name in names:
        if "/" in name or "\0" in name or name in (".", "..", "_index", _OLD):
            what = f"no column of an .h5ad file can be called {shown(name)}; choose another prefix"
            raise UsageError(what, code="h5ad-column-name")
