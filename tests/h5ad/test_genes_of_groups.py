"""Rows of ranked genes that are no genes of a cluster: filtered, repeated, of clusters that nobody asked for."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest

from cassia_engine.errors import UsageError
from tests.h5ad.files import B, Small, T
from tests.h5ad.test_ranked_genes import IDS, SYMBOLS, anndata_like, genes, read


def pct(table: Any) -> dict[str, dict[str, float]]:
    return {cluster.id: {marker.gene: marker.pct_in for marker in cluster.markers} for cluster in table.clusters}


def test_of_genes_with_one_symbol_the_most_expressed_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In one cluster it is the second of the two."""
    small = Small(
        genes=IDS,
        var={"gene_symbols": ("CD3D", "CD3D", *SYMBOLS[2:])},
        ranked={"B": IDS[4:] + IDS[:4], "T": IDS},
        scores=(9, 8, 7, 6, 5, 4, 3, 2),
        pct={"pts": {"T": np.array([0.3, 0.8, *[0.9] * 6]), "B": np.array([0.6, 0.4, *[0.9] * 6])}},
    )
    table = read(small.write(tmp_path / "a.h5ad"), allow_unknown_genes=True)
    assert {id: found["CD3D"] for id, found in pct(table).items()} == {"T": 0.8, "B": 0.6}
    assert [marker.score for marker in table.clusters[1].markers if marker.gene == "CD3D"] == [8]
    said = f"gene symbols of several genes: 1 (CD3D: {IDS[0]}, {IDS[1]}); of each cluster the one that most of its"
    assert said in caplog.text
    assert "rows left out: 2" in caplog.text
    assert len([record for record in caplog.records if "CD3D" in record.getMessage()]) == 1


@pytest.mark.parametrize("pts", [True, False])
def test_names_that_var_has_twice_are_said(pts: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    twice = ("CD3D", "CD3D", *T[2:], *B)
    small = Small(genes=twice, ranked={"B": (*B, *twice[:4]), "T": twice}, pts=pts)
    assert genes(read(small.write(tmp_path / "a.h5ad"))) == {"B": list(B), "T": ["CD3D", *T[2:]]}
    assert "gene names that var has more than once: 1 (CD3D)" in caplog.text
    assert "rows left out: 2; make them unique (adata.var_names_make_unique()) and rank again" in caplog.text
    assert "several comparisons" not in caplog.text


COSG = {"groupby": "leiden", "method": "COSG", "groups": "T"}


@pytest.mark.parametrize("filled", [0, -1])
def test_rows_that_cosg_fills_up_are_no_markers(
    filled: float, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a cluster that it was not asked for nothing is left, and it is one that was not tested."""
    small = Small(key="cosg", statistics=["scores"], pts=False, params=COSG, scores=(0.9, 0.8, 0.7, 0.6, *[filled] * 4))
    path = small.write(tmp_path / "a.h5ad")
    with h5py.File(path, "r+") as file:
        scores = file["uns/cosg/scores"][()]
        scores["B"] = filled
        file["uns/cosg/scores"][...] = scores
    with caplog.at_level(logging.INFO):
        assert genes(read(path, rank_key="cosg")) == {"T": list(T)}
    assert "12 rows of COSG with a score of 0 or -1 are no markers and left out" in caplog.text
    assert "clusters that were not tested are not annotated: B" in caplog.text
    assert "one cluster only: genes were ranked for no other" in caplog.text


def test_cosg_without_any_score_is_refused(tmp_path: Path) -> None:
    small = Small(key="cosg", statistics=["scores"], pts=False, params=COSG, scores=(0,) * 8)
    with pytest.raises(UsageError, match=r"COSG scored no gene of uns\['cosg'\] above 0"):
        read(small.write(tmp_path / "a.h5ad"), rank_key="cosg")


def test_logistic_regression_of_two_clusters_is_refused_first(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    params = {"groupby": "leiden", "method": "logreg"}
    small = Small(ranked={"B": (*T, *B)}, statistics=["scores"], params=params, pts=False)
    with pytest.raises(UsageError, match="logistic regression of two clusters"):
        read(small.write(tmp_path / "a.h5ad"))
    assert not caplog.records


def in_memory(small: Small, ranked: dict[str, tuple[Any, ...]]) -> SimpleNamespace:
    small.ranked = ranked
    return anndata_like(small)


def test_a_filter_leaves_nan_in_memory(caplog: pytest.LogCaptureFixture) -> None:
    nan = float("nan")
    with caplog.at_level(logging.INFO):
        table = read(in_memory(Small(), {"B": (*B, *T), "T": (*T, nan, None, nan, nan)}))
    assert genes(table) == {"B": list(B), "T": list(T)}
    assert "4 genes that a filter removed are left out" in caplog.text


def test_a_slash_in_a_cluster_with_fractions_is_read_in_memory() -> None:
    """In a file Scanpy's pts cannot have it: it would be the name of a column."""
    small = Small(clusters=["T/NK"] * 3 + ["B"] * 4 + [None], categories=("B", "T/NK"))
    adata = in_memory(small, {"B": (*B, *T), "T/NK": (*T, *B)})
    ranked = adata.uns["rank_genes_groups"]
    ranked |= {name: ranked[name].rename(columns={"T": "T/NK"}) for name in ("pts", "pts_rest")}
    table = read(adata)
    assert genes(table) == {"B": list(B), "T/NK": list(T)}
    assert pct(table)["T/NK"]["CD3D"] == 0.9
