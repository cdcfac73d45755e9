"""Objects whose values are elsewhere yet: matrices of dask, a lazy AnnData, a backed one whose file is gone.

The stand-ins have of dask's arrays and anndata's lazy frames what is asked of these; compared by hand with dask 2026.8
and anndata 0.13.4.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import cassia_engine
from cassia_engine.h5ad import lazy
from cassia_engine.h5ad.matrix import Dense, matrix_of
from tests.h5ad.conftest import SCANPY
from tests.h5ad.test_cells import in_memory, read
from tests.raising import raises

RANK = {"rank": True, "group_key": "cell_type"}


class Dask:
    """A matrix of rows in chunks, which notes the most rows that were computed at once."""

    most = 0

    def __init__(self, values: NDArray[Any], rows: int, as_sparse: bool = False):
        self._values, self._as_sparse = values, as_sparse
        self.shape, self.dtype = values.shape, values.dtype
        self.chunks = ((rows,) * (len(values) // rows), values.shape[1:])

    def __getitem__(self, part: Any) -> Dask:
        return Dask(self._values[part], 1, self._as_sparse)

    def compute(self) -> Any:
        Dask.most = max(Dask.most, len(self._values))
        return SimpleNamespace(toarray=lambda: self._values) if self._as_sparse else self._values


class Frame:
    """A frame that is in its file, of which a column is no array yet."""

    def __init__(self, frame: pd.DataFrame):
        self._frame, self.columns = frame, frame.columns

    def to_memory(self) -> pd.DataFrame:
        return self._frame


@pytest.mark.parametrize("as_sparse", [False, True])
def test_matrix_of_dask_is_read_as_its_values(as_sparse: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    adata = in_memory(SCANPY)
    expected = read(in_memory(SCANPY), **RANK)
    adata.raw.X = Dask(adata.raw.X, 20, as_sparse)
    assert read(adata, **RANK) == expected
    monkeypatch.setattr(lazy, "_MOST_IN_CHUNK", 0)
    assert read(adata, **RANK) == expected


def test_no_more_is_computed_at_once_than_a_block_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dask, "most", 0)
    values = np.arange(400.0).reshape(40, 10)
    matrix = matrix_of("X", Dask(values, 5))
    assert isinstance(matrix, Dense)
    blocks = [block for _, block in matrix.blocks(130)]
    assert (np.concatenate(blocks) == values).all()
    assert (Dask.most, len(blocks)) == (10, 4)


def test_lazy_anndata_is_read_as_one_in_memory() -> None:
    expected = read(in_memory(SCANPY), **RANK)
    adata = in_memory(SCANPY)
    raw = SimpleNamespace(var=Frame(adata.raw.var), X=Dask(adata.raw.X, 40))
    frames = {"obs": Frame(adata.obs), "var": Frame(adata.var)}
    found = SimpleNamespace(**{**vars(adata), **frames, "raw": raw, "X": Dask(adata.X, 40)})
    assert read(found, **RANK) == expected
    with raises("anndata-lazy", "adata.to_memory()"):
        cassia_engine.label(found, Path("any_summary.csv"))


def test_matrix_on_a_gpu_is_refused_in_one_line() -> None:
    adata = in_memory(SCANPY)
    adata.raw = None
    adata.X = SimpleNamespace(format="csr", shape=adata.X.shape, data=object(), indices=object(), indptr=object())
    with raises("matrix-unreadable", "X", path="the AnnData"):
        read(adata, **RANK)


class Gone(SimpleNamespace):
    """A backed AnnData whose file was removed."""

    @property
    def X(self) -> None:
        raise FileNotFoundError(2, "Unable to synchronously open file\nname = 'a.h5ad'")


def test_backed_anndata_whose_file_is_gone_is_refused_in_one_line() -> None:
    parts = vars(in_memory(SCANPY)) | {"raw": None}
    del parts["X"]
    with raises("anndata-file-unreadable", "No such file", path="the AnnData") as caught:
        read(Gone(**parts), **RANK)
    assert "\n" not in str(caught.value)
