"""--witness: labels of other tools and people in obs, by cluster, compared with ours in what is written."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import cassia_engine
from cassia_engine.cells.agreement import compared_witnesses, is_pure
from cassia_engine.cells.witnesses import label_counts, witnesses
from cassia_engine.h5ad.annotated import Groups
from cassia_engine.h5ad.label_columns import NO_LABEL, read_labels
from cassia_engine.h5ad.object_data import ObjectData
from cassia_engine.markers import read_markers
from cassia_engine.records import Cluster, Correction, Outcome
from cassia_engine.records.cells import ClusterCells, Witness
from cassia_engine.report.review_flags import review_flags
from cassia_engine.settings import SplitSettings
from cassia_engine.stagefiles import read_chunk
from tests import factories as make
from tests.command import cassia
from tests.h5ad.files import LAYOUTS, Small
from tests.raising import raises

# Of the cells of Small: three T, four B, one without a cluster.
LABELS = {
    "majority_voting": [
        "CD4+ T cells",
        "CD4+ T cells",
        "CD8+ T cells",
        "B cells",
        "B cells",
        "Unknown",
        "nan",
        "B cells",
    ],
    "by hand, old": ["T cells", "T cells", "T cells", "T cells", "T cells", "T cells", "monocyte", "B cells"],
    "nothing": ["", "Unassigned", "NA", "unlabelled", "Unknown", "None", "Heterogeneous", "nan"],
}
RUN = ("--tissue", "blood", "--species", "human", "--name", "s", "--allow_unknown_genes")


def of_cluster(path: Path, *columns: str, **options: Any) -> dict[str, tuple[Witness, ...]]:
    """What is read of a file, by cluster."""
    settings = SplitSettings(witness=columns, allow_unknown_genes=True, **options)
    return {one.id: one.cells.witnesses for one in read_markers(path, settings).clusters if one.cells}


def in_memory(**obs: list[Any]) -> ObjectData:
    return ObjectData("the AnnData", SimpleNamespace(obs=pd.DataFrame(obs)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_labels_are_counted_by_cluster_and_placed_in_the_ontology(tmp_path: Path, layout: str) -> None:
    path = Small(obs=LABELS).write(tmp_path / "a.h5ad", layout)
    found = of_cluster(path, "majority_voting", "by hand, old")
    cd4 = Witness("majority_voting", "CD4+ T cells", 3, 0.6667, 1.0, "CL:0000624", "CD4-positive, alpha-beta T cell")
    assert found["T"] == (cd4, Witness("by hand, old", "T cells", 3, 1.0, 1.0, "CL:0000084", "T cell"))
    b = Witness("majority_voting", "B cells", 2, 1.0, 1.0, "CL:0000236", "B cell")
    assert found["B"] == (b, Witness("by hand, old", "T cells", 4, 0.75, 0.75, "CL:0000084", "T cell"))


def test_an_object_in_memory_has_the_same(tmp_path: Path) -> None:
    path = Small(obs=LABELS).write(tmp_path / "a.h5ad")
    leiden = pd.Categorical([*Small.clusters], categories=["B", "T"])
    data = in_memory(leiden=list(leiden), **{name: list(values) for name, values in LABELS.items()})
    groups = Groups(np.asarray(leiden.codes, np.int64), ("B", "T"))
    found = witnesses(groups, read_labels(data, list(LABELS)))
    assert dict(zip("BT", found, strict=True)) == of_cluster(path, *LABELS)


def test_cells_without_a_label_are_counted_for_none(tmp_path: Path) -> None:
    path = Small(obs=LABELS).write(tmp_path / "a.h5ad")
    assert of_cluster(path, "nothing") == dict.fromkeys("BT", (Witness("nothing", None, 0, 0.0, 0.0),))
    assert all(text == text.casefold() for text in NO_LABEL)


@pytest.mark.parametrize(
    ("given", "columns"),
    [
        (["nothing"], ["nothing"]),
        (["majority_voting,nothing"], ["majority_voting", "nothing"]),
        (["majority_voting , nothing, "], ["majority_voting", "nothing"]),
        (["by hand, old"], ["by hand, old"]),
        (["nothing,by hand, old,majority_voting"], ["nothing", "by hand, old", "majority_voting"]),
        (["nothing", "nothing", "majority_voting"], ["nothing", "majority_voting"]),
        ([], []),
    ],
)
def test_columns_are_given_one_by_one_or_with_commas(given: list[str], columns: list[str]) -> None:
    assert list(read_labels(in_memory(**LABELS), given)) == columns


@given(st.lists(st.text(alphabet="ab, ", min_size=1).filter(str.strip), unique=True, min_size=1, max_size=4))
def test_any_name_of_a_column_can_be_given(names: list[str]) -> None:
    data = in_memory(**{name: ["x"] for name in names})
    assert list(read_labels(data, names)) == names


@given(st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 3)), max_size=30))
def test_counts_are_those_of_counting(cells: list[tuple[int, int]]) -> None:
    names = ("T", "unknown", "B", "NK")
    codes = np.array(cells, np.int64).reshape(-1, 2)
    found = label_counts(Groups(codes[:, 0], ("x", "y", "z")), Groups(codes[:, 1], names))
    for number, counts in enumerate(found):
        kept = [names[label] for group, label in cells if group == number and label >= 0 and names[label] != "unknown"]
        assert counts == {name: kept.count(name) for name in names if name in kept}


@pytest.mark.parametrize(
    ("column", "values", "code"),
    [
        ("majority_votin", None, "witness-not-found"),
        ("scores", [0.5] * 8, "column-not-labels"),
        ("seurat_clusters", [0, 1, 2, 0, 1, 2, 0, 1], "column-not-labels"),
        ("leiden_02", ["0", "1", "2", "0", "1", "2", "0", "1"], "column-not-labels"),
    ],
)
def test_columns_that_cannot_be_witnesses(tmp_path: Path, column: str, values: list[Any] | None, code: str) -> None:
    path = Small(obs={**LABELS, column: values} if values else LABELS).write(tmp_path / "a.h5ad")
    with raises(code, column, path=path):
        of_cluster(path, "majority_voting", column)


def test_a_column_of_names_of_cells_is_no_witness() -> None:
    data = in_memory(barcode=[f"cell{n}" for n in range(1001)])
    with raises("column-not-labels", "1001", path="the AnnData"):
        read_labels(data, ["barcode"])


def test_without_clusters_of_cells_there_is_nothing_to_compare(tmp_path: Path) -> None:
    path = Small(obs=LABELS, params={}).write(tmp_path / "a.h5ad")
    with raises("witness-without-groups", path=path):
        of_cluster(path, "majority_voting")
    assert of_cluster(path, "majority_voting", group_key="leiden").keys() == {"B", "T"}


def test_a_table_has_no_witnesses(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('cluster,genes\nT,"CD3D,CD3E"\nB,"MS4A1,CD79A"\n')
    with raises("option-only-for-h5ad", "majority_voting", path=path):
        of_cluster(path, "majority_voting")


@pytest.mark.parametrize("given", [3, [3], [""], [None]])
def test_only_texts_are_names(given: Any) -> None:
    with raises("setting-invalid"):
        SplitSettings(witness=given)


def test_the_option_is_repeated_and_has_commas(tmp_path: Path) -> None:
    path = Small(obs=LABELS).write(tmp_path / "a.h5ad")
    ways: list[Any] = ["a,b", ["a,b"], ("a,b",)]
    told = [SplitSettings(witness=given) for given in ways]
    assert {one.witness for one in told} == {("a,b",)}
    done = cassia(
        "split", path, "--outdir", tmp_path, *RUN, "--witness", "nothing,by hand, old", "--witness", "nothing"
    )
    assert done.returncode == 0, done.stderr
    said = read_chunk(tmp_path / "chunk_00000.json").clusters[0].cells
    assert said and [one.column for one in said.witnesses] == ["nothing", "by hand, old"]


# --- what is written ---


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = Small(obs=LABELS).write(tmp_path / "a.h5ad")
    columns = [word for column in LABELS for word in ("--witness", column)]
    done = cassia("run", path, "--outdir", tmp_path, *RUN, *columns)
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_summary_compares_each_witness_with_the_label(written: Path) -> None:
    lines = (written / "s_summary.csv").read_text().splitlines()
    rows = {row["Cluster ID"]: row for row in csv.DictReader(lines)}
    assert rows["T"]["CL Label"] == "CD4-positive, alpha-beta T cell"
    assert rows["T"]["Witnesses"] == (
        "majority_voting: CD4+ T cells 0.67 (same); by hand, old: T cells 1.00 (broader); nothing: no labels"
    )
    assert "by hand, old: T cells 0.75 (different)" in rows["B"]["Witnesses"]


def test_conversations_hold_the_witnesses_as_values(written: Path) -> None:
    held = json.loads((written / "s_conversations.json").read_text())
    assert held["T"]["witnesses"][0] == {
        "column": "majority_voting",
        "label": "CD4+ T cells",
        "n_cells": 3,
        "purity": 0.6667,
        "lineage_purity": 1.0,
        "cl_id": "CL:0000624",
        "cl_label": "CD4-positive, alpha-beta T cell",
        "relation": "same",
    }
    assert held["B"]["witnesses"][2]["label"] is None


def test_python_takes_a_list(tmp_path: Path) -> None:
    path = Small(obs=LABELS).write(tmp_path / "a.h5ad")
    table = cassia_engine.annotate(
        path, tissue="blood", species="human", witness=["nothing", "by hand, old"], allow_unknown_genes=True
    )
    assert table["Witnesses"].str.startswith("nothing: no labels; by hand, old: T cells").all()


# --- agreement ---


def cluster_with(**changes: Any) -> Cluster:
    """Ten cells, of which a witness says that they are B cells."""
    made = {"column": "popv", "label": "B cell", "n_cells": 10, "purity": 0.9, "lineage_purity": 0.9}
    witness = Witness(**{**made, "cl_id": "CL:0000236", "cl_label": "B cell", **changes})
    return replace(make.cluster(), cells=ClusterCells(10, witnesses=(witness,)))


def kinds(cluster: Cluster, **changes: Any) -> list[str]:
    return [flag.kind for flag in review_flags(make.annotated(cluster=cluster, **changes), "offline")]


def test_a_pure_witness_of_another_lineage_calls_for_review() -> None:
    [flag] = review_flags(make.annotated(cluster=cluster_with()), "offline")
    assert (flag.kind, flag.word, flag.tone) == ("witness", "popv disagrees", "trouble")
    assert flag.detail == (
        "popv calls it B cell (90% of 10 labelled cells), which is of another lineage than natural killer cell."
    )


def test_subtypes_speak_for_their_lineage_together() -> None:
    [flag] = review_flags(make.annotated(cluster=cluster_with(purity=0.4, lineage_purity=0.8)), "offline")
    assert "(40% of 10 labelled cells, 80% with related types)" in flag.detail


@pytest.mark.parametrize(
    "changes",
    [
        {"cl_id": "CL:0000084", "label": "T cell"},  # related to a natural killer cell
        {"cl_id": "CL:0000623", "label": "NK"},
        {"cl_id": "", "label": "Doublet"},
        {"purity": 0.5, "lineage_purity": 0.6},
        {"n_cells": 4},
        {"label": None, "n_cells": 0, "purity": 0.0, "lineage_purity": 0.0, "cl_id": ""},
    ],
)
def test_other_witnesses_call_for_none(changes: dict[str, Any]) -> None:
    assert kinds(cluster_with(**changes)) == []


def test_no_label_of_ours_is_contradicted_by_none() -> None:
    nothing = make.unresolved()
    result = replace(nothing, cluster=cluster_with())
    assert [one.relation for one in compared_witnesses(result)] == ["unknown"]
    failed = replace(make.annotated(cluster=cluster_with()), outcome=Outcome.FAILED, votes=())
    assert [one.contradicts for one in compared_witnesses(failed)] == [False]


def test_a_persons_label_is_what_witnesses_are_compared_with() -> None:
    named = Correction(label="memory B cell", cl_id="CL:0000787", cl_label="memory B cell", decided_by="me")
    [said] = compared_witnesses(make.annotated(cluster=cluster_with(), correction=named))
    assert (said.relation, said.contradicts) == ("broader", False)
    comment = Correction(comment="doublets?", decided_by="me")
    assert [one.relation for one in compared_witnesses(make.annotated(cluster=cluster_with(), correction=comment))] == [
        "different"
    ]


def test_a_witness_is_pure_at_the_thresholds() -> None:
    assert is_pure(Witness("a", "T", 5, 0.1, 0.7), 10)
    assert not is_pure(Witness("a", "T", 5, 0.1, 0.69), 10)


def test_clusters_of_tables_have_no_witnesses() -> None:
    assert compared_witnesses(make.annotated()) == ()
