"""`cassia_engine.label`: the labels in an AnnData object, or whatever has its obs, var and uns."""

from __future__ import annotations

import copy
import types
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import cassia_engine
from cassia_engine.errors import ArgumentError, UsageError
from cassia_engine.labels.h5ad_file import label_file
from cassia_engine.labels.wanted import Standard, Wanted
from tests.conftest import EXAMPLES
from tests.labels.h5ad_files import column
from tests.raising import raises

PBMC = EXAMPLES / "pbmc68k.h5ad"


class Cells(types.SimpleNamespace):
    """What is used of an AnnData object."""

    def copy(self) -> Cells:
        return copy.deepcopy(self)


@pytest.fixture
def adata() -> Cells:
    louvain = pd.Categorical(column(PBMC, "louvain"))
    obs = pd.DataFrame({"louvain": louvain, "score": 0.5, "n": louvain.astype(int)})
    var = pd.DataFrame({"symbol": ["CD79A", None], "n": [1, 2]}, index=["ENSG1", "ENSG2"])
    return Cells(X=None, obs=obs, var=var, obsm={}, uns={}, raw=None)


def test_an_object_gets_what_a_file_gets(pbmc: Path, adata: Cells) -> None:
    before = adata.obs.copy()
    assert cassia_engine.label(adata, pbmc, group_key="louvain") is None
    label_file(PBMC, pbmc, Wanted("louvain"), Path("out.h5ad"), None)
    pd.testing.assert_frame_equal(adata.obs[before.columns], before)
    new = adata.obs.columns.drop(before.columns)
    assert list(new) == adata.uns["cassia"]["columns"]
    assert adata.obs["cassia_score"].dtype == float
    for name in new.drop(["cassia_score", "cassia_probability"]):
        assert isinstance(adata.obs[name].dtype, pd.CategoricalDtype)
        assert not adata.obs[name].cat.ordered
        assert [None if pd.isna(value) else value for value in adata.obs[name]] == column(Path("out.h5ad"), name)
    assert adata.uns["cassia"]["summary"] == "pbmc"


def test_what_annotate_returns_is_taken(pbmc: Path, adata: Cells) -> None:
    table = pd.read_csv(EXAMPLES / "pbmc68k_scanpy.csv", dtype={"group": str}).groupby("group", sort=False).head(40)
    summary = cassia_engine.annotate(table, tissue="blood", species="human", show_progress=False)
    cassia_engine.label(adata, summary, group_key="louvain")
    first = adata.obs.copy()
    for same, group_key in ((summary.set_index("Cluster ID"), "louvain"), (summary.astype({"Cluster ID": int}), "n")):
        cassia_engine.label(adata, same, group_key=group_key)
        pd.testing.assert_frame_equal(adata.obs, first)
    assert adata.uns["cassia"]["summary"] == ""
    # Columns of an earlier call are replaced, as by Scanpy.
    cassia_engine.label(adata, pbmc, group_key="louvain")
    assert list(adata.obs.columns) == list(first.columns)
    assert set(adata.obs["cassia_corrected"]) == {"yes", "no"}


def test_a_copy_is_labelled(pbmc: Path, adata: Cells) -> None:
    labelled = cassia_engine.label(adata, str(pbmc), group_key="louvain", copy=True)
    assert "cassia_annotation" in labelled.obs
    assert list(adata.obs.columns) == ["louvain", "score", "n"]
    assert adata.uns == {}


@pytest.mark.parametrize("standard", list(Standard))
def test_standards(pbmc: Path, adata: Cells, standard: Standard) -> None:
    cassia_engine.label(adata, pbmc, group_key="louvain", standard=standard.value)
    label_file(PBMC, pbmc, Wanted("louvain", standard=standard), Path("out.h5ad"), None)
    names = {
        "cap": "cassia--cell_fullname",
        "cellxgene": "cell_type_ontology_term_id",
        "scdownstream": "cassia_cell_type",
    }
    name = names[standard]
    assert list(adata.obs[name]) == column(Path("out.h5ad"), name)
    assert ("cap_metadata" in adata.uns) == (standard == Standard.CAP)


