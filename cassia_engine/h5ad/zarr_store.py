"""Zarr stores, of format 2 and 3, as folders or zip files; read by zarr, which is imported only here."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cassia_engine.errors import UsageError

# What the root of a store has, by its format.
_ROOTS = (".zgroup", "zarr.json")
_ZIP = b"PK\x03\x04"


def is_zarr(path: Path) -> bool:
    """Whether a folder or zip file is a Zarr store, or one group of it, by what it holds."""
    if path.is_dir():
        return any((path / root).is_file() for root in _ROOTS)
    return path.is_file() and _root_in_zip(path) is not None


def _root_in_zip(path: Path) -> str | None:
    """Where in a zip file the store begins: "", or the folder that was packed; None where there is none."""
    try:
        with open(path, "rb") as file:
            if file.read(len(_ZIP)) != _ZIP:
                return None
        with zipfile.ZipFile(path) as packed:
            roots = [name for name in packed.namelist() if name.rpartition("/")[2] in _ROOTS]
    except (OSError, zipfile.BadZipFile):
        return None
    return min((root.rpartition("/")[0] for root in roots), key=len, default=None)


def open_zarr(path: Path, place: str, stack: ExitStack) -> Any:
    """The root group of a store, open until the stack is closed; `place` is what messages call it.

    Raises:
        UsageError: zarr is not installed. What else is raised is for `reading_zarr`.
    """
    zarr = _zarr(place)
    if path.is_dir():
        return _root(zarr, str(path))
    return _root(zarr, stack.enter_context(zarr.storage.ZipStore(path, mode="r")), _root_in_zip(path) or "")


def _root(zarr: Any, store: Any, path: str = "") -> Any:
    try:
        # Not by the consolidated metadata: zarr 3.1 loses elements there whose names differ in letter case only.
        return zarr.open_group(store, path=path, mode="r", use_consolidated=False)
    except TypeError as error:  # of metadata with other keys
        raise ValueError(str(error)) from error


@contextmanager
def reading_zarr(place: str) -> Iterator[None]:
    """Within it a store is read: what zarr raises is raised as UsageError; `place` is what messages call it."""
    try:
        yield
    except (OSError, RuntimeError, LookupError, ValueError) as error:
        first = str(error).split("\n", 1)[0][:200]
        what = f"zarr {_zarr(place).__version__} cannot read this store ({first}); write or copy it again"
        raise UsageError(what, path=place, code="zarr-unreadable") from error


def _zarr(place: str) -> Any:
    try:
        import zarr
        import zarr.storage
    except ImportError as error:
        what = "a Zarr store is read by zarr, which is not installed: pip install 'cassia-engine[zarr]'"
        raise UsageError(what, path=place, code="zarr-missing") from error
    if int(zarr.__version__.split(".", 1)[0]) < 3:
        what = f"Zarr stores are read by zarr 3, and here is {zarr.__version__}: pip install 'cassia-engine[zarr]'"
        raise UsageError(what, path=place, code="zarr-too-old")
    from cassia_engine.h5ad.zarr_records import register

    register()
    return zarr
