"""Expression matrices written by h5py in each layout that anndata has written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[Any]
Write = Callable[[h5py.File, Matrix], None]


def dense(file: h5py.File, x: Matrix) -> None:
    file["X"] = x
    file["X"].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})


def dense_chunked(file: h5py.File, x: Matrix) -> None:
    chunks = tuple(max(1, length // 2) for length in x.shape)
    file.create_dataset("X", data=x, maxshape=(None, None), chunks=chunks, compression="gzip")


def sparse(
    kind: str,
    indices: str = "i4",
    pointers: str = "",
    old: bool = False,
    zeros: bool = False,
    reverse: bool = False,
    **storage: Any,
) -> Write:
    """A CSR or CSC: `old` with the attributes of anndata 0.6, `zeros` stored too, indices of a line in reverse.

    `indices` and `pointers` are the types of indices and indptr, the same one by default.
    """

    def write(file: h5py.File, x: Matrix) -> None:
        lines = x.T if kind == "csc" else x
        places = [np.arange(len(line)) if zeros else np.flatnonzero(line) for line in lines]
        places = [place[::-1] for place in places] if reverse else places
        group = file.create_group("X")
        values = [line[place] for line, place in zip(lines, places, strict=True)]
        flat = np.concatenate([*values, np.zeros(0, x.dtype)]).astype(x.dtype)
        positions = np.concatenate([*places, np.zeros(0, int)]).astype(indices)
        group.create_dataset("data", data=flat, maxshape=(None,), **storage)
        group.create_dataset("indices", data=positions, maxshape=(None,), **storage)
        group["indptr"] = np.cumsum([0, *map(len, places)]).astype(pointers or indices)
        if old:
            group.attrs.update({"h5sparse_format": kind, "h5sparse_shape": x.shape})
        else:
            group.attrs.update({"encoding-type": f"{kind}_matrix", "encoding-version": "0.1.0", "shape": x.shape})

    return write


LAYOUTS: dict[str, Write] = {
    "dense": dense,
    "dense, chunks": dense_chunked,
    "csr": sparse("csr"),
    "csr, gzip": sparse("csr", compression="gzip", chunks=(7,), shuffle=True),
    "csr, 64 bits, lzf": sparse("csr", "i8", compression="lzf", chunks=(7,)),
    "csr, 32 and 64 bits": sparse("csr", pointers="i8"),
    "csr, old": sparse("csr", old=True),
    "csr, zeros": sparse("csr", zeros=True),
    "csr, reverse": sparse("csr", reverse=True),
    "csc": sparse("csc"),
    "csc, 64 bits, gzip": sparse("csc", "i8", compression="gzip", chunks=(7,)),
    "csc, old": sparse("csc", old=True),
    "csc, zeros": sparse("csc", zeros=True, reverse=True),
}


def in_memory(write: Write, x: Matrix) -> h5py.File:
    """An open file that has X in this layout, and lies in memory only."""
    file = h5py.File("memory.h5ad", "w", driver="core", backing_store=False)
    write(file, x)
    return file