def test_missing_groups_stay_missing(pbmc: Path, adata: Cells, caplog: pytest.LogCaptureFixture) -> None:
    adata.obs["louvain"] = adata.obs["louvain"].astype(object).where(adata.obs["n"] > 0, None)
    cassia_engine.label(adata, pbmc, group_key="louvain")
    assert (adata.obs["cassia_outcome"].isna() == (adata.obs["n"] == 0)).all()
    assert "cells without a cluster in obs column louvain get no label" in caplog.text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"group_key": "leiden"},
            'the AnnData: group_key="leiden": no such column; obs has louvain, score, n; the clusters are in louvain',
        ),
        ({"group_key": "score"}, 'group_key="score": the column has no groups, but decimal numbers'),
        ({"prefix": 1}, "prefix=1: expected text"),
        ({"standard": "hca"}, 'standard="hca": expected one of cap, cellxgene, scdownstream'),
        ({"adata": "cells.h5ad"}, "adata: expected an AnnData object; for a file there is `cassia labels`"),
        ({"adata": pd.DataFrame()}, "adata: expected an AnnData object, found DataFrame"),
        ({"summary": 3}, "summary: expected a path or a DataFrame, found int"),
        ({"summary": pd.DataFrame({"a": ["x"], "b": ["y"]})}, "no summary of cassia, as it lacks Cluster ID"),
    ],
)
def test_errors_are_one_line_and_change_nothing(pbmc: Path, adata: Cells, given: dict[str, Any], expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        cassia_engine.label(**{"adata": adata, "summary": pbmc, "group_key": "louvain", **given})
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(adata.obs.columns) == ["louvain", "score", "n"]


def test_what_is_no_provenance_of_cassia_stays(pbmc: Path, adata: Cells) -> None:
    adata.uns["cassia"] = "mine"
    with pytest.raises(UsageError, match="uns has cassia already, which is no dict"):
        cassia_engine.label(adata, pbmc, group_key="louvain")
    assert adata.uns == {"cassia": "mine"}


def test_a_backed_object_is_not_copied(pbmc: Path, adata: Cells) -> None:
    adata.isbacked = True
    with pytest.raises(UsageError, match="a backed AnnData is not copied in memory"):
        cassia_engine.label(adata, pbmc, copy=True)


def test_the_column_is_found(pbmc: Path, adata: Cells) -> None:
    del adata.obs["n"]
    cassia_engine.label(adata, pbmc)
    assert adata.uns["cassia"]["group_key"] == "louvain"
    adata.obs["other"] = adata.obs["louvain"]
    with pytest.raises(UsageError, match="the clusters are in several columns of obs, louvain, other; say which"):
        cassia_engine.label(adata, pbmc)
    names = np.array([("CD3D",)], [("0", "O")])
    adata.uns["rank_genes_groups"] = {"params": {"groupby": "other"}, "names": names}
    cassia_engine.label(adata, pbmc)
    assert adata.uns["cassia"]["group_key"] == "other"
    adata.uns["t_test"] = {"params": {"groupby": "louvain"}, "names": names}
    cassia_engine.label(adata, pbmc, rank_key="t_test")
    assert adata.uns["cassia"]["group_key"] == "louvain"
    adata.obs = adata.obs[["score"]]
    with pytest.raises(UsageError, match="no column of obs has all clusters of the summary, 0, 1, 2"):
        cassia_engine.label(adata, pbmc)


def test_missing_and_mistyped_arguments(pbmc: Path, adata: Cells) -> None:
    with pytest.raises(ArgumentError, match="is missing 1 required argument, 'summary'"):
        cassia_engine.label(adata, group_key="louvain")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="groupkey"):
        cassia_engine.label(adata, pbmc, groupkey="louvain")  # type: ignore[call-arg]


def test_columns_of_earlier_labels_are_removed(pbmc: Path, adata: Cells) -> None:
    """Their labels may be others by now."""
    cassia_engine.label(adata, pbmc, group_key="louvain", standard="cap")
    assert "cassia--cell_fullname" in adata.obs
    cassia_engine.label(adata, pbmc, group_key="louvain")
    assert not [name for name in adata.obs if str(name).startswith("cassia--")]
    assert "cap_metadata" not in adata.uns
    cassia_engine.label(adata, pbmc, group_key="louvain", standard="cap")
    assert "cassia--cell_fullname" in adata.obs


def test_notes_for_cap_that_are_no_dict_are_refused(pbmc: Path, adata: Cells) -> None:
    adata.uns["cap_metadata"] = {"cellannotation_metadata": '{"set": {}}'}
    with raises("labels-cap-metadata-no-dict", "cellannotation_metadata", path="the AnnData"):
        cassia_engine.label(adata, pbmc, group_key="louvain", standard="cap")
    cassia_engine.label(adata, pbmc, group_key="louvain")
    assert adata.uns["cap_metadata"] == {"cellannotation_metadata": '{"set": {}}'}


def test_the_column_of_the_ranks_is_not_passed_over_for_another(pbmc: Path, adata: Cells) -> None:
    adata.obs["leiden"] = adata.obs["louvain"].cat.rename_categories(lambda name: f"{name}.0")
    names = pd.DataFrame({"0.0": ["CD3D"], "1.0": ["CD3D"]}).to_records(index=False)
    adata.uns["rank_genes_groups"] = {"names": names, "params": {"groupby": "leiden"}}
    adata.obs = adata.obs[["louvain", "leiden"]]
    with pytest.raises(UsageError, match="in obs column louvain, and genes were ranked by leiden; say which is meant"):
        cassia_engine.label(adata, pbmc)


def test_other_numbers_of_cells_are_warned_of(
    pbmc: Path, adata: Cells, answers: pd.DataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    sizes = adata.obs["louvain"].value_counts()
    summary = answers.reset_index().assign(Cells=lambda frame: frame["Cluster ID"].map(sizes).astype(str))
    cassia_engine.label(adata, summary, group_key="louvain")
    assert "other numbers of cells" not in caplog.text
    summary.loc[summary["Cluster ID"] == "0", "Cells"] = "7"
    cassia_engine.label(adata, summary, group_key="louvain")
    assert "so these may be other clusters: 0 (0: 130 cells here, 7 in the summary)" in caplog.text


def test_columns_that_are_no_groups_are_passed_over(pbmc: Path, adata: Cells) -> None:
    adata.obs["lists"] = [["a"]] * len(adata.obs)
    adata.obs[0] = 0.5
    adata.obs.insert(0, "score", 0.5, allow_duplicates=True)
    adata.obs = adata.obs.drop(columns="n")
    cassia_engine.label(adata, pbmc)
    assert adata.obs["cassia_annotation"].notna().all()


def test_arguments_in_the_other_order_are_said(pbmc: Path, adata: Cells) -> None:
    for summary in (pbmc, str(pbmc), pd.read_csv(pbmc)):
        with raises("labels-arguments-swapped", "adata and summary"):
            cassia_engine.label(summary, adata)  # type: ignore[arg-type]
