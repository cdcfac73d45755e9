"""cassia evaluate: the outputs of real tables, and the function of the package."""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import cassia_engine
from cassia_engine.evaluation.cluster_table import TABLE
from cassia_engine.evaluation.formats import FORMATS
from cassia_engine.evaluation.judging import Status
from cassia_engine.evaluation.page import MOST_ROWS
from tests.command import cassia
from tests.evaluation import forms
from tests.raising import raises

GOLD = """cluster,cl_id,tissue
0,CL:0000084,blood
1,CL:0000576|CL:0000860,blood
2,CL:0000236,lung
3,CL:0000115,lung
4,zorp,lung
"""
LABELS = """cluster,label,probability
0,T cells,0.9
1,Classical monocyte,0.8
2,fibroblast,0.8
4,T cell,0.1
x,"=HYPERLINK(""a"")",0.2
"""


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.csv"
    path.write_text(GOLD)
    return path


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(LABELS)
    return path


DOCUMENT = (Path(__file__).parents[2] / "docs" / "evaluate.md").read_text(encoding="utf-8")


def test_columns_formats_and_statuses_are_described() -> None:
    columns = DOCUMENT.split("\n## The table of clusters\n", 1)[1]
    described = [
        name for cell in re.findall(r"^\| (`.*?) \|", columns, re.M) for name in re.findall(r"`([^`]+)`", cell)
    ]
    assert described == list(TABLE.columns)
    rows = re.findall(r"^\| ([^|`]+?) \|", DOCUMENT, re.M)
    assert {kind.name for kind in FORMATS} <= set(rows)
    assert {str(status) for status in Status} <= set(rows)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as text:
        return list(csv.DictReader(text))


def test_command_prints_a_table_and_writes_three_files(tmp_path: Path, labels: Path, gold: Path) -> None:
    done = cassia("evaluate", labels, gold, "--outdir", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0] == "mine (table): 4 clusters judged, 3 answered, coverage 75.0%"
    assert re.match(r"exact +50\.0% +\(2/4, 15% to 85%\) +66\.7% +\(2/3, 21% to 94%\)", said[3])
    for note in (
        "1 cluster not in the labels, counted as not answered: 3",
        "1 cluster without a term of the expert, not judged: 4 (T cell)",
        "1 cluster not in the gold, not judged: x",
    ):
        assert any(line.startswith(note) for line in said), note
    assert next(line for line in said if line.startswith("blood")).split()[1:4] == ["2", "100.0%", "100.0%"]
    paths = [tmp_path / "out" / f"mine_evaluation.{end}" for end in ("csv", "json", "html")]
    assert said[-3:] == [str(path) for path in paths]
    assert sorted((tmp_path / "out").iterdir()) == sorted(paths)


def test_a_noted_cluster_has_its_whole_name_and_label(tmp_path: Path, gold: Path) -> None:
    name, label = "transit amplifying cell of large intestine", "a type that no ontology has, dividing, of the crypt"
    labels = tmp_path / "mine.csv"
    labels.write_text(f'cluster,label\n0,T cell\n{name},"{label}"\n')
    done = cassia("evaluate", labels, gold, "--outdir", tmp_path / "out")
    assert f"1 cluster not in the gold, not judged: {name} ({label})" in done.stdout.splitlines()


def test_table_has_every_cluster_of_both(tmp_path: Path, labels: Path, gold: Path) -> None:
    cassia("evaluate", labels, gold, "--outdir", tmp_path, "--name", "named")
    rows = rows_of(tmp_path / "named_evaluation.csv")
    assert list(rows[0]) == list(TABLE.columns)
    assert [(row["Cluster ID"], row["Status"], row["Relation"]) for row in rows] == [
        ("0", "compared", "exact"),
        ("1", "compared", "exact"),
        ("2", "compared", "different"),
        ("3", "missing", ""),
        ("4", "no expert term", ""),
        ("x", "not in gold", ""),
    ]
    assert (rows[1]["CL ID"], rows[1]["Nearest Expert CL ID"], rows[1]["Score"]) == ("CL:0000860", "CL:0000860", "0.8")
    assert (rows[0]["Mapping"], rows[0]["Expert Mapping"], rows[0]["Tissue"]) == ("normalised", "id", "blood")
    assert rows[5]["Label"].startswith("'=")  # no formula in a spreadsheet


