"""Small .h5ad files in the layouts that anndata has written, and what is in any of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

TEXT = h5py.string_dtype()


def write(path: Path, obs: dict[str, Any], *, old: bool = False, nullable: bool = False) -> Path:
    """A file of as many cells as the columns of `obs` have values, and three genes.

    A column is a list of values, or a pair of codes and categories.

    Args:
        old: in the layout of anndata 0.7.
        nullable: with the names of cells and genes as anndata 0.12 writes them under pandas 3.
    """
    first = next(iter(obs.values()))
    n_cells = len(first[0] if isinstance(first, tuple) else first)
    with h5py.File(path, "w") as file:
        _encode(file, "anndata", "0.1.0", old)
        file["X"] = np.arange(n_cells * 3, dtype=np.float32).reshape(n_cells, 3)
        _encode(file["X"], "array", "0.2.0", old)
        _encode(file.create_group("uns"), "dict", "0.1.0", old)
        file["uns/title"] = "kept"
        cells = _frame(file, "obs", [f"cell{n}" for n in range(n_cells)], [*obs], old, nullable)
        for name, values in obs.items():
            _column(cells, name, values, old)
        genes = _frame(file, "var", ["ENSG1", "ENSG2", "ENSG3"], ["symbol"], old, nullable)
        _column(genes, "symbol", ["CD79A", "MS4A1", "CD3D"], old)
    return path


def _frame(file: h5py.File, name: str, index: list[str], columns: list[str], old: bool, nullable: bool) -> h5py.Group:
    frame = file.create_group(name)
    frame.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.1.0" if old else "0.2.0"})
    frame.attrs["_index"] = "_index"
    frame.attrs["column-order"] = np.array(columns, TEXT)
    if nullable:
        group = frame.create_group("_index")
        _encode(group, "nullable-string-array", "0.1.0", False)
        _text(group, "values", index, False)
        group["mask"] = np.zeros(len(index), bool)
    else:
        _text(frame, "_index", index, old)
    return frame


def _column(frame: h5py.Group, name: str, values: Any, old: bool) -> None:
    if isinstance(values, tuple):
        codes, categories = (np.asarray(part) for part in values)
        if old:
            place = frame.require_group("__categories")
            _array(place, name, categories, old)
            place[name].attrs["ordered"] = False
            frame[name] = codes.astype(np.int8)
            frame[name].attrs["categories"] = place[name].ref
            return
        group = frame.create_group(name)
        _encode(group, "categorical", "0.2.0", old)
        group.attrs["ordered"] = False
        _array(group, "codes", codes.astype(np.int8), old)
        _array(group, "categories", categories, old)
    else:
        _array(frame, name, np.asarray(values), old)


def _array(group: h5py.Group, name: str, values: Any, old: bool) -> None:
    if values.dtype.kind == "U":
        _text(group, name, values.tolist(), old)
    else:
        group[name] = values
        _encode(group[name], "array", "0.2.0", old)


def _text(group: h5py.Group, name: str, values: Sequence[str], old: bool) -> None:
    group.create_dataset(name, data=np.array(values, object), dtype=TEXT)
    _encode(group[name], "string-array", "0.2.0", old)


def _encode(element: Any, kind: str, version: str, old: bool) -> None:
    if not old:
        element.attrs.update({"encoding-type": kind, "encoding-version": version})


def column(path: Path, name: str) -> list[str | None]:
    """A column of categories, one value per cell; it must be unordered, and its categories are all used."""
    with h5py.File(path) as file:
        found = file["obs"][name]
        if isinstance(found, h5py.Group):
            assert found.attrs["encoding-type"] == "categorical"
            codes, categories = found["codes"], found["categories"]
            ordered = found.attrs["ordered"]
        else:
            codes, categories = found, file[found.attrs["categories"]]
            ordered = categories.attrs["ordered"]
        assert not ordered
        names = list(categories.asstr()[()])
        assert len(set(names)) == len(names)
        assert set(codes[()].tolist()) - {-1} == set(range(len(names)))
        return [None if code < 0 else names[code] for code in codes[()].tolist()]


def contents(path: Path) -> dict[str, str]:
    """A hash of the values and attributes of everything in a file, by its path."""
    found = {}

    def look(name: str, element: h5py.Group | h5py.Dataset) -> None:
        said = sorted((key, str(value)) for key, value in element.attrs.items() if key != "column-order")
        values: Any = element[()] if isinstance(element, h5py.Dataset) else b""
        plain = isinstance(values, np.ndarray) and not values.dtype.hasobject
        data = values.tobytes() if plain else repr(values.tolist() if isinstance(values, np.ndarray) else values)
        found[name] = hashlib.sha256(f"{said}{getattr(element, 'dtype', '')}{data!r}".encode()).hexdigest()

    with h5py.File(path) as file:
        file.visititems(look)
    return found
