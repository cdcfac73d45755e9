"""Marker tables out of .h5ad files: ranked genes, their clusters and symbols, and what is wrong with them."""

from __future__ import annotations

import fcntl
import logging
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest

from cassia_engine.errors import UsageError
from cassia_engine.h5ad.options import H5adOptions
from cassia_engine.h5ad.stores import open_data
from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.settings import SplitSettings
from tests.h5ad.files import LAYOUTS, B, Small, T

IDS = [f"ENSG0000015673{number}" for number in range(8)]
BY_ID = {"B": IDS[4:] + IDS[:4], "T": IDS}
SYMBOLS = (*T, *B)


def read(path: Any, **options: Any) -> MarkerTable:
    return read_markers(path, SplitSettings(**options), "human")


def genes(table: MarkerTable) -> dict[str, list[str]]:
    return {cluster.id: cluster.genes for cluster in table.clusters}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_give_the_same_clusters(layout: str, tmp_path: Path) -> None:
    table = read(Small().write(tmp_path / "a.h5ad", layout))
    assert genes(table) == {"B": list(B), "T": list(T)}
    first = table.clusters[0].markers[0]
    assert (first.gene, first.log2fc, first.p_val_adj, first.score) == ("CD79A", 4.5, 1e-4, 9)
    assert (first.pct_in, first.pct_out) == (0.9, 0.2)
    assert table == read(Small().write(tmp_path / "b.h5ad", "0.8"))


def test_clusters_know_their_cells(tmp_path: Path) -> None:
    table = read(Small().write(tmp_path / "a.h5ad"))
    assert [cluster.n_cells for cluster in table.clusters] == [4, 3]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "categories", [(0, 10), (0.0, 1.0), (True, False), ("B/plasma", "T cell, CD4+"), ("0.0", "1.0")], ids=str
)
def test_cluster_ids_are_the_text_of_their_categories(categories: tuple[Any, Any], layout: str, tmp_path: Path) -> None:
    b, t = map(str, categories)
    small = Small(
        clusters=[t, t, t, b, b, b, b, None], categories=categories, ranked={b: (*B, *T), t: (*T, *B)}, pts=False
    )
    table = read(small.write(tmp_path / "a.h5ad", layout))
    assert {cluster.id: cluster.n_cells for cluster in table.clusters} == {b: 4, t: 3}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("column", ["feature_name", "name"])
def test_symbols_of_ids_are_found(column: str, raw: bool, layout: str, tmp_path: Path) -> None:
    columns = {"feature_types": ["Gene Expression"] * 8, column: SYMBOLS, "n_cells": [3.0] * 8}
    where = {"raw_genes": IDS, "raw_var": columns, "genes": IDS[:2]} if raw else {"genes": IDS, "var": columns}
    small = Small(ranked=BY_ID, pts=False, **where)  # type: ignore[arg-type]
    assert genes(read(small.write(tmp_path / "a.h5ad", layout))) == {"B": list(B), "T": list(T)}


def test_a_gene_without_symbol_keeps_its_name(tmp_path: Path) -> None:
    small = Small(genes=IDS, ranked=BY_ID, pts=False, var={"feature_name": [None, *SYMBOLS[1:]]})
    table = read(small.write(tmp_path / "a.h5ad"), gene_symbols_column="feature_name")
    assert genes(table)["T"] == [IDS[0], *T[1:]]


