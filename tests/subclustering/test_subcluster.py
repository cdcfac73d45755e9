"""cassia subcluster: a run on the subclusters of one population, whose answers are held against its type."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import cassia_engine
from cassia_engine.records import CellType
from cassia_engine.subclustering.fitting import Fit, fitted
from cassia_engine.subclustering.population import Population
from cassia_engine.subclustering.table import TABLE
from tests.command import cassia
from tests.factories import annotated, annotation
from tests.mock_provider.running import Running
from tests.raising import raises

CLUSTERS = (
    'cluster,markers\n1,"CD3D,CD3E,CD8A,CD8B,TRAC,GZMK,EOMES"\n2,"CD79A,MS4A1,CD19,CD79B,BANK1"\n'
    '3,"CD3D,CD3E,TRAC,CD2,CD3G"\n4,no marker was found\n'
)
CONTEXT = ("--tissue", "blood", "--species", "human")
FITS = {
    "CL:0000913": Fit.KIND,  # effector memory CD8-positive T cell
    "CL:0000625": Fit.ITSELF,  # CD8-positive, alpha-beta T cell
    "CL:0000084": Fit.ITSELF,  # T cell
    "CL:0000624": Fit.OTHER,  # CD4-positive, alpha-beta T cell
    "CL:0000236": Fit.OTHER,  # B cell
    "CL:0000000": Fit.UNKNOWN,
    "": Fit.UNKNOWN,
}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "cd8.csv"
    path.write_text(CLUSTERS)
    return path


@pytest.mark.parametrize("cl_id", FITS)
def test_fit_of_an_answer(cl_id: str) -> None:
    population = Population.of("CD8 T cells")
    assert population.cl_id == "CL:0000625"
    types = (CellType("a type", cl_id, "", None),)
    found = fitted(annotated(answer=annotation(detailed_types=types, cl_id=cl_id)), population)
    assert found.fit is FITS[cl_id]


def test_command_writes_the_fits_beside_the_outputs_of_a_run(tmp_path: Path, table: Path) -> None:
    done = cassia("subcluster", table, "--major_cluster", "CD8 T cell", *CONTEXT, "--outdir", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"cd8_summary.csv", "cd8_report.html", "cd8_subclusters.csv"} <= names
    rows = list(csv.DictReader((tmp_path / "out" / "cd8_subclusters.csv").read_text().splitlines()))
    assert list(rows[0]) == list(TABLE.columns)
    fits = {row["Result ID"]: row["Fit"] for row in rows}
    assert fits["2"] == "other type" and fits["4"] == "no answer" and fits["1"] in ("kind of it", "no finer")
    assert rows[3]["main_cell_type"] == ""
    assert "CD79A" in rows[1]["key_markers"]
    assert "cluster 2: B cell is no kind of CD8-positive, alpha-beta T cell; look at its genes" in done.stdout
    assert "was not read" not in done.stderr, "nothing was said that marker scoring cannot read"


def test_information_that_marker_scoring_cannot_read_is_warned_of(tmp_path: Path, table: Path) -> None:
    asked = ("--major_cluster", "CD8 T cell", "--additional_info", "sorted", "--outdir", tmp_path)
    assert "additional_info was not read" in cassia("subcluster", table, *CONTEXT, *asked).stderr


def test_a_model_is_told_of_the_population(quiet: Running, tmp_path: Path, table: Path) -> None:
    asked = ("--provider", "custom", "--base_url", f"{quiet.url}/v1", "--model", "mock", "--additional_info", "sorted")
    done = cassia("subcluster", table, "--major_cluster", "CD8 T cell", *CONTEXT, *asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    calls = json.loads((tmp_path / "cd8_conversations.json").read_text())["1"]["calls"]
    sent = calls[0]["request"]["messages"][-1]["content"]
    assert "subclusters of one population, which was annotated as: CD8 T cell" in sent and "sorted" in sent
    assert '"wanted_depth":"fine"' in sent


def test_a_population_without_a_term_is_refused(table: Path) -> None:
    done = cassia("subcluster", table, "--major_cluster", "my odd cells", *CONTEXT)
    assert done.returncode == 2 and "--major_cluster my odd cells: the Cell Ontology has no place" in done.stderr
    with raises("subcluster-type-unknown"):
        cassia_engine.subcluster(table, major_cluster="xyz", tissue="blood", species="human")


def test_python_and_cassias_call_return_the_table(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = cassia_engine.subcluster(table, major_cluster="CD8 T cell", tissue="blood", species="human")
    assert list(found) == list(TABLE.columns) and found["Result ID"].tolist() == ["1", "2", "3", "4"]
    assert "4 subclusters of CD8 T cell (CL:0000625)" in capsys.readouterr().err
    with raises("argument-unknown"):
        cassia_engine.runCASSIA_subclusters(table, "CD8 T cell", "out/s", additional_info="x")
    same = cassia_engine.runCASSIA_subclusters(table, "CD8 T cell", "out/s", provider="offline", tissue="blood")
    assert same.equals(found)
    assert (tmp_path / "out" / "s_subclusters.csv").is_file() and (tmp_path / "out" / "s_report.html").is_file()
