"""Cells for pictures: the same whatever layout and version the file has, and with the figures of numpy."""

from __future__ import annotations

import base64
import logging
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from cassia_engine.cells.sampled import in_bytes
from cassia_engine.h5ad import clustered_cells
from cassia_engine.h5ad.file_data import FileData
from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.records import Dataset, SampledCells
from cassia_engine.settings import SplitSettings
from cassia_engine.stages.split import write_chunks
from tests.h5ad import matrices
from tests.h5ad.conftest import SCANPY
from tests.h5ad.test_cells import in_memory
from tests.h5ad.test_means import resave
from tests.h5ad.test_real_files import FILES, LOOSE, VERSIONS

DATASET = Dataset("blood", "blood", "human")
OPTIONS = {**LOOSE, "rank_key": "wilcoxon_pts"}


def unpacked(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)


def umap(n_cells: int) -> NDArray[np.float64]:
    return np.column_stack([np.arange(n_cells) / 8, -np.arange(n_cells) / 4])


@pytest.fixture
def with_umap(tmp_path: Path) -> Callable[..., Path]:
    """The file of Scanpy with a UMAP, changed."""

    def change(how: Callable[[h5py.File], object] = lambda file: None, of: Path = SCANPY) -> Path:
        path = Path(shutil.copy(of, tmp_path / "a.h5ad"))
        with h5py.File(path, "r+") as file:
            file["obsm/X_umap"] = umap(80)
            how(file)
        return path

    return change


def read(path: Any, **options: Any) -> MarkerTable:
    return read_markers(path, SplitSettings(**{**OPTIONS, **options}), "human")


def cells_of(path: Any, **options: Any) -> SampledCells:
    found = read(path, **options).cells
    assert found
    return found


def test_genes_have_the_figures_of_all_clusters(with_umap: Callable[..., Path]) -> None:
    path = with_umap()
    table, found = read(path), cells_of(path)
    with h5py.File(path) as file:
        data = FileData("a", file)
        codes, labels = data.groups("cell_type").codes, data.groups("cell_type").labels
        values, genes = file["raw/X"][()], data.genes(True)
    clusters = [labels.index(cluster.id) for cluster in table.clusters]
    assert found.clusters == tuple(clusters.index(code) for code in codes)
    assert (found.n_cells, found.coordinates_key, found.matrix, found.is_counts) == (80, "X_umap", "raw/X", False)
    assert np.column_stack([found.x, found.y]) == pytest.approx(umap(80), rel=1e-4)
    markers = [marker.gene for cluster in table.clusters for marker in cluster.markers]
    assert [one.gene for one in found.genes] == list(dict.fromkeys(markers))
    for one in found.genes:
        column = values[:, genes.index(one.gene)]
        inside = [column[codes == code] for code in clusters]
        assert one.means == pytest.approx([part.mean(dtype=float) for part in inside], rel=1e-3)
        assert one.fractions == pytest.approx([(part > 0).mean() for part in inside], rel=1e-3)
        assert one.highest == pytest.approx(column.max(), rel=1e-4)
        steps = unpacked(one.values)
        assert ((steps == 0) == (column == 0)).all()
        assert steps / 255 * one.highest == pytest.approx(column, abs=one.highest / 255)


def written(path: Any, folder: Path, **options: Any) -> tuple[bytes, ...]:
    """The chunk and the cells file."""
    paths = write_chunks(path, DATASET, SplitSettings(**{**OPTIONS, **options}), folder)
    return tuple(one.read_bytes() for one in (*paths, folder / "cells.jsonl"))


def test_all_versions_of_anndata_give_the_same_files(tmp_path: Path, with_umap: Callable[..., Path]) -> None:
    found = {path.stem: written(with_umap(of=path), tmp_path / path.stem, rank_key=None) for path in VERSIONS}
    assert len(found) >= 7
    assert len(set(found.values())) == 1


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
def test_all_layouts_give_the_same_files(
    layout: str, tmp_path: Path, with_umap: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clustered_cells, "N_SAMPLED", 30)
    expected = written(with_umap(), tmp_path / "expected")
    assert written(with_umap(resave("raw/X", matrices.LAYOUTS[layout])), tmp_path / "found") == expected


