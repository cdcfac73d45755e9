"""vars.h5: genes, and the values of one gene in all cells."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from cassia_engine.server.reading.hdf5 import Hdf5File
from cassia_engine.server.reading.messages import MOST_CELLS, ArtifactError

_MOST_GENES = 300_000
_MOST_COLUMNS = 2_000
_LONGEST_NAME = 1_000


class VarsFile:
    """vars.h5 of a job; what HDF5 raises for a damaged file is raised as ArtifactError."""

    def __init__(self, path: Path):
        self._path, self._closing = path, ExitStack()

    def open(self) -> None:
        """Open the file; nothing in it is looked at before `read`.

        Raises:
            ArtifactError: it is no HDF5 file.
        """
        self._file = self._closing.enter_context(closing(Hdf5File(self._path)))

    def close(self) -> None:
        self._closing.close()

    def read(self) -> None:
        """Read the genes and where their values are.

        Raises:
            ArtifactError: the file is damaged, or has something that is not read.
        """
        self._pool = self._closing.enter_context(ThreadPoolExecutor(1, "chunks"))
        self._file.parse()
        with_damage(self._read)

    def _read(self) -> None:
        group = self._file.group("vars")
        self.n_cells = _whole_number(group, "n_obs", MOST_CELLS)
        n_genes = _whole_number(group, "n_vars", _MOST_GENES)
        self._values, self._cells = self._file.numbers("vars/data", "<f4"), self._file.numbers("vars/indices", "<i4")
        ends = self._file.numbers("vars/indptr", "<i8")
        if ends.size != n_genes + 1 or self._values.size != self._cells.size:
            raise ArtifactError(f"/vars says that it has {n_genes} genes, which its datasets do not fit")
        self._ends = ends.read(0, ends.size)
        if self._ends[0] != 0 or self._ends[-1] != self._values.size or (np.diff(self._ends) < 0).any():
            raise ArtifactError("/vars/indptr does not fit the values of /vars/data")
        if np.diff(self._ends).max(initial=0) > self.n_cells:
            raise ArtifactError("/vars/indptr says that a gene has more values than there are cells")
        names = self._file.texts(self._names_of_genes(), n_genes)
        self._places = {name: place for place, name in reversed([*enumerate(names)])}
        self.genes = list(dict.fromkeys(names))

    def _names_of_genes(self) -> str:
        """The dataset with the symbols that the file names, or with the names of `var` where it names none."""
        column = _text(self._file.group("info/var"), "gene_symbols_column")
        if column is None:
            return "info/var/var_names"
        columns = self._file.group("info/var/columns")
        if len(columns) > _MOST_COLUMNS:
            raise ArtifactError(f"/info/var/columns has {len(columns)} columns; at most {_MOST_COLUMNS} are read")
        for name in columns:
            if _text(self._file.dataset(f"info/var/columns/{name}"), "source_name") == column:
                return f"info/var/columns/{name}"
        raise ArtifactError("/info/var names a column of gene symbols that it does not have")

    def values_of(self, gene: str) -> NDArray[np.float32]:
        """A gene in all cells; of genes with the same name, the first.

        Raises:
            ArtifactError: there is no such gene, or its values are damaged.
        """
        place = self._places.get(gene)
        if place is None:
            raise ArtifactError("there is no such gene", is_absent=True)
        start, stop = self._ends[place : place + 2].tolist()
        cells = self._pool.submit(with_damage, lambda: self._cells.read(start, stop))
        values = with_damage(lambda: self._values.read(start, stop))
        found = np.zeros(self.n_cells, np.float32)
        found[_checked(cells.result(), self.n_cells)] = values
        return found


def with_damage(read: Callable[[], Any]) -> Any:
    """What `read` reads; what HDF5 raises for a damaged file is raised as ArtifactError."""
    try:
        return read()
    except (OSError, ValueError, RuntimeError, LookupError, TypeError, ArithmeticError) as error:
        raise ArtifactError(f"damaged: {str(error)[:200]}") from error


def _checked(cells: NDArray[np.int32], n_cells: int) -> NDArray[np.int32]:
    if cells.size and not 0 <= cells.min() <= cells.max() < n_cells:
        raise ArtifactError(f"/vars/indices names a cell that is not among the {n_cells}")
    return cells


def _whole_number(group: h5py.Group, name: str, most: int) -> int:
    attribute = group.attrs.get_id(name) if name in group.attrs else None
    if attribute is None or attribute.shape != () or attribute.dtype.kind not in "iu":
        raise ArtifactError(f"{group.name} does not have the attribute {name}, a whole number")
    found = int(group.attrs[name])
    if not 0 <= found <= most:
        raise ArtifactError(f"{group.name} has {name} {found}, and at most {most} are read")
    return found


def _text(element: h5py.Group | h5py.Dataset, name: str) -> str | None:
    if name not in element.attrs:
        return None
    attribute = element.attrs.get_id(name)
    if attribute.shape != () or h5py.check_string_dtype(attribute.dtype) is None:
        raise ArtifactError(f"{element.name} has an attribute {name} that is no text")
    found = element.attrs[name]
    text = found.decode("utf-8", "replace") if isinstance(found, bytes) else str(found)
    if len(text) > _LONGEST_NAME:
        raise ArtifactError(f"{element.name} has an attribute {name} that is too long")
    return text
