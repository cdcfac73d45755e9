"""Opening of what holds an AnnData: .h5ad and .h5mu files by h5py, Zarr stores by zarr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import h5py

from cassia_engine.errors import UsageError
from cassia_engine.h5ad.containers import anndata_of
from cassia_engine.h5ad.faults import reading_h5ad
from cassia_engine.h5ad.file_data import FileData
from cassia_engine.h5ad.kinds import is_array, is_group
from cassia_engine.h5ad.options import H5adOptions
from cassia_engine.h5ad.zarr_store import is_zarr, open_zarr, reading_zarr

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def open_data(path: Path, place: str, options: H5adOptions, stack: ExitStack) -> FileData:
    """The AnnData of a file or folder, of several that which the options name; open until the stack is closed.

    Args:
        place: what messages call the file.

    Raises:
        UsageError: it is damaged, holds no AnnData, or several of which none is named. What is raised later on is for
            `FileData.reading`.
    """
    if not path.is_dir():
        with open(path, "rb"):
            pass  # that it is missing, or not to be read, is the system's to say
    reading = reading_zarr if is_zarr(path) else reading_h5ad
    with reading(place):
        root = open_zarr(path, place, stack) if is_zarr(path) else stack.enter_context(_file(path, place))
        group = anndata_of(root, place, options)
        _check(group, place)
    return FileData(place, group, reading)


@contextmanager
def opened_h5ad(path: Path, place: str) -> Iterator[h5py.File]:
    """An AnnData file, open for reading; `place` is what messages call it.

    Raises:
        UsageError: it is damaged, or HDF5 of another kind; also for what h5py raises while it is open.
    """
    with reading_h5ad(place), _file(path, place) as file:
        if is_group(file.get("mod")):
            raise UsageError(
                "this is MuData; write one modality of it: mdata.mod['rna'].write_h5ad(FILE)",
                path=place,
                code="h5ad-is-mudata",
            )
        _check(file, place)
        yield file


def _file(path: Path, place: str) -> h5py.File:
    with open(path, "rb") as file:
        begins = file.read(len(_SIGNATURE))
    if begins and begins != _SIGNATURE and not h5py.is_hdf5(path):  # which is so for a file that is locked, too
        raise UsageError("this is no HDF5 file; give an AnnData (.h5ad)", path=place, code="h5ad-not-hdf5")
    return h5py.File(path, "r")


def _check(group: Any, place: str) -> None:
    frames = [group.get(name) for name in ("obs", "var")]
    if any(map(is_array, frames)):
        raise UsageError(
            "written by an anndata older than 0.7; read it and write it again with a newer one",
            path=place,
            code="h5ad-too-old",
        )
    if not all(map(is_group, frames)):
        raise UsageError(
            "this is no AnnData: it has no obs and var; give an .h5ad file, or a Zarr store of an AnnData",
            path=place,
            code="h5ad-not-anndata",
        )
