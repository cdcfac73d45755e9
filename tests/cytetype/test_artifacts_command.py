"""`cassia artifacts`: question and files of an AnnData, on small files of each trap of the CyteType client."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.command import cassia
from tests.h5ad.files import Small

CELLS = ("T", "T", "T", "B", "B", "B", "B", None)
X = np.arange(64, dtype=np.float32).reshape(8, 8) % 3 / 2


@dataclass(frozen=True)
class Written:
    question: dict[str, Any]
    stderr: str
    folder: Path


def artifacts(
    tmp_path: Path, small: Small, *options: str, x: NDArray[Any] = X, umap: NDArray[Any] | None = None
) -> Written:
    path = small.write(tmp_path / "pbmc.h5ad")
    with h5py.File(path, "r+") as file:
        file["X"] = x
        if umap is not None:
            file["obsm/X_umap"] = umap
    done = cassia("artifacts", path, "--outdir", tmp_path / "out", *options)
    assert done.returncode == 0, done.stderr
    files = [tmp_path / "out" / f"pbmc_{end}" for end in ("query.json", "vars.h5", "obs.duckdb")]
    assert done.stdout.split() == list(map(str, files))
    assert sorted((tmp_path / "out").iterdir()) == sorted(files)
    return Written(json.loads(files[0].read_text()), done.stderr, tmp_path / "out")


def test_question(tmp_path: Path) -> None:
    umap = np.arange(16, dtype=np.float32).reshape(8, 2)
    donors = ("d1", "d1", "d2", "d2", "d2", "d2", "d2", "d1")
    small = Small(obs={"donor": donors})
    written = artifacts(tmp_path, small, "--study_context", "human blood", "--n_top_genes", "3", umap=umap)
    question = written.question
    assert question["studyInfo"] == "human blood"
    assert question["clusterLabels"] == {"B": "B", "T": "T"}
    assert question["markerGenes"] == {"B": ["CD79A", "MS4A1", "CD79B"], "T": ["CD3D", "CD3E", "IL7R"]}
    assert question["clusterMetadata"] == {"B": {"donor": {"d2": 100}}, "T": {"donor": {"d1": 66, "d2": 33}}}
    assert question["expressionData"] == {
        gene: {"B": round(100 * float((X[3:7, n] != 0).mean()), 2), "T": round(100 * float((X[:3, n] != 0).mean()), 2)}
        for n, gene in enumerate(small.genes)
    }
    picture = question["visualizationData"]
    assert sorted(zip(picture["coordinates"], picture["clusters"], strict=True)) == [
        ([2.0 * n, 2.0 * n + 1], cluster) for n, cluster in enumerate(CELLS) if cluster
    ]
    assert question["nParallelClusters"] == 2
    assert question["clientInfo"]["clientType"] == "anndata"


def test_clusters_are_called_by_their_labels_however_long(tmp_path: Path) -> None:
    clusters = ("1", "1", "2", "2", "2", "Doublets", "Doublets", None)
    ranked = {name: Small().ranked["B"] for name in ("1", "2", "Doublets")}
    small = Small(clusters=clusters, categories=("1", "2", "Doublets"), ranked=ranked, pts=False)
    question = artifacts(tmp_path, small).question
    assert question["clusterLabels"] == {name: name for name in ranked}
    assert set(question["markerGenes"]) == set(question["clusterMetadata"]) == set(ranked)


def test_shares_of_metadata_are_of_all_cells(tmp_path: Path) -> None:
    obs = {"tissue": ("blood", None, None, "skin", "skin", "blood", None, None)}
    question = artifacts(tmp_path, Small(obs=obs)).question
    assert question["clusterMetadata"] == {
        "B": {"tissue": {"skin": 50, "blood": 25}},
        "T": {"tissue": {"blood": 33}},
    }


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--no_metadata"], {}),
        (["--min_percentage", "50"], {"B": {}, "T": {"donor": {"a": 100}}}),
        (["--max_metadata_categories", "1"], {"B": {}, "T": {}}),
    ],
)
def test_what_of_metadata_is_left_out(options: Sequence[str], wanted: Any, tmp_path: Path) -> None:
    obs: dict[str, Any] = {"donor": ("a", "a", "a", "a", "a", "b", "b", "b"), "n": np.arange(8)}
    assert artifacts(tmp_path, Small(obs=obs), *options).question["clusterMetadata"] == wanted


def test_labels_of_an_earlier_run_are_no_metadata(tmp_path: Path) -> None:
    labels = ("x",) * 4 + ("y",) * 4
    obs = dict.fromkeys(("cytetype_annotation_leiden", "cassia_annotation", "tissue"), labels)
    assert set(artifacts(tmp_path, Small(obs=obs)).question["clusterMetadata"]["B"]) == {"tissue"}


def test_of_genes_with_one_symbol_the_most_expressed_is_kept(tmp_path: Path) -> None:
    symbols = ["CD3D", "CD3D", *Small().genes[2:]]
    x = np.zeros((8, 8), np.float32)
    x[:, 0], x[0, 1] = 1, 1
    small = Small(var={"symbol": symbols}, pts=False)
    written = artifacts(tmp_path, small, "--gene_symbols_column", "symbol", x=x)
    assert written.question["expressionData"]["CD3D"] == {"B": 100, "T": 100}
    assert len(written.question["expressionData"]) == 7
    assert "expressed by more cells: 1" in written.stderr
    with h5py.File(written.folder / "pbmc_vars.h5") as file:
        info = file["info/var"]
        assert info["columns/cytetype_gene_symbols"].asstr()[:].tolist() == symbols


def test_a_column_of_numbers_is_never_taken_for_symbols(tmp_path: Path) -> None:
    ids = [f"ENSG{number:011d}" for number in range(8)]
    small = Small(
        genes=ids,
        ranked={"B": ids, "T": ids},
        var={"mean": np.linspace(1, 2, 8), "gene_name": list(Small().genes)},
        pts=False,
    )
    question = artifacts(tmp_path, small).question
    assert question["markerGenes"]["B"] == list(Small().genes)


def test_without_umap_there_is_no_picture_and_it_is_said(tmp_path: Path) -> None:
    path = Small().write(tmp_path / "a.h5ad")
    with h5py.File(path, "r+") as file:
        file["X"], file["obsm/X_pca"] = X, np.ones((8, 5))
    done = cassia("artifacts", path, "--outdir", tmp_path)
    assert json.loads((tmp_path / "a_query.json").read_text())["visualizationData"] == {
        "coordinates": None,
        "clusters": [],
    }
    assert "obsm has X_pca, no UMAP or t-SNE to draw" in done.stderr


def test_cells_without_coordinates_are_left_out_of_the_picture(tmp_path: Path) -> None:
    umap = np.ones((8, 2))
    umap[0] = np.nan
    picture = artifacts(tmp_path, Small(), umap=umap).question["visualizationData"]
    assert sorted(picture["clusters"]) == ["B"] * 4 + ["T"] * 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--group_key", "louvain"], "--group_key louvain: no such column"),
        (["--compression", "zip"], "Invalid value for '--compression'"),
        (["--coordinates_key", "X_tsne"], "--coordinates_key X_tsne: no such coordinates"),
    ],
)
def test_what_cannot_be_used_is_said_and_nothing_is_written(options: Sequence[str], said: str, tmp_path: Path) -> None:
    path = Small().write(tmp_path / "a.h5ad")
    done = cassia("artifacts", path, "--outdir", tmp_path / "out", *options)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_called_missing(tmp_path: Path) -> None:
    done = cassia("artifacts", tmp_path / "a.h5ad")
    assert done.returncode == 2
    assert f"{tmp_path / 'a.h5ad'}: No such file or directory" in done.stderr


def test_without_x_it_is_said(tmp_path: Path) -> None:
    path = Small().write(tmp_path / "a.h5ad")
    done = cassia("artifacts", path, "--outdir", tmp_path)
    assert done.returncode == 2
    assert "there is no X" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["a.h5ad"]


def test_a_missing_package_is_named_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lz4", "lz4.block"):
        monkeypatch.setitem(sys.modules, name, None)
    done = cassia("artifacts", tmp_path / "not_there.h5ad", "--compression", "lz4", "--outdir", tmp_path / "out")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--compression lz4: needs the package lz4: pip install 'cassia-engine[lz4]'" in done.stderr
    assert not (tmp_path / "out").exists()
