"""The command line as a person or a task meets it: outputs, single lines of error, exit codes."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.command import cassia
from tests.terminal import run_on_terminal

TABLE = """cluster,markers
B,"CD79A,MS4A1,CD19,CD79B,BANK1"
007,"CD3D,CD3E,IL7R,TRAC,CD2"
empty,no marker was found
"""
CONTEXT = ["--tissue", "blood", "--species", "human"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "my.markers.csv"
    path.write_text(TABLE)
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as text:
        return list(csv.DictReader(text))


def test_run_writes_everything_into_outdir(tmp_path: Path, table: Path) -> None:
    done = cassia("run", table, "--outdir", tmp_path / "out", *CONTEXT)
    assert done.returncode == 0, done.stderr
    ends = ("summary.csv", "full.csv", "conversations.json", "mqc.json", "outcomes_mqc.json", "report.html")
    paths = [tmp_path / "out" / f"my.markers_{end}" for end in ends]
    assert done.stdout.splitlines() == [str(path) for path in paths]
    assert sorted((tmp_path / "out").iterdir()) == sorted(paths)
    found = rows(paths[0])
    assert [(row["Cluster ID"], row["Status"]) for row in found] == [
        ("B", "annotated"),
        ("007", "annotated"),
        ("empty", "no_markers"),
    ]
    assert found[0]["Predicted General Cell Type"] == "B cell"
    assert found[1]["Predicted General Cell Type"] == "T cell"
    notice = "offline marker scoring, no language model was asked"
    assert notice in done.stderr
    assert notice in found[0]["Decided By"]
    assert "No language model was asked." in paths[-1].read_text()
    assert "no language model was asked" in json.loads(paths[2].read_text())["B"]["annotations"][0]


def test_stages_one_by_one_give_what_run_gives(tmp_path: Path, table: Path) -> None:
    name = ["--name", "pbmc"]
    cassia("run", table, "--outdir", tmp_path / "run", *name, *CONTEXT)
    cassia("split", table, "--outdir", tmp_path / "work", "--chunk_size", "1", *name, *CONTEXT)
    chunks = sorted((tmp_path / "work").iterdir())
    assert len(chunks) == 3
    for chunk in chunks:
        assert cassia("annotate", chunk, "--output", chunk.with_suffix(".jsonl")).returncode == 0
    results = [chunk.with_suffix(".jsonl") for chunk in chunks]
    status = tmp_path / "status.json"
    done = cassia("collect", *results[::-1], *chunks, *name, "--outdir", tmp_path / "staged", "--status", status)
    assert done.returncode == 0, done.stderr
    for path in (tmp_path / "run").iterdir():
        assert path.read_bytes() == (tmp_path / "staged" / path.name).read_bytes(), path.name
    assert cassia("check", status).returncode == 0


def test_dashes_and_underscores_are_both_taken(tmp_path: Path, table: Path) -> None:
    done = cassia("run", table, "--outdir", tmp_path, "--n-genes", "2", "--max_p-val-adj", "0.1", *CONTEXT)
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "my.markers_summary.csv")[0]["Marker List"] == "CD79A, MS4A1"


def test_failed_clusters_give_1_after_everything_is_written(tmp_path: Path, table: Path) -> None:
    cassia("split", table, "--outdir", tmp_path, *CONTEXT)
    status = tmp_path / "status.json"
    done = cassia("collect", tmp_path / "chunk_00000.json", "--outdir", tmp_path, "--status", status)
    assert done.returncode == 0, done.stderr
    assert [row["Status"] for row in rows(tmp_path / "my.markers_summary.csv")] == [
        "not_reached",
        "not_reached",
        "no_markers",
    ]
    done = cassia("check", status)
    assert done.returncode == 1
    assert done.stderr.startswith("cassia: error: 2 of 3 clusters have no annotation, 0 allowed")
    assert cassia("check", status, "--max_failed_clusters", "2").returncode == 0


WRONG = {
    "no such file": (["run", "none.csv", *CONTEXT], "none.csv: no such file"),
    "no tissue": (["run", "my.markers.csv", "--species", "human"], "Missing option '--tissue'"),
    "mistyped option": (["run", "my.markers.csv", "--tisue", "x"], "No such option '--tisue'"),
    "mistyped command": (["anotate"], "No such command 'anotate'. Did you mean 'annotate'?"),
    "no command": (
        ["my.markers.csv"],
        "No such command 'my.markers.csv'. To annotate a table: cassia run my.markers.csv",
    ),
    "the pipeline's input": (
        ["run", "--input", "my.markers.csv"],
        "'--input'. The marker table is given without an option",
    ),
    "Python's output": (["run", "my.markers.csv", "--output_name", "x"], "'--output_name'. Give --outdir and --name"),
    "a profile": (["run", "my.markers.csv", "--profile", "x"], "'--profile'. It is an option of Nextflow"),
    "CASSIA's column": (["split", "my.markers.csv", "--celltype_column", "x"], "Did you mean '--cluster_column'? See"),
    "Scanpy's word": (["run", "my.markers.csv", "--groupby", "x"], "Did you mean '--group_key'? See"),
    "CyteType's column": (["audit", "my.markers.csv", "--cluster-key", "x"], "Did you mean '--group_key'? See"),
    "a key": (["run", "my.markers.csv", "--api_key", "x"], "'--api_key'. Put the key into the provider's environment"),
    "nothing like it": (["run", "my.markers.csv", "--zzz", "x"], "No such option '--zzz'. See: cassia run --help"),
    "half an option": (["run", "my.markers.csv", "--min_p", "0"], "'--min_p'. Did you mean '--min_pct'?"),
    "empty tissue": (["run", "my.markers.csv", "--tissue", " ", "--species", "human"], "--tissue is empty; say it in "),
    "empty species": (
        ["run", "my.markers.csv", "--tissue", "x", "--species", ""],
        "--species is empty; give one, such",
    ),
    "a model": (["run", "my.markers.csv", *CONTEXT, "--provider", "opnai"], "did you mean openai?"),
    "a species": (["run", "my.markers.csv", "--tissue", "x", "--species", "zebrafish"], "zebrafish"),
    "a number": (["run", "my.markers.csv", *CONTEXT, "--n_genes", "many"], "'many' is not a valid integer"),
    "a name": (["run", "my.markers.csv", *CONTEXT, "--name", "a/b"], "--name a/b: files are named after it"),
    "not a chunk": (["annotate", "my.markers.csv", "--output", "x"], "not a file made by cassia"),
    "no chunk": (["annotate", "none.json", "--output", "x"], "none.json: no such file"),
    "outdir is a file": (["run", "my.markers.csv", *CONTEXT, "--outdir", "my.markers.csv"], "check the path"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_use_is_one_line_and_exit_2(tmp_path: Path, table: Path, case: str) -> None:
    arguments, message = WRONG[case]
    done = cassia(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if line.startswith("cassia: error:")]
    assert len(lines) == 1
    assert message in lines[0]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == [table]


@pytest.mark.parametrize("command", ["run", "split"])
@pytest.mark.parametrize(
    "header",
    [
        "sample,markers,tissue,species",
        "Sample;Marker;Tissue;Species;n_genes",
        "sep=,\nsample_id,markers,organism",
        "Sample Name\tMarkers-file\tTissue",
    ],
)
def test_a_samplesheet_is_told_where_it_belongs(tmp_path: Path, command: str, header: str) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(f"\ufeff{header}\na,a.csv,blood,human\n", encoding="utf-8")
    done = cassia(command, sheet, "--outdir", tmp_path / "out", *CONTEXT)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"cassia: error: {sheet}: this is a samplesheet, which is an input of the pipeline (nextflow run, see "
        "docs/usage.md); here give a marker table, such as one of its column markers"
    ]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_stop_is_one_line_and_exit_75(tmp_path: Path, stop: signal.Signals) -> None:
    # The reader waits for a writer of the pipe: cassia is surely at work when the signal comes.
    pipe = tmp_path / "markers.csv"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "cassia_engine", "run", str(pipe), "--outdir", str(tmp_path / "out"), *CONTEXT]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process, pipe.open("w"):
        # A signal that comes just before a read begins is seen when that ends, so it may have to be sent again.
        for _ in range(6):
            with suppress(subprocess.TimeoutExpired):
                process.send_signal(stop)
                process.wait(timeout=10)
        told = process.stderr.read() if process.stderr else ""
    assert process.returncode == 75
    assert told.splitlines()[-1].startswith("cassia: error: stopped")
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()


def test_terminal_gets_a_listing(tmp_path: Path, table: Path) -> None:
    command = [sys.executable, "-m", "cassia_engine", "run", str(table), "--outdir", str(tmp_path / "out"), *CONTEXT]
    text = run_on_terminal(command, columns=150).stdout
    assert "Confidence" in text
    assert "CL:0000236" in text
    assert "empty" in text


def test_every_subcommand_has_help() -> None:
    for command in ("run", "split", "annotate", "collect", "check"):
        done = cassia(command, "--help")
        assert done.returncode == 0
        assert done.stdout.startswith(f"Usage: cassia {command}")
    assert cassia().returncode == 0


def test_help_lists_what_a_language_model_is_asked_with_the_model() -> None:
    """Behind the provider, not among the options of the marker table."""
    for command in ("run", "subcluster"):
        section = cassia(command, "--help").stdout.split("\nAnnotation:\n")[1].split("\n\n")[0]
        options = re.findall(r"^  --(\w+)", section, re.M)
        assert options[0] == "provider" and {"model", "siblings", "controls", "lookup_genes"} <= {*options}


def test_fault_of_our_own_says_where_to_report_it() -> None:
    code = (
        "import sys; sys.argv = ['cassia', 'run', '--help']; import cassia_engine.cli.app as app; app.cassia.main = 3\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code + "from cassia_engine.cli import main; main()"], capture_output=True, text=True
    )
    assert done.returncode == 70
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("cassia: error: this is a fault of cassia")


def test_what_the_scorer_does_not_read_is_said(tmp_path: Path, table: Path) -> None:
    (tmp_path / "context.csv").write_text("cluster,text\nB,from the margin of the tumour\n")
    told: list[str | Path] = ["--additional_info", "two donors", "--cluster_context", tmp_path / "context.csv"]
    out = tmp_path / "out"
    done = cassia("run", table, "--outdir", out, *told, *CONTEXT)
    assert done.returncode == 0, done.stderr
    assert "cassia: warning: additional_info was not read" in done.stderr
    assert "cassia: warning: cluster_context was not read" in done.stderr
    conversations = json.loads((out / "my.markers_conversations.json").read_text())
    assert "(cluster_context) was not read" in conversations["B"]["annotations"][0]
    assert "(cluster_context) was not read" not in conversations["007"]["annotations"][0]
    assert "additional_info was not read" in (out / "my.markers_report.html").read_text()
