"""Marker tables that are Python objects, of every kind that people have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cassia_engine.markers import read_markers
from cassia_engine.settings import SplitSettings
from tests.markers.test_markers import genes
from tests.raising import raises

EXAMPLE = Path(__file__).parents[2] / "cassia_engine" / "data" / "examples" / "pbmc68k_scanpy.csv"
LISTS = {"T": ["CD3D", "CD3E", "CD2"], "B": ["CD79A", "MS4A1"], "NK": ["NKG7", "GNLY", "PRF1"]}
PADDED = pd.DataFrame({id_: pd.Series(found) for id_, found in LISTS.items()})
LONG = pd.DataFrame([{"cluster": id_, "gene": gene} for id_, found in LISTS.items() for gene in found])
FRAME = pd.read_csv(EXAMPLE, dtype={"group": str})
BY_FOLD = genes(read_markers(EXAMPLE))


def of_scanpy(column: str) -> Any:
    wide = {group: part[column].to_numpy() for group, part in FRAME.groupby("group", sort=False)}
    return pd.DataFrame(wide).to_records(index=False)


def pairs() -> pd.DataFrame:
    return pd.concat(
        {id_: pd.DataFrame({"names": found, "scores": range(len(found), 0, -1)}) for id_, found in LISTS.items()},
        axis=1,
    )


FORMS: dict[str, Any] = {
    "dict of lists": LISTS,
    "dict of tuples, arrays and Series": {
        "T": tuple(LISTS["T"]),
        "B": np.array(LISTS["B"]),
        "NK": pd.Series(LISTS["NK"]),
    },
    "dict of texts": {id_: ", ".join(found) for id_, found in LISTS.items()},
    "dict with padding": {id_: [*found, None, float("nan")] for id_, found in LISTS.items()},
    "dict of columns": {"cluster": LONG["cluster"].to_list(), "gene": LONG["gene"].to_list()},
    "Series of lists": pd.Series(LISTS),
    "wide DataFrame": PADDED,
    "wide DataFrame, transposed": PADDED.T,
    "wide DataFrame of rows": pd.DataFrame(PADDED.T.to_numpy(), index=list(LISTS)),
    "record array": PADDED.astype(object).to_records(index=False),
    "MultiIndex columns": pairs(),
    "MultiIndex columns, names first": pairs().swaplevel(axis=1),
    "MultiIndex columns with names": pairs().rename_axis(["cluster", "what"], axis=1),
    "dict of DataFrames": {id_: pd.DataFrame({"gene": found}) for id_, found in LISTS.items()},
    "long DataFrame with texts in its index": LONG.set_index(pd.Index([f"r{n}" for n in range(len(LONG))])),
    "clusters in the index": LONG.set_index("cluster"),
    "lists beside an index of clusters": pd.Series(LISTS, name="genes").to_frame(),
    "concat of a dict": pd.concat({id_: pd.DataFrame({"gene": found}) for id_, found in LISTS.items()}),
}


@pytest.mark.parametrize("form", FORMS)
def test_same_clusters_in_every_form(form: str) -> None:
    assert genes(read_markers(FORMS[form], SplitSettings(gene_filter="none"))) == LISTS


WITH_STATISTICS: dict[str, Any] = {
    "dict of DataFrames": {group: part.drop(columns="group") for group, part in FRAME.groupby("group", sort=False)},
    "dict of DataFrames with genes in the index": {
        group: part.drop(columns="group").set_index("names").rename_axis(None)
        for group, part in FRAME.groupby("group", sort=False)
    },
    "dict of DataFrames with their cluster": dict(list(FRAME.groupby("group", sort=False))),
    "genes in the index": FRAME.set_index("names").rename_axis(None),
    "genes in the index, by name": FRAME.set_index("names"),
    "rank_genes_groups": {
        "params": {"groupby": "leiden"},
        **{name: of_scanpy(name) for name in ("names", "scores", "logfoldchanges", "pvals", "pvals_adj")},
    },
}


@pytest.mark.parametrize("form", WITH_STATISTICS)
def test_same_statistics_in_every_form(form: str) -> None:
    assert genes(read_markers(WITH_STATISTICS[form])) == BY_FOLD


def test_names_of_scanpy() -> None:
    first = {group: list(part["names"][:5]) for group, part in FRAME.groupby("group", sort=False)}
    settings = SplitSettings(gene_filter="none", n_genes=5)
    names = of_scanpy("names")
    for form in (names, pd.DataFrame(names), pd.DataFrame(names).head(5), pd.DataFrame(names).head(5).T):
        assert genes(read_markers(form, settings)) == first


def test_a_frame_of_one_cluster_has_the_name_that_is_given() -> None:
    part = FRAME[FRAME["group"] == "4"].drop(columns="group")
    assert genes(read_markers(part, SplitSettings(cluster_name="B cells"))) == {"B cells": BY_FOLD["4"]}
    assert genes(read_markers(part)) == {"cluster_1": BY_FOLD["4"]}


REFUSED: dict[str, tuple[Any, tuple[str, ...]]] = {
    "empty dict": ({}, ("object-empty", "the dict")),
    "a cluster without genes": ({"T": ["CD3D"], "B": []}, ("object-cluster-without-genes", "the dict", "cluster B")),
    "a set": ({"T": {"CD3D", "CD3E"}}, ("genes-unordered", "cluster T", "a set")),
    "a number": ({"T": 5}, ("genes-not-list", "the dict", "cluster T has int")),
    "frames of several clusters": (
        {"T": LONG},
        ("frame-with-clusters", "the DataFrame of cluster T", "column cluster"),
    ),
    "frames of different columns": (
        {"T": FRAME.drop(columns="group"), "B": FRAME[["names", "scores"]]},
        ("frames-differ",),
    ),
    "a number alone": (5, ("markers-not-supported", "a pandas DataFrame", "builtins.int")),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_refused(kind: str) -> None:
    table, wrong = REFUSED[kind]
    with raises(*wrong):
        read_markers(table)
