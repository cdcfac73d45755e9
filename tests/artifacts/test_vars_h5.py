"""vars.h5: the same matrix by gene and its raw counts by cell, whatever layout it came in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from cassia_engine.artifacts.compressed import Compression
from cassia_engine.artifacts.gene_columns import write_gene_columns
from cassia_engine.artifacts.vars_h5 import write_vars_h5
from cassia_engine.h5ad.file_data import FileData
from tests.h5ad.matrices import LAYOUTS, Write, sparse
from tests.raising import raises

Matrix = NDArray[Any]
GENES, CELLS = 7, 9
COUNTS = np.random.default_rng(0).integers(0, 4, (CELLS, GENES)).astype(np.float32)
X = np.log1p(COUNTS)
TEXT = h5py.string_dtype()


def frame(file: h5py.File, name: str, index: list[str], **columns: Any) -> None:
    group = file.create_group(name)
    group.attrs.update({"_index": "_index", "column-order": list(columns), "encoding-type": "dataframe"})
    group.create_dataset("_index", data=index, dtype=TEXT)
    for column, values in columns.items():
        group[column] = values


def genes(number: int) -> list[str]:
    return [f"G{place}" for place in range(number)]


def anndata(path: Path, write: Write, x: Matrix = X, var: dict[str, Any] | None = None) -> h5py.File:
    file = h5py.File(path, "w")
    frame(file, "obs", [f"cell{place}" for place in range(len(x))])
    frame(file, "var", genes(x.shape[1]), **(var or {}))
    write(file, x)
    return file


def at(place: str, write: Write, x: Matrix) -> Callable[[h5py.File], None]:
    """Writes a matrix somewhere else than at X."""

    def add(file: h5py.File) -> None:
        with h5py.File("memory.h5", "w", driver="core", backing_store=False) as other:
            write(other, x)
            file.require_group(place.rpartition("/")[0] or "/")
            other.copy("X", file, place)

    return add


def written(file: h5py.File, tmp_path: Path, compression: Compression = Compression.GZIP) -> h5py.File:
    data = FileData("a.h5ad", file)
    write_vars_h5(tmp_path / "vars.h5", data, [name.lower() for name in data.genes(False)], compression)
    return h5py.File(tmp_path / "vars.h5")


def dense(group: h5py.Group, by_gene: bool) -> Matrix:
    """What a group of the file has, cells by genes; that no line has a place twice is checked."""
    shape = (int(group.attrs["n_obs"]), int(group.attrs["n_vars"]))
    found = np.zeros(shape if not by_gene else shape[::-1], group["data"].dtype)
    ends = group["indptr"][:]
    assert ends[-1] == len(group["data"]) == len(group["indices"])
    for line, (start, stop) in enumerate(pairwise(ends)):
        places = group["indices"][start:stop]
        assert len(set(places)) == len(places)
        found[line, places] = group["data"][start:stop]
    return found.T if by_gene else found


@pytest.mark.parametrize("layout", LAYOUTS)
def test_expression_is_by_gene_in_each_layout(layout: str, tmp_path: Path) -> None:
    with anndata(tmp_path / "a.h5ad", LAYOUTS[layout]) as file, written(file, tmp_path) as found:
        group = found["vars"]
        assert [group[name].dtype for name in ("data", "indices", "indptr")] == ["f4", "i4", "i8"]
        np.testing.assert_array_equal(dense(group, by_gene=True), X)
        assert len(group["indptr"]) == GENES + 1


@pytest.mark.parametrize("dtype", ["f8", "f2", "i8", "u1", "?"])
def test_expression_is_in_single_precision(dtype: str, tmp_path: Path) -> None:
    x = X.astype(dtype)
    with anndata(tmp_path / "a.h5ad", sparse("csr"), x) as file, written(file, tmp_path) as found:
        np.testing.assert_array_equal(dense(found["vars"], by_gene=True), x.astype(np.float32))


def test_values_that_are_missing_or_negative_stay(tmp_path: Path) -> None:
    x = X.copy()
    x[0, 0], x[1, 1] = np.nan, -3
    with anndata(tmp_path / "a.h5ad", LAYOUTS["dense"], x) as file, written(file, tmp_path) as found:
        np.testing.assert_array_equal(dense(found["vars"], by_gene=True), x)


@pytest.mark.parametrize("x", [np.zeros((CELLS, GENES)), np.zeros((0, GENES)), np.zeros((CELLS, 0))])
@pytest.mark.parametrize("layout", ["dense", "csr", "csc"])
def test_empty_matrices(layout: str, x: Matrix, tmp_path: Path) -> None:
    with anndata(tmp_path / "a.h5ad", LAYOUTS[layout], x) as file, written(file, tmp_path) as found:
        np.testing.assert_array_equal(dense(found["vars"], by_gene=True), x)


@pytest.mark.parametrize("place", ["layers/counts", "raw/X", "X"])
@pytest.mark.parametrize("layout", ["csr", "csc", "dense"])
def test_counts_are_by_cell_from_where_they_are(place: str, layout: str, tmp_path: Path) -> None:
    with anndata(tmp_path / "a.h5ad", LAYOUTS[layout], COUNTS if place == "X" else X) as file:
        if place != "X":
            at(place, LAYOUTS[layout], COUNTS)(file)
            frame(file.require_group("raw"), "var", genes(GENES))
        with written(file, tmp_path) as found:
            assert found["raw/data"].dtype == np.int32
            np.testing.assert_array_equal(dense(found["raw"], by_gene=False), COUNTS)


@pytest.mark.parametrize("layout", ["csr", "csc", "dense"])
def test_counts_of_raw_are_those_of_the_genes_of_var(layout: str, tmp_path: Path) -> None:
    raw = np.random.default_rng(1).integers(0, 9, (CELLS, GENES + 3)).astype(np.float32)
    names = ["other", *reversed(genes(GENES)), "more", "and more"]
    with anndata(tmp_path / "a.h5ad", sparse("csr")) as file:
        at("raw/X", LAYOUTS[layout], raw)(file)
        frame(file["raw"], "var", names)
        with written(file, tmp_path) as found:
            wanted = raw[:, [names.index(gene) for gene in genes(GENES)]]
            np.testing.assert_array_equal(dense(found["raw"], by_gene=False), wanted)


def test_what_only_starts_with_counts_is_not_cut(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    counts = np.vstack([np.ones((1_100_000, 1), np.float32), [[0.5]]])
    with anndata(tmp_path / "a.h5ad", sparse("csr"), np.log1p(counts)) as file:
        at("layers/counts", LAYOUTS["dense"], counts)(file)
        with written(file, tmp_path) as found:
            assert "raw" not in found
            assert len(found["vars/data"]) == len(counts)
    assert [record.getMessage() for record in caplog.records] == [
        "a.h5ad: layers/counts starts with raw counts, but has other values: not taken as raw counts",
        "a.h5ad: no raw counts in layers['counts'], raw or X: vars.h5 is written without them",
    ]


@pytest.mark.parametrize("value", [-1, 0.5, np.nan, np.inf, 2**31])
def test_other_values_are_no_counts(value: float, tmp_path: Path) -> None:
    counts = COUNTS.astype(np.float64)
    counts[2, 2] = value
    with anndata(tmp_path / "a.h5ad", sparse("csr")) as file:
        at("layers/counts", sparse("csr"), counts)(file)
        with written(file, tmp_path) as found:
            assert "raw" not in found


def test_lz4_has_the_same_layout(tmp_path: Path) -> None:
    with anndata(tmp_path / "a.h5ad", sparse("csr")) as file, written(file, tmp_path, Compression.LZ4) as found:
        assert found["vars/data"]._filters == {"32004": (0,)}
        assert found["vars/data"].shape == (np.count_nonzero(X),)


def test_columns_of_genes(tmp_path: Path) -> None:
    var = {
        "n cells": np.arange(GENES),
        "n_cells": np.linspace(0, 1, GENES).astype("f4"),
        "hv": np.arange(GENES) > 3,
        "µ": np.array(["a"] * GENES, object),
    }
    with anndata(tmp_path / "a.h5ad", sparse("csr"), var=var) as file, written(file, tmp_path) as found:
        info = found["info/var"]
        assert info["var_names"].asstr()[:].tolist() == info["index"].asstr()[:].tolist() == genes(GENES)
        columns = info["columns"]
        assert {name: (columns[name].attrs["source_name"], columns[name].dtype.kind) for name in columns} == {
            "n_cells": ("n cells", "i"),
            "n_cells_1": ("n_cells", "f"),
            "hv": ("hv", "b"),
            "column_3": ("µ", "O"),
            "cytetype_gene_symbols": ("__cytetype_gene_symbols", "O"),
        }
        assert info.attrs["gene_symbols_column"] == "__cytetype_gene_symbols"
        symbols = columns["cytetype_gene_symbols"].asstr()[:].tolist()
        assert symbols == [name.lower() for name in genes(GENES)]


def columns_of(tmp_path: Path, **columns: Any) -> dict[str, NDArray[Any]]:
    """What is written of columns of `var`, whose values are all that is asked about."""
    index = genes(3)
    cells: Any = SimpleNamespace(
        place="AnnData", reading=nullcontext, frame=lambda _: pd.DataFrame(columns, index=index)
    )
    with h5py.File(tmp_path / "columns.h5", "w") as file:
        write_gene_columns(file, cells, index)
        return {name: file["columns"][name][:] for name in columns}


def test_columns_of_genes_of_rarer_types(tmp_path: Path) -> None:
    days = np.array(["2020-01-01", "NaT", "2021-01-01"], "datetime64[ns]")
    found = columns_of(tmp_path, day=days, share=pd.array([0.5, None, 1.5], "Float32"))
    assert found["day"].tolist() == [b"2020-01-01", b"", b"2021-01-01"]
    assert found["share"].dtype == np.float32
    np.testing.assert_array_equal(found["share"], [0.5, np.nan, 1.5])


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_hdf5_cannot_hold_is_said(text: str, tmp_path: Path) -> None:
    with raises("var-not-written", path="AnnData"):
        columns_of(tmp_path, name=[text, "b", "c"])


def test_indices_outside_of_the_matrix_are_refused(tmp_path: Path) -> None:
    with anndata(tmp_path / "a.h5ad", sparse("csr")) as file:
        file["X/indices"][0] = GENES
        with raises("matrix-unreadable", path="a.h5ad"):
            written(file, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5ad"]


def test_one_that_is_there_is_replaced_whole(tmp_path: Path) -> None:
    (tmp_path / "vars.h5").write_bytes(b"old")
    with anndata(tmp_path / "a.h5ad", sparse("csr")) as file:
        with written(file, tmp_path) as found:
            assert "vars" in found
        del file["X"]
        with raises("h5ad-without-x", path="a.h5ad"):
            written(file, tmp_path)
    with h5py.File(tmp_path / "vars.h5") as found:
        assert "vars" in found