@pytest.mark.parametrize("is_backed", [False, True])
def test_an_object_gives_the_same_as_its_file(
    is_backed: bool, with_umap: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clustered_cells, "N_SAMPLED", 30)
    path = with_umap(resave("raw/X", matrices.sparse("csr")))
    adata = in_memory(SCANPY)
    adata.obsm["X_umap"] = umap(80)
    options = {"rank_key": None, "rank": True, "group_key": "cell_type"}
    with h5py.File(path) as file:
        if is_backed:
            adata.raw.X = SimpleNamespace(group=file["raw/X"])
        assert read(adata, **options) == read(path, **options)


def test_cells_are_sampled_within_clusters(with_umap: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cells_of(path := with_umap())
    monkeypatch.setattr(clustered_cells, "N_SAMPLED", 20)
    found = cells_of(path)
    assert len(found.x) == 20
    where = [whole.x.index(x) for x in found.x]
    assert where == sorted(where)
    assert found.clusters == tuple(whole.clusters[place] for place in where)
    assert set(found.clusters) == {0, 1, 2, 3}
    for one, all_cells in zip(found.genes, whole.genes, strict=True):
        assert one.means == all_cells.means
        ours, theirs = unpacked(one.values) * one.highest, unpacked(all_cells.values)[where] * all_cells.highest
        assert ours / 255 == pytest.approx(theirs / 255, abs=all_cells.highest / 200)


def test_cells_without_coordinates_are_not_sampled(with_umap: Callable[..., Path]) -> None:
    def change(file: h5py.File) -> None:
        file["obsm/X_umap"][10:20, 1] = np.nan

    whole, found = cells_of(with_umap()), cells_of(with_umap(change))
    assert found.x == whole.x[:10] + whole.x[20:]
    assert found.n_cells == 80


def test_cells_without_a_cluster_are_there(with_umap: Callable[..., Path]) -> None:
    def change(file: h5py.File) -> None:
        file["obs/cell_type/codes"][:5] = -1

    assert cells_of(with_umap(change)).clusters[:5] == (-1,) * 5


def test_without_coordinates_there_are_figures_and_no_cells() -> None:
    found = cells_of(SCANPY)
    assert (found.coordinates_key, found.x, found.clusters) == ("", (), ())
    assert all(one.means and not one.values for one in found.genes)


def test_without_a_matrix_there_are_cells_and_no_figures(with_umap: Callable[..., Path]) -> None:
    def change(file: h5py.File) -> None:
        del file["X"], file["raw"]

    found = cells_of(with_umap(change))
    assert len(found.x) == 80
    assert (found.matrix, found.genes) == ("", ())


def test_ids_are_listed_by_their_symbols() -> None:
    table = read(FILES / "ids.h5ad", rank_key=None)
    assert table.cells
    assert {one.gene for one in table.cells.genes} == {gene for cluster in table.clusters for gene in cluster.genes}


def test_a_named_key_is_taken(with_umap: Callable[..., Path]) -> None:
    def change(file: h5py.File) -> None:
        file["obsm/X_pca"] = umap(80) + 1

    assert cells_of(with_umap(change), coordinates_key="X_pca").x[0] == 1


def rename_clusters(file: h5py.File) -> None:
    names = file["obs/cell_type/categories"].asstr()[()]
    del file["obs/cell_type/categories"]
    file["obs/cell_type/categories"] = np.array([f"other {name}" for name in names], object)
    ranked = file["uns/t_test"]
    for key in [key for key, values in ranked.items() if getattr(values, "dtype", None) and values.dtype.names]:
        values, dtype = ranked[key][()], ranked[key].dtype
        del ranked[key]
        ranked[key] = values.astype([(f"other {name}", dtype[name]) for name in dtype.names])


def test_several_files_have_no_picture(
    with_umap: Callable[..., Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = shutil.copy(with_umap(rename_clusters), tmp_path / "b.h5ad")
    with caplog.at_level(logging.INFO):
        table = read([with_umap(), other], rank_key="t_test")
    assert len(table.clusters) == 8
    assert table.cells is None
    assert all(cluster.n_cells for cluster in table.clusters)
    assert "a.h5ad and 1 more: the report has no picture of their cells" in caplog.text


@given(hnp.arrays(np.float64, st.integers(0, 20), elements=st.floats(-10, 1e6, width=32) | st.just(np.nan)))
def test_bytes_are_0_for_no_expression_only(values: NDArray[np.float64]) -> None:
    highest, text = in_bytes(values)
    steps = unpacked(text)
    assert ((steps > 0) == (values > 0)).all()
    assert steps / 255 * highest == pytest.approx(np.where(values > 0, values, 0), abs=highest / 254)