def test_figures_are_json(tmp_path: Path, labels: Path, gold: Path) -> None:
    cassia("evaluate", labels, gold, "--outdir", tmp_path)
    found = json.loads((tmp_path / "mine_evaluation.json").read_text())
    assert found["figures"]["n"] == 4
    assert found["figures"]["levels"][0]["of_all"]["hits"] == 2
    assert [group["name"] for group in found["by_tissue"]] == ["blood", "lung"]
    assert found["curves"]["score_name"] == "probability"
    exact = found["curves"]["levels"][0]
    assert exact["reliability"]["ece"] == pytest.approx((1 * 0.1 + 2 * abs(0.8 - 0.5)) / 3)
    assert exact["risk_coverage"]["aurc"] == pytest.approx((0 + 0.5 / 2 + 1 / 3) / 3)


def test_page_is_whole_without_script_and_escapes_everything(tmp_path: Path, gold: Path) -> None:
    path = tmp_path / "evil.csv"
    path.write_text('cluster,label,score\n0,T cell,0.9\n"<b id=x>",<script>alert(1)</script>,0.5\n1,a\u202eb,1\n')
    done = cassia("evaluate", path, gold, "--outdir", tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "evil_evaluation.html").read_text()
    assert "<script" not in page and "<b id=x>" not in page and "\u202e" not in page
    assert "default-src 'none'" in page and not re.search(r'(?:src|href)="(?!data:)', page)
    assert "style=" not in page  # which the policy would not let through
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawings) == 1 + 4 + 4  # the curves, a sign for each of them in the table, a diagram for each level
    for drawing in drawings:
        ET.fromstring(drawing)
    assert page.count('<polyline class="curve"') == 4


def test_page_of_many_cells_stays_small(tmp_path: Path) -> None:
    cells = [f"cell{n}" for n in range(MOST_ROWS + 5)]
    (tmp_path / "l.csv").write_text(
        "cell,label,score\n" + "".join(f"{cell},T cell,{n / 2000}\n" for n, cell in enumerate(cells))
    )
    (tmp_path / "g.csv").write_text("cell,label\n" + "".join(f"{cell},T cell\n" for cell in cells))
    done = cassia("evaluate", tmp_path / "l.csv", tmp_path / "g.csv", "--outdir", tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "l_evaluation.html").read_text()
    assert f"cell{MOST_ROWS - 1}<" in page and f"cell{MOST_ROWS}<" not in page
    assert "And 5 more, in <bdi>l_evaluation.csv</bdi>" in page
    assert len(rows_of(tmp_path / "l_evaluation.csv")) == len(cells)


