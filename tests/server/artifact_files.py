"""vars.h5 and obs.duckdb of few cells, as cassia writes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cassia_engine.artifacts.compressed import Compression
from cassia_engine.artifacts.obs_duckdb import write_obs_duckdb
from cassia_engine.artifacts.vars_h5 import write_vars_h5
from cassia_engine.h5ad.file_data import FileData
from cassia_engine.h5ad.object_data import ObjectData

N_CELLS = 60
GENES = ["CD3D", "LYZ", "MS4A1", "ACTB", "NONE"]
LABELS = {"0": "T cells", "1": "B; \"cells\" 'x'", "2": "Mono"}
_DRAW = np.random.default_rng(0)
CODES: NDArray[np.int64] = _DRAW.permutation(np.arange(N_CELLS) % 3)
X = np.where(_DRAW.random((N_CELLS, 5)) < 0.6, _DRAW.random((N_CELLS, 5)) * 4, 0).astype(np.float32)
X[:, 4] = 0
X[:, 3] += 1  # in every cell
UMAP = _DRAW.random((N_CELLS, 2)) * 20 - 10
OBS = pd.DataFrame(
    {
        "donor": pd.Categorical(["d1", "d2", "d3", "d4"] * 15),
        "leiden": pd.Categorical.from_codes(CODES, pd.Index(list(LABELS.values()))),
        "batch": np.arange(N_CELLS) % 2,
        "n_counts": np.arange(N_CELLS) * 1.5,
    }
)


@dataclass(frozen=True)
class Files:
    vars_h5: Path
    obs_duckdb: Path


def artifacts(
    folder: Path,
    obs: pd.DataFrame = OBS,
    x: Any = X,
    compression: Compression = Compression.GZIP,
    symbols: list[str] | None = None,
    umap: Any = UMAP,
) -> Files:
    """Both files of one data set."""
    files = Files(folder / "vars.h5", folder / "obs.duckdb")
    with h5py.File(folder / "cells.h5ad", "w") as file:
        _frame(file, "obs", [f"cell{place}" for place in range(len(x))])
        _frame(file, "var", [f"ENSG{place}" for place in range(x.shape[1])])
        file["X"] = x
        file["X"].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
        write_vars_h5(files.vars_h5, FileData("cells.h5ad", file), symbols or GENES, compression)
    key = None if umap is None else "X_umap"
    write_obs_duckdb(files.obs_duckdb, ObjectData("AnnData", _Object(obs, {"X_umap": umap})), key)
    return files


class _Object:
    """An AnnData as far as it is read."""

    def __init__(self, obs: pd.DataFrame, obsm: dict[str, Any]):
        self.obs, self.obsm = obs, obsm


def _frame(file: h5py.File, name: str, index: list[str]) -> None:
    group = file.create_group(name)
    group.attrs.update({"_index": "_index", "column-order": [], "encoding-type": "dataframe"})
    group.create_dataset("_index", data=index, dtype=h5py.string_dtype())