WRONG: dict[str, tuple[Small, dict[str, Any], str]] = {
    "nothing ranked": (
        Small(ranked={}),
        {},
        "there are no ranked genes; give rank=True and group_key, or run sc.tl.rank_genes_groups(adata, 'GROUP', ",
    ),
    "another key": (
        Small(key="wilcoxon"),
        {},
        'uns has ranked genes under wilcoxon: give rank_key="wilcoxon"',
    ),
    "no such key": (Small(), {"rank_key": "rank_gene_groups"}, "did you mean rank_genes_groups?"),
    "another group": (
        Small(obs={"cell_type": ["T"] * 8}),
        {"group_key": "cell_type"},
        "group_key=\"cell_type\": uns['rank_genes_groups'] is by obs['leiden']",
    ),
    "no such group": (Small(), {"group_key": "louvain"}, 'group_key="louvain": no such column; obs has leiden'),
    "column of the test is gone": (
        Small(params={"groupby": "louvain"}),
        {},
        "uns['rank_genes_groups'] is by obs['louvain']: no such column",
    ),
    "column of the test is renamed": (
        Small(params={"groupby": "louvain"}, obs={"donor": ["a"] * 8, "types": ["T", "B", "NK", "B"] * 2}),
        {},
        'obs has donor, types, leiden; the clusters of the test are in leiden, types: give group_key="leiden"',
    ),
    "column of the test is renamed, and another one is named": (
        Small(params={"groupby": "louvain"}, obs={"donor": ["a"] * 8}),
        {"group_key": "donor"},
        "has clusters that obs['donor'] lacks: B, T (it has a); they were renamed after the test, or have no cells "
        'any more, or it is of another column; the clusters of the test are in leiden: give group_key="leiden"',
    ),
    "numbers": (
        Small(params={}, obs={"score": [0.5] * 8}),
        {"group_key": "score"},
        'group_key="score": the column has no groups, but decimal numbers',
    ),
    "renamed": (
        Small(categories=("B cell", "T"), clusters=["T"] * 3 + ["B cell"] * 4 + [None]),
        {},
        "has clusters that obs['leiden'] lacks: B (it has B cell, T); they were renamed after the test, or have no "
        "cells any more, or it is of another column: rank again",
    ),
    "called NA": (
        Small(categories=("B", "NA"), clusters=["NA"] * 3 + ["B"] * 4 + [None], ranked={"B": B, "NA": T}, pts=False),
        {},
        "has a cluster called 'NA'",
    ),
    "logistic regression of two": (
        Small(
            ranked={"B": (*T, *B)}, statistics=["scores"], params={"groupby": "leiden", "method": "logreg"}, pts=False
        ),
        {},
        "logistic regression of two clusters",
    ),
    "ids alone": (
        Small(genes=IDS, ranked=BY_ID, pts=False, var={"feature_types": ["Gene Expression"] * 8}),
        {},
        "genes are Ensembl ids, and none of the text columns of var has gene symbols (columns: feature_types)",
    ),
    "symbols in no such column": (
        Small(var={"feature_name": SYMBOLS}),
        {"gene_symbols_column": "gene_symbols"},
        'gene_symbols_column="gene_symbols": no such column; var has feature_name',
    ),
    "symbols are numbers": (
        Small(var={"n_cells": [1.0] * 8}),
        {"gene_symbols_column": "n_cells"},
        'gene_symbols_column="n_cells": the column has numbers',
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_file_is_refused_in_one_line(what: str, tmp_path: Path) -> None:
    small, options, message = WRONG[what]
    path = small.write(tmp_path / "a.h5ad")
    with pytest.raises(UsageError) as caught:
        read(path, **options)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("state", ["is not there any more", "has other clusters now"])
def test_another_column_takes_the_place_of_that_of_the_test(
    state: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Renamed, or kept under another name while the first got names of cell types."""
    obs = {} if "not there" in state else {"louvain": ["T cell"] * 4 + ["B cell"] * 4}
    path = Small(params={"groupby": "louvain"}, obs=obs).write(tmp_path / "a.h5ad")
    with pytest.raises(UsageError, match='the clusters of the test are in leiden: give group_key="leiden"'):
        read(path)
    table = read(path, group_key="leiden")
    assert genes(table) == {"B": list(B), "T": list(T)}
    assert [cluster.n_cells for cluster in table.clusters] == [4, 3]
    assert f"is by obs['louvain'], which {state}; obs['leiden'] has its clusters and takes its place" in caplog.text


SAID: dict[str, tuple[Small, str]] = {
    "cells without a cluster": (Small(), "1 of 8 cells has no cluster in obs['leiden']"),
    "not tested": (Small(ranked={"T": (*T, *B)}), "clusters that were not tested are not annotated: B"),
    "reference": (
        Small(ranked={"T": (*T, *B)}, params={"groupby": "leiden", "reference": "B", "method": "t-test"}),
        "cluster B is what others were tested against",
    ),
    "one cell": (
        Small(clusters=["T", None, None, "B", "B", "B", "B", None]),
        "clusters of one cell or none, whose statistics say little: T",
    ),
    "reference of a logistic regression": (
        Small(statistics=["scores"], params={"groupby": "leiden", "method": "logreg", "reference": "B"}, pts=False),
        "its reference B had no effect",
    ),
    "filtered": (
        Small(ranked={"B": (*B, *T), "T": (*T, "nan", "nan", "nan", "nan")}),
        "4 genes that a filter removed are left out",
    ),
    "by no column": (Small(params={}), "sizes of clusters are unknown, as uns['rank_genes_groups'] names no column"),
}


@pytest.mark.parametrize("what", SAID)
def test_odd_file_is_read_and_said(what: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    small, message = SAID[what]
    with caplog.at_level(logging.INFO):
        table = read(small.write(tmp_path / "a.h5ad"))
    assert message in caplog.text
    assert genes(table)["T"] == list(T)


def test_cells_without_a_cluster_that_have_a_name_were_not_tested(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = Small().write(tmp_path / "a.h5ad")
    assert genes(read(path, label_na="not sorted")) == {"B": list(B), "T": list(T)}
    assert "clusters that were not tested are not annotated: not sorted" in caplog.text
    with pytest.raises(UsageError, match="has cells of a cluster of this name already"):
        read(path, label_na="T")
    with pytest.raises(UsageError, match="expected a name"):
        read(path, label_na="NaN")


def test_scores_alone_are_read_of_another_key(tmp_path: Path) -> None:
    """As COSG keeps its result: clusters that were not asked for have scores of 0."""
    small = Small(key="cosg", statistics=["scores"], pts=False, scores=(0.9, 0.8, 0.7, 0.6, 0, 0, -1, -1))
    table = read(small.write(tmp_path / "a.h5ad"), rank_key="cosg")
    assert genes(table) == {"B": list(B), "T": list(T)}


def test_fraction_of_a_repeated_name_is_the_largest(tmp_path: Path) -> None:
    twice = ("CD3D", "CD3D", *T[2:], *B)
    small = Small(genes=twice, ranked={"B": (*B, *T[1:]), "T": ("CD3D", *T[2:], *B)}, scores=(9, 8, 7, 6, 5, -3, -4))
    first, second = 0.3, 0.8
    fractions = [first, second, *[0.9] * (len(twice) - 2)]
    small.pct = {"pts": {"T": np.array(fractions), "B": np.array(fractions)}}
    table = read(small.write(tmp_path / "a.h5ad"))
    assert {marker.gene: marker.pct_in for marker in table.clusters[1].markers}["CD3D"] == second


def test_symbols_only_in_raw_are_found_where_var_has_the_same_genes(tmp_path: Path) -> None:
    small = Small(genes=IDS, ranked=BY_ID, pts=False, raw_genes=IDS, raw_var={"symbol": SYMBOLS})
    assert genes(read(small.write(tmp_path / "a.h5ad"))) == {"B": list(B), "T": list(T)}


def test_a_usual_column_of_symbols_is_taken_before_others(tmp_path: Path) -> None:
    others = {"mouse_ortholog": [name.capitalize() for name in SYMBOLS], "letter": ["A"] * 8}
    symbols = [*SYMBOLS[:6], "ENSG00000000001", "ENSG00000000002"]
    small = Small(genes=IDS, ranked=BY_ID, pts=False, var={**others, "gene_symbols": symbols})
    assert genes(read(small.write(tmp_path / "a.h5ad")))["T"] == list(T)


def test_a_file_that_is_open_elsewhere_is_no_damaged_one(tmp_path: Path) -> None:
    path = Small().write(tmp_path / "a.h5ad")
    with open(path, "rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)  # as HDF5 does for writing
        with pytest.raises(UsageError, match="another program has this file open for writing"):
            read(path)


def test_codes_of_no_category_are_damage(tmp_path: Path) -> None:
    path = Small().write(tmp_path / "a.h5ad")
    with h5py.File(path, "r+") as file:
        file["obs/leiden/codes"][0] = 7
    with pytest.raises(UsageError, match="damaged"):
        read(path)


@pytest.mark.parametrize("kind", ["missing", "empty", "folder"])
def test_what_cannot_be_opened_is_told_with_options_of_an_anndata_too(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.h5ad"
    if kind == "empty":
        path.touch()
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(UsageError) as without:
        read(path)
    with pytest.raises(UsageError) as given:
        read(path, group_key="leiden")
    assert str(given.value) == str(without.value)


@pytest.mark.parametrize("damage", ["cut", "no obs", "anndata 0.6"])
def test_damaged_file_is_refused_in_one_line(damage: str, tmp_path: Path) -> None:
    path = Small().write(tmp_path / "a.h5ad")
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:3000])
    else:
        with h5py.File(path, "r+") as file:
            del file["obs"]
            if damage == "anndata 0.6":
                file.create_dataset("obs", data=np.zeros(3, [("index", "S5")]))
    with pytest.raises(UsageError) as caught:
        read(path)
    expected = {"cut": "damaged", "no obs": "no AnnData", "anndata 0.6": "older than 0.7"}
    assert expected[damage] in str(caught.value)


def test_a_file_that_is_no_hdf5_is_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.h5ad"
    path.write_text("cluster,gene\nT,CD3D\n")
    with ExitStack() as stack, pytest.raises(UsageError, match="no HDF5 file; give an AnnData"):
        open_data(path, "a.h5ad", H5adOptions(), stack)


def test_options_of_an_anndata_are_refused_for_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("cluster,gene\nT,CD3D\nT,CD3E\n")
    with pytest.raises(UsageError, match=r'group_key="leiden" is for an AnnData'):
        read(path, group_key="leiden")


def anndata_like(small: Small) -> SimpleNamespace:
    """The same in memory: what is read of an AnnData, which is no requirement."""
    ranked: dict[str, Any] = {"params": dict(small.params)}
    ranked["names"] = pd.DataFrame({name: list(found) for name, found in small.ranked.items()}).to_records(index=False)
    for name, values in small.values().items():
        ranked[name] = pd.DataFrame(dict.fromkeys(small.ranked, values)).to_records(index=False)
    for name, columns in small.fractions().items():
        ranked[name] = pd.DataFrame(columns, index=list(small.genes))
    clusters = pd.Categorical(list(small.clusters), categories=list(small.categories))
    return SimpleNamespace(
        obs=pd.DataFrame({small.column: clusters}),
        var=pd.DataFrame(dict(small.var), index=list(small.genes)),
        uns={small.key: ranked},
        obsm={},
        layers={},
        X=None,
        raw=None,
    )


def test_an_object_in_memory_gives_the_same(tmp_path: Path) -> None:
    small = Small()
    assert read(anndata_like(small)) == read(small.write(tmp_path / "a.h5ad"))
    small = Small(genes=IDS, ranked=BY_ID, var={"feature_name": SYMBOLS})
    assert genes(read(anndata_like(small))) == {"B": list(B), "T": list(T)}