def test_scores_without_a_known_top_have_no_diagram(tmp_path: Path, gold: Path) -> None:
    path = tmp_path / "sctype.csv"
    path.write_text(forms.SCTYPE)
    done = cassia("evaluate", path, gold, "--outdir", tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^scores: AURC 0\.\d{3} ", done.stdout, re.M) and "ECE" not in done.stdout
    assert "only have an order" in (tmp_path / "sctype_evaluation.html").read_text()
    done = cassia("evaluate", path, gold, "--outdir", tmp_path, "--score_max", "1000")
    assert "scores: ECE 0." in done.stdout


def test_labels_without_scores_say_so(tmp_path: Path, gold: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("cluster,label\n0,T cell\n")
    done = cassia("evaluate", path, gold, "--outdir", tmp_path)
    assert "No scores: neither reliability nor a risk-coverage curve" in done.stdout
    assert "have no scores" in (tmp_path / "l_evaluation.html").read_text()
    assert json.loads((tmp_path / "l_evaluation.json").read_text())["curves"] is None


def test_all_abstained_is_an_answer_too(tmp_path: Path, gold: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("cluster,label,score\n0,unresolved,0.1\n1,Unknown,0.2\n")
    done = cassia("evaluate", path, gold, "--outdir", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "0 answered, coverage 0.0%" in done.stdout
    assert "Hierarchical: precision -, recall 0.000, F - " in done.stdout


def test_by_words_sets_aside_the_tool_s_ids(tmp_path: Path, gold: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("cluster,label,cl_id\n0,B cell,CL:0000084\n")
    for options, relation, mapping in (((), "exact", "given"), (("--by_words",), "different", "exact")):
        done = cassia("evaluate", path, gold, "--outdir", tmp_path, *options)
        assert done.returncode == 0, done.stderr
        [row, *_] = rows_of(tmp_path / "l_evaluation.csv")
        assert (row["Relation"], row["Mapping"]) == (relation, mapping)


def test_clusters_of_several_data_sets(tmp_path: Path) -> None:
    gold, labels = tmp_path / "gold.csv", tmp_path / "l.csv"
    gold.write_text("dataset,cluster,label\na,0,T cell\nb,0,B cell\n")
    labels.write_text("dataset,cluster,label\nb,0,B cell\na,0,fibroblast\n")
    done = cassia("evaluate", labels, gold, "--outdir", tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "l_evaluation.json").read_text())
    shares = {group["name"]: group["figures"]["levels"][0]["of_all"]["share"] for group in found["by_dataset"]}
    assert shares == {"a": 0.0, "b": 1.0}
    labels.write_text("cluster,label\n0,B cell\n")
    done = cassia("evaluate", labels, gold, "--outdir", tmp_path)
    assert done.returncode == 2
    assert "give both tables a column dataset" in done.stderr


def test_wrong_use_is_one_line(tmp_path: Path, labels: Path, gold: Path) -> None:
    for arguments, words in (
        ((labels, tmp_path / "none.csv"), "no such file"),
        ((labels, gold, "--name", "a/b"), "--name a/b"),
        ((labels, gold, "--label_column", "labl"), "there is no such column (did you mean label?)"),
    ):
        done = cassia("evaluate", *arguments, "--outdir", tmp_path / "out")
        assert done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not (tmp_path / "out").exists()


def test_an_accepted_label_that_is_left_out_is_said(tmp_path: Path, labels: Path) -> None:
    gold = tmp_path / "partly.csv"
    gold.write_text("cluster,label\n0,T cell|zorp\n1,monocyte\n")
    done = cassia("evaluate", labels, gold, "--outdir", tmp_path)
    words = "1 cluster with an accepted label that has no Cell Ontology term, which is left out: 0 (T cells)"
    assert done.returncode == 0 and words in done.stdout.splitlines()


def test_an_input_is_no_output(tmp_path: Path, gold: Path) -> None:
    labels = tmp_path / "a_evaluation.csv"
    labels.write_text(LABELS)
    done = cassia("evaluate", labels, gold, "--name", "a", "--outdir", tmp_path)
    assert done.returncode == 2 and f"{labels}: an output cannot take the place of an input" in done.stderr
    assert labels.read_text() == LABELS


def test_a_table_agrees_with_itself(tmp_path: Path, labels: Path) -> None:
    done = cassia("evaluate", labels, labels, "--outdir", tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "mine_evaluation.json").read_text())["figures"]["levels"][0]["of_all"]["share"] == 1


def test_python_returns_the_record_and_writes_where_asked(
    tmp_path: Path, gold: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = {"0": "T cell", "1": "monocyte", "2": "Unknown"}
    found = cassia_engine.evaluate(labels, gold, output_name=tmp_path / "p")
    assert found.figures.n == 4 and found.figures.coverage.hits == 2
    assert found.figures.levels[0].of_answered.share == 1.0
    assert [str(one.status) for one in found.clusters] == [
        *("compared", "compared", "abstained", "missing", "no expert term"),
    ]
    assert "4 clusters judged, 2 answered" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.glob("p_*")) == [f"p_evaluation.{e}" for e in ("csv", "html", "json")]
    quiet = cassia_engine.evaluate(labels, {"0": "T cells"}, show_progress=False)
    assert quiet.figures.n == 1 and capsys.readouterr().err == ""
    with raises("argument-missing", "gold"):
        cassia_engine.evaluate(labels)  # type: ignore[call-arg]


def test_python_takes_what_annotate_returns(tmp_path: Path) -> None:
    markers = [{"cluster": "B", "markers": "CD79A,MS4A1,CD19,CD79B"}, {"cluster": "007", "markers": "CD3D,CD3E,CD2"}]
    summary = cassia_engine.annotate(markers, tissue="blood", species="human", show_progress=False)
    gold = {"B": "B cell", "007": "T cell"}
    found = cassia_engine.evaluate(summary, gold, show_progress=False)
    assert found.format == "cassia"
    assert [one.cluster for one in found.clusters] == ["B", "007"]
    assert found.figures.levels[-1].of_all.share == 1.0
    assert found.curves is not None and found.curves.n == 2
