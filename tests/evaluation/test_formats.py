"""Labels in every form taken, recognised by their content, and those that are none."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cassia_engine.evaluation.gold import read_gold
from cassia_engine.evaluation.grading import Grade
from cassia_engine.evaluation.predictions import Prediction, Predictions
from cassia_engine.evaluation.reading import read_labels
from cassia_engine.evaluation.wanted import Wanted
from cassia_engine.outputs.summary_tables import write_tables
from cassia_engine.records import Merged
from tests import factories as make
from tests.command import cassia
from tests.evaluation import forms
from tests.raising import raises

TABLES = {
    "CASSIA": (
        forms.CASSIA,
        {"0": ("CD8-positive, alpha-beta T cell", 92.0), "1": ("classical monocyte", 75.0), "2": (None, 10.0)},
        ("Score", 100),
    ),
    "CellTypist": (
        forms.CELLTYPIST,
        {"0": ("T cells", None), "1": ("Classical monocytes", None), "2": (None, None)},
        ("", None),
    ),
    "popV": (
        forms.POPV,
        {"AAAC-1": ("T cell", 7.0), "AACC-1": ("classical monocyte", 4.0)},
        ("popv_prediction_score", None),
    ),
    "ScType": (
        forms.SCTYPE,
        {"0": ("Naive CD8+ T cells", 812.4), "1": ("Classical Monocytes", 640.2), "2": (None, 12.1)},
        ("scores", None),
    ),
    "SingleR": (
        forms.SINGLER,
        {"0": ("T_cells", 0.21), "1": ("Monocyte", 0.44), "2": (None, 0.001)},
        ("delta.next", None),
    ),
    "mLLMCelltype": (
        forms.MLLMCELLTYPE_TABLE,
        {"0": ("CD8+ T cells", 1.0), "1": ("Monocytes", 0.67), "2": (None, 0.33)},
        ("consensus_proportion", 1),
    ),
    "table": (
        "cluster,label\n0,T cell\n007,monocyte\n2,\n",
        {"0": ("T cell", None), "007": ("monocyte", None), "2": (None, None)},
        ("", None),
    ),
}


def read(folder: Path, text: str, **wanted: Any) -> Predictions:
    path = folder / "labels.csv"
    path.write_text(text)
    return read_labels(path, Wanted(**wanted).checked())


def said(found: Predictions) -> Mapping[str, tuple[str | None, float | None]]:
    """The label and score of each cluster; None for one that names no type."""
    return {one.cluster: (one.label if one.named else None, one.score) for one in found.clusters}


@pytest.mark.parametrize("tool", TABLES)
def test_tables_of_tools_are_recognised(tmp_path: Path, tool: str) -> None:
    text, clusters, (score_name, score_max) = TABLES[tool]
    found = read(tmp_path, text)
    assert (found.format, found.name) == (tool, "labels")
    assert said(found) == clusters
    assert (found.score_name, found.score_max) == (score_name, score_max)


def test_singler_of_python(tmp_path: Path) -> None:
    found = read(tmp_path, forms.SINGLER_OF_PYTHON)
    assert (found.format, found.score_name, found.score_max) == ("SingleR", "delta", None)
    assert said(found) == {"0": ("T cell", 0.11), "1": ("B cell", 0.09)}


def test_cassia_s_older_columns_and_the_general_type_behind(tmp_path: Path) -> None:
    found = read(tmp_path, forms.CASSIA_BEFORE)
    assert found.format == "CASSIA"
    assert [one.named for one in found.clusters] == [("zorp 17", "T cell"), ("monocyte",), ()]


def test_a_summary_of_ours(tmp_path: Path) -> None:
    table = tmp_path / "m.csv"
    table.write_text('cluster,markers\nB,"CD79A,MS4A1,CD19,CD79B,BANK1"\n007,"CD3D,CD3E,IL7R,TRAC,CD2"\nempty,no\n')
    ran = cassia("run", table, "--name", "s", "--outdir", tmp_path, "--tissue", "blood", "--species", "human")
    assert ran.returncode == 0, ran.stderr
    found = read_labels(tmp_path / "s_summary.csv", Wanted())
    assert (found.format, found.name) == ("cassia", "s")
    b, t, empty = found.clusters
    assert (b.cluster, b.term, bool(b.named)) == ("B", "CL:0000236", True)
    assert (t.cluster, empty.cluster, empty.named) == ("007", "empty", ())
    by_words = read_labels(tmp_path / "s_summary.csv", Wanted(score_column="Confidence"))
    assert (by_words.score_name, by_words.score_max) == ("Confidence", None)
    assert {one.score for one in by_words.clusters} <= {None, 1.0, 2.0, 3.0}


def test_the_probability_of_a_summary_goes_before_its_score(tmp_path: Path) -> None:
    """It is that of a label that is right up to its depth, and is judged as such."""
    result = make.annotated(answer=make.annotation(probability=0.6, probability_near=0.9))
    [summary, *_] = write_tables(Merged(make.DATASET, make.SELECTION, (result,), (make.MODEL_RUN,)), tmp_path)
    found = read_labels(summary, Wanted())
    assert (found.score_name, found.score_max, found.score_of) == (
        "Probability Near",
        1.0,
        Grade.ANCESTOR_OR_DESCENDANT,
    )
    assert [one.score for one in found.clusters] == [0.9]
    score = read_labels(summary, Wanted(score_column="Score"))
    assert (score.score_name, score.score_of, score.clusters[0].score) == ("Score", Grade.EXACT, 91.0)


FORMS = {
    "client": json.dumps(forms.cytetype_client()),
    "server": json.dumps(forms.cytetype_server()),
    "stored": json.dumps({"job_id": "j", "result": json.dumps(forms.cytetype_client())}),
}


@pytest.mark.parametrize("form", FORMS)
def test_results_of_cytetype(tmp_path: Path, form: str) -> None:
    found = read(tmp_path, FORMS[form])
    assert found.format == "CyteType"
    assert said(found) == {"0": ("Naive CD8+ T cell", 3.0), "1": ("Monocyte", 2.0), "2": (None, 1.0)}
    assert [one.term for one in found.clusters] == ["CL:0000625", "CL:0000576", ""]
    assert (found.score_name, found.score_max) == ("reviewer confidence", None)


def test_json_of_mllmcelltype_and_the_same_in_python(tmp_path: Path) -> None:
    found = read(tmp_path, forms.MLLMCELLTYPE)
    assert (found.format, found.score_name, found.score_max) == ("mLLMCelltype", "consensus_proportion", 1)
    assert said(found) == {"0": ("CD8+ T cells", 1.0), "1": ("Monocytes", 0.67), "2": (None, 0.33)}
    assert read_labels(json.loads(forms.MLLMCELLTYPE), Wanted()).clusters == found.clusters


def test_json_of_clusters_and_labels_and_of_rows(tmp_path: Path) -> None:
    assert said(read(tmp_path, '{"0": "T cell", "1": null}')) == {"0": ("T cell", None), "1": (None, None)}
    rows = '[{"cluster": "0", "label": "T cell"}, {"cluster": "1", "label": "monocyte"}]'
    assert said(read(tmp_path, rows)) == {"0": ("T cell", None), "1": ("monocyte", None)}


def test_data_frames_of_tools(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(forms.CELLTYPIST)
    found = read_labels(pd.read_csv(tmp_path / "c.csv", index_col=0, dtype=str), Wanted())
    assert found.format == "CellTypist"
    assert said(found) == TABLES["CellTypist"][1]


def test_cells_are_reduced_to_clusters_of_a_named_column(tmp_path: Path) -> None:
    found = read(tmp_path, forms.CELLTYPIST_OBS, cluster_column="leiden")
    assert said(found) == {
        "0": ("T cells", pytest.approx((0.9 + 0.7) / 2)),  # two cells of three
        "1": ("Classical monocytes", 0.8),
        "2": (None, pytest.approx(0.3)),  # two cells of three have no label
    }
    assert [one.n_cells for one in found.clusters] == [2, 1, 2]
    assert (found.score_name, found.score_max) == ("conf_score", 1)


def test_of_equally_frequent_labels_the_first_counts_and_none_comes_last(tmp_path: Path) -> None:
    text = "cell,leiden,label\na,0,Unknown\nb,0,monocyte\nc,0,T cell\nd,0,T cell\ne,0,monocyte\nf,0,\n"
    [one] = read(tmp_path, text, cluster_column="leiden").clusters
    assert (one.label, one.n_cells) == ("monocyte", 2)


def test_cells_without_clusters_are_compared_one_by_one(tmp_path: Path) -> None:
    text = ",predicted_labels\nAAAC-1,T cells\nAAAG-1,B cells\n"
    assert said(read(tmp_path, text)) == {"AAAC-1": ("T cells", None), "AAAG-1": ("B cells", None)}


def test_named_columns_of_any_table(tmp_path: Path) -> None:
    text = "id;azimuth;certainty;n\n0;T cell;80;5\n1;monocyte;20;6\n"
    found = read(tmp_path, text, cluster_column="id", label_column="azimuth", score_column="certainty", score_max=100.0)
    assert said(found) == {"0": ("T cell", 80.0), "1": ("monocyte", 20.0)}
    assert (found.score_name, found.score_max) == ("certainty", 100)


@pytest.mark.parametrize(
    ("scores", "top"), [(("0.2", "1"), 1), (("2", "17"), None), (("High", "Low"), None), (("", "0.5"), 1)]
)
def test_what_scores_of_a_table_go_up_to(tmp_path: Path, scores: tuple[str, str], top: float | None) -> None:
    found = read(tmp_path, f"cluster,label,score\n0,T cell,{scores[0]}\n1,monocyte,{scores[1]}\n")
    assert (found.score_name, found.score_max) == ("score", top)


WRONG = {
    "consensus-empty": ('{"consensus": {}}', None),
    "stored-results-damaged": ('{"job_id": "j", "result": "[1"}', None),
    "evaluate-columns-unclear": ("a,b,c\n0,T cell,1\n", 1),
    "evaluate-no-header": ("0,T cell\n1,monocyte\n", 1),
    "evaluate-cluster-twice": ("cluster,label\n0,T cell\n0,monocyte\n", 3),
    "evaluate-cluster-empty": ("cluster,label\n0,T cell\n,monocyte\n", 3),
    "labels-empty": ("cluster,label\n", None),
    "labels-json-damaged": ('{"consensus": {"0": "T', 1),
    "labels-json-deep": ('{"a":' * 100_000, None),
    "labels-json-empty": ("[]", None),
    "results-damaged": ('{"annotations": [{"annotation": "T cell"}]}', None),
    "consensus-not-text": ('{"consensus": {"0": ["T cell"]}}', None),
    "labels-json-unknown": ('{"settings": {"a": 1}}', None),
    "one-column": ("label\nT cell\nB cell x\n", None),
}


@pytest.mark.parametrize("code", WRONG)
def test_wrong_labels_are_refused(tmp_path: Path, code: str) -> None:
    text, line = WRONG[code]
    with raises(code, path="labels.csv", line=line):
        read(tmp_path, text)


def test_scores_that_cannot_be_read_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read(tmp_path, "cluster,label,sc\n0,T cell,95%\n1,B cell,NA\n2,B cell,0.9\n", score_column="sc")
    read(tmp_path, "cluster,label,sc\n0,T cell,High\n1,B cell,0.9\n", score_column="sc")
    assert [record.getMessage().split(": ", 1)[1] for record in caplog.records] == [
        "1 of 3 scores cannot be read and are left out: 95%",
        "1 of 2 scores cannot be read and are left out: 0.9",
    ]


def test_columns_of_json_are_refused(tmp_path: Path) -> None:
    with raises("evaluate-columns-of-json", "label_column", path="labels.csv"):
        read(tmp_path, forms.MLLMCELLTYPE, label_column="consensus")
    with raises("evaluate-columns-of-json", "score_max", path="labels.csv"):
        read(tmp_path, forms.MLLMCELLTYPE, score_max=1.0)


def test_cytetype_without_annotations_is_refused(tmp_path: Path) -> None:
    with raises("results-without-annotations", path="labels.csv"):
        read(tmp_path, '{"annotations": {}}')


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("evaluate-column-not-found", {"label_column": "lable"}),
        ("score-out-of-range", {"score_column": "score", "score_max": 1.0}),
        ("score-max-unusable", {"score_max": -1.0}),
        ("evaluate-column-not-text", {"cluster_column": 3}),
        ("by-words-not-bool", {"by_words": "yes"}),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, code: str, wanted: dict[str, Any]) -> None:
    with pytest.raises(Exception) as caught:
        read(tmp_path, "cluster,label,score\n0,T cell,70\n", **wanted)
    assert getattr(caught.value, "code", "") == code


def test_what_scores_go_up_to_is_refused_where_no_number_is(tmp_path: Path) -> None:
    with raises("score-max-without-scores", path="labels.csv", line=1):
        read(tmp_path, "cluster,label\n0,T cell\n", score_max=1.0)
    with raises("score-max-of-words", path="labels.csv"):
        read(tmp_path, "cluster,label,sc\n0,T cell,High\n", score_column="sc", score_max=1.0)


def test_what_is_no_file_of_labels_is_refused(tmp_path: Path) -> None:
    with raises("table-not-found", path="none.csv"):
        read_labels(tmp_path / "none.csv", Wanted())
    with raises("labels-are-folder", path=tmp_path):
        read_labels(tmp_path, Wanted())
    os.mkfifo(tmp_path / "pipe")
    with raises("labels-are-pipe", path="pipe"):
        read_labels(tmp_path / "pipe", Wanted())
    (tmp_path / "a.h5ad").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with raises("evaluate-anndata", path="a.h5ad"):
        read_labels(tmp_path / "a.h5ad", Wanted())
    with raises("evaluate-anndata", path="a.h5ad"):
        read_gold(tmp_path / "a.h5ad")


def test_gold_has_labels_ids_or_several_of_them(tmp_path: Path) -> None:
    gold = tmp_path / "gold.tsv"
    gold.write_text(
        "cluster\tlabel\tcl_id\ttissue\tdataset\n"
        "0\tT cell\tCL:0000084\tblood\ta\n"
        "1\tmonocyte|macrophage\t\tblood\ta\n"
        "2\tsome\tCL:0000625|CL_0000624\tlung\tb\n"
        "3\tzorp\t\tlung\tb\n"
        "4\t\t\t\tb\n"
    )
    found = read_gold(gold)
    assert [one.accepted for one in found] == [
        ("CL:0000084",),
        ("CL:0000576", "CL:0000235"),
        ("CL:0000625", "CL:0000624"),
        (),
        (),
    ]
    assert [one.unplaced for one in found] == [(), (), (), ("zorp",), ()]
    assert [(one.tissue, one.dataset) for one in found][::2] == [("blood", "a"), ("lung", "b"), ("", "b")]
    assert found[1].how == ("exact", "exact")


def test_gold_of_two_columns_and_of_a_dict(tmp_path: Path) -> None:
    gold = tmp_path / "gold.csv"
    gold.write_text("cell_group,CL ID\n0,CL:0000084\n")
    [one] = read_gold(gold)
    assert (one.cluster, one.accepted) == ("0", ("CL:0000084",))
    [two] = read_gold({"0": "T cells"})
    assert (two.cluster, two.accepted) == ("0", ("CL:0000084",))


WRONG_GOLD = {
    "gold-columns-missing": ("a,b,c,d\n0,T cell,1,2\n", 1),
    "gold-cluster-twice": ("cluster,label\n0,T cell\n0,monocyte\n", 3),
    "gold-cluster-empty": ("cluster,label\n0,T cell\n,monocyte\n", 3),
    "gold-no-terms": ("cluster,label\n0,zorp\n1,blarg\n", None),
    "evaluate-no-header": ("0,T cell\n1,monocyte\n", 1),
}


@pytest.mark.parametrize("code", WRONG_GOLD)
def test_wrong_gold_is_refused(tmp_path: Path, code: str) -> None:
    text, line = WRONG_GOLD[code]
    (tmp_path / "gold.csv").write_text(text)
    with raises(code, path="gold.csv", line=line):
        read_gold(tmp_path / "gold.csv")


@pytest.mark.parametrize(
    "text", ["", "unresolved", "Unknown", "unknown (low quality)", "Heterogeneous", "error: timeout"]
)
def test_texts_that_name_no_type(text: str) -> None:
    assert Prediction("0", (text,)).named == ()


@pytest.mark.parametrize("text", ["T cell", "Doublets", "unknown T cell", "mixed"])
def test_texts_that_are_answers(text: str) -> None:
    assert Prediction("0", (text,)).named == (text,)
