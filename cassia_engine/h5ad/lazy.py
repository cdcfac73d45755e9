"""An AnnData whose parts are read when needed, as anndata.experimental.read_lazy gives it, and the matrices of dask."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST_IN_CHUNK = 50_000_000  # values: a chunk of more is computed in parts, though each may read all of it


def is_lazy(adata: Any) -> bool:
    """Whether the frames of an AnnData are still in its file."""
    return hasattr(adata.obs, "to_memory")


def with_frames(adata: Any) -> Any:
    """An AnnData with its frames in memory; its matrices stay where they are."""
    if not is_lazy(adata):
        return adata
    raw = None if adata.raw is None else SimpleNamespace(var=_loaded(adata.raw.var), X=adata.raw.X)
    return SimpleNamespace(
        obs=_loaded(adata.obs),
        var=_loaded(adata.var),
        raw=raw,
        uns=_loaded(adata.uns),
        obsm={key: _loaded(adata.obsm[key]) for key in adata.obsm},
        layers=adata.layers,
        X=adata.X,
    )


def _loaded(value: Any) -> Any:
    """A frame as one of pandas, alone or in dicts; of other values the same."""
    if isinstance(value, dict):
        return {key: _loaded(one) for key, one in value.items()}
    return value.to_memory() if hasattr(value, "to_memory") and hasattr(value, "columns") else value


class Computed:
    """A matrix of dask, shape (cells, genes), of which a part is an array: computed when it is asked for."""

    def __init__(self, value: Any):
        self.shape: tuple[int, int] = value.shape
        self.dtype: np.dtype[Any] = value.dtype
        self._value = value
        rows = max(value.chunks[0], default=1)
        self.chunks = (rows if rows * self.shape[1] <= _MOST_IN_CHUNK else 1,)

    def __getitem__(self, part: Any) -> NDArray[Any]:
        found = self._value[part].compute()
        return np.asarray(found.toarray() if hasattr(found, "toarray") else found)


def is_computable(value: Any) -> bool:
    """Whether this is a matrix of dask, by what it has."""
    return hasattr(value, "compute") and hasattr(value, "chunks") and len(value.shape) == 2
