"""cassia merge: the labels of a summary at three levels, by the Cell Ontology."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

import cassia_engine
from cassia_engine import package_data
from cassia_engine.levels import Leveller
from cassia_engine.merging.table import TABLE
from cassia_engine.ontology import Ontology, Relation, compare
from tests.command import cassia
from tests.raising import raises

ONTOLOGY = Ontology.load()
# The levels of types of all kinds, as a biologist expects them.
EXPECTED = {
    "naive thymus-derived CD4-positive, alpha-beta T cell": ("T cell", "CD4-positive, alpha-beta T cell"),
    "effector memory CD8-positive, alpha-beta T cell": ("T cell", "CD8-positive, alpha-beta T cell"),
    "CD4-positive, CD25-positive, alpha-beta regulatory T cell": ("T cell", "regulatory T cell"),
    "natural killer cell": ("natural killer cell", "natural killer cell"),
    "IgA plasma cell": ("B cell", "plasma cell"),
    "classical monocyte": ("myeloid cell", "monocyte"),
    "Kupffer cell": ("myeloid cell", "macrophage"),
    "plasmacytoid dendritic cell": ("myeloid cell", "dendritic cell"),
    "enterocyte": ("epithelial cell", "intestinal epithelial cell"),
    "cholangiocyte": ("epithelial cell", "cholangiocyte"),
    "podocyte": ("epithelial cell", "kidney epithelial cell"),
    "type B pancreatic cell": ("endocrine cell", "pancreatic endocrine cell"),
    "GABAergic interneuron": ("neuron", "GABAergic neuron"),
    "retinal rod cell": ("neuron", "photoreceptor cell"),
    "Mueller cell": ("glial cell", "Mueller cell"),
    "capillary endothelial cell": ("endothelial cell", "capillary endothelial cell"),
    "fibroblast of lung": ("stromal cell", "fibroblast"),
    "vascular associated smooth muscle cell": ("muscle cell", "smooth muscle cell"),
    "malignant cell": ("malignant cell", "malignant cell"),
    "leukocyte": ("leukocyte", "leukocyte"),
}
HEADER = "Cluster ID,Predicted General Cell Type,Predicted Detailed Cell Type,Status,CL ID,CL Label,CL Match,Confidence"
NAIVE = 'CL:0000895,"naive thymus-derived CD4-positive, alpha-beta T cell"'
ROWS = f"""0,T cell,naive CD4 T cell; memory CD4 T cell,annotated,{NAIVE},exact,High
1,T cell,CD4+ Tn,annotated,{NAIVE},abbreviation,High
007,macrophage,SPP1 macrophage,annotated,CL:0000235,macrophage,broader,High
3,B cell,strange cell,annotated,,,miss,Low
'=4,strange class,strange cell,annotated,,,miss,Low
5,unresolved,,annotated,,,,Low
6,,,failed,,,,
"""


@pytest.fixture
def summary(tmp_path: Path) -> Path:
    path = tmp_path / "s_summary.csv"
    path.write_text(f"{HEADER}\n{ROWS}", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", EXPECTED)
def test_levels_of_a_type(name: str) -> None:
    found = Leveller(ONTOLOGY).levels(ONTOLOGY.find(name))
    assert (ONTOLOGY.label(found.broad), ONTOLOGY.label(found.medium)) == EXPECTED[name]


def test_each_level_is_the_next_one_or_above_it_and_has_the_same_groups() -> None:
    """For all types whose markers are known."""
    leveller = Leveller(ONTOLOGY)
    known = {cl_id for cl_id, *_ in package_data.rows("markers.tsv") if cl_id}
    assert len(known) > 300
    for cl_id in known:
        found = leveller.levels(cl_id)
        for below, above in ((found.fine, found.medium), (found.medium, found.broad)):
            assert compare(ONTOLOGY, below, above) in (Relation.SAME, Relation.BROADER), cl_id
        assert leveller.levels(found.broad).broad == found.broad, ONTOLOGY.label(cl_id)
        assert leveller.levels(found.medium).broad == found.broad, ONTOLOGY.label(cl_id)


def test_command_writes_the_groups_and_says_what_has_no_place(summary: Path, tmp_path: Path) -> None:
    done = cassia("merge", summary, "--output", tmp_path / "m.csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((tmp_path / "m.csv").read_text(encoding="utf-8").splitlines()))
    assert list(rows[0]) == list(TABLE.columns)
    groups = {row["Cluster ID"]: [row[f"Merged_Grouping_{n}"] for n in (1, 2, 3)] for row in rows}
    naive = ["T cell", "CD4-positive, alpha-beta T cell", "naive thymus-derived CD4-positive, alpha-beta T cell"]
    assert groups == {
        "0": naive,
        "1": naive,
        "007": ["myeloid cell", "macrophage", "SPP1 macrophage"],
        "3": ["B cell", "B cell", "strange cell"],
        "'=4": ["strange cell"] * 3,
        "5": ["unresolved"] * 3,
        "6": [""] * 3,
    }
    assert [row["CL ID 2"] for row in rows] == ["CL:0000624", "CL:0000624", "CL:0000235", "CL:0000236", "", "", ""]
    notes = {row["Cluster ID"]: row["Note"] for row in rows if row["Note"]}
    assert list(notes) == ["3", "'=4", "5", "6"]
    said = done.stdout.splitlines()
    assert said[0] == "7 clusters: 3 broad, 3 medium, 3 fine groups; 3 clusters without a Cell Ontology term"
    assert "cluster =4, strange cell: the label has no Cell Ontology term; it stands for itself" in said
    assert "cluster 6: no annotation: failed" in said
    assert said[-1] == str(tmp_path / "m.csv")


def test_without_an_output_the_command_says_that_no_table_is_written(summary: Path, tmp_path: Path) -> None:
    done = cassia("merge", summary, cwd=tmp_path)
    assert done.returncode == 0 and "no table is written; name one with --output" in done.stderr
    assert list(tmp_path.iterdir()) == [summary]


def test_the_summary_itself_is_no_output(summary: Path) -> None:
    """Under any of its names."""
    summary.with_name("other.csv").symlink_to(summary)
    for output in (summary, summary.with_name("other.csv")):
        done = cassia("merge", summary, "--output", output)
        assert done.returncode == 2 and f"{output}: an output cannot take the place of an input" in done.stderr
    assert summary.read_text(encoding="utf-8") == f"{HEADER}\n{ROWS}"


def test_a_table_that_is_no_summary(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("cluster,markers\n0,CD3D\n")
    done = cassia("merge", path)
    assert done.returncode == 2 and f"{path}, line 1: this is no summary of cassia" in done.stderr
    assert done.stdout == ""


def test_the_frame_of_annotate_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    markers = {"0": ["MS4A1", "CD79A", "CD79B", "CD19"], "1": ["CD3D", "CD3E", "TRAC", "IL7R"]}
    done = cassia_engine.annotate(markers, tissue="blood", species="human", show_progress=False)
    merged = cassia_engine.merge_labels(done)
    assert merged["Cluster ID"].tolist() == ["0", "1"]
    assert merged["Merged_Grouping_1"].tolist() == ["B cell", "T cell"]
    assert capsys.readouterr().err.startswith("cassia: 2 clusters: 2 broad, ")


def test_cassias_calls_add_columns_to_the_summary(
    summary: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = cassia_engine.merge_annotations(summary, tmp_path / "one.csv", detail_level="detailed")
    assert list(one)[:3] == HEADER.split(",")[:3]
    assert [name for name in map(str, one) if name.startswith("Merged")] == ["Merged_Grouping_2"]
    assert one["Cluster ID"].tolist() == ["0", "1", "007", "3", "'=4", "5", "6"]
    every = cassia_engine.merge_annotations_all(pd.DataFrame(one), provider="openai", model="m")
    same = cassia_engine.runCASSIA_merge_annotations(summary, process_all=True)
    names = [f"Merged_Grouping_{n}" for n in (1, 2, 3)]
    assert every[names].equals(same[names])
    written = pd.read_csv(tmp_path / "one.csv", dtype=str, keep_default_na=False)
    assert written.equals(one)
    assert [r.getMessage() for r in caplog.records] == [
        "groups are the Cell Ontology's, and no language model is asked; no effect: provider, model"
    ]
    assert cassia_engine.merge_labels(tmp_path / "one.csv", show_progress=False)["Label"].tolist()[2] == (
        "SPP1 macrophage"
    )


def test_cassias_calls_guard_cells_of_a_frame_and_keep_the_summary(tmp_path: Path) -> None:
    table = [{"cluster": "=1+1", "markers": "CD3D, CD3E, CD2, TRAC, IL7R, CD3G"}]
    frame = cassia_engine.annotate(table, tissue="blood", species="human", show_progress=False)
    merged = cassia_engine.merge_annotations(frame, tmp_path / "m.csv")
    assert merged["Cluster ID"].tolist() == ["=1+1"]
    [row] = csv.DictReader((tmp_path / "m.csv").read_text(encoding="utf-8").splitlines())
    assert row["Cluster ID"] == "'=1+1"
    before = (tmp_path / "m.csv").read_bytes()
    with raises("output-is-input", path=tmp_path / "m.csv"):
        cassia_engine.merge_annotations(tmp_path / "m.csv", tmp_path / "m.csv")
    assert (tmp_path / "m.csv").read_bytes() == before


def test_one_level_of_the_calls_by_rs_name(summary: Path) -> None:
    found = cassia_engine.runCASSIA_merge_annotations(summary, detail_level="detailed")
    assert list(found)[-1] == "Merged_Grouping_2"


def test_an_unknown_level_is_refused(summary: Path) -> None:
    with raises("merge-level-unknown"):
        cassia_engine.merge_annotations(summary, detail_level="fine")
