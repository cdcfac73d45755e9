"""cassia boost, its function and CASSIA's call, against the mock provider: outputs, journal and errors."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import cassia_engine
from cassia_engine.errors import ArgumentError
from tests.command import cassia
from tests.conftest import EXAMPLES
from tests.mock_provider.running import Running
from tests.raising import raises

CLUSTER = "cd8-positive, alpha-beta t cell (mixed)"
NAME = "cd8-positive_alpha-beta_t_cell_mixed_"
CONTEXT = ("--tissue", "large intestine", "--species", "human")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "gut.csv"
    with gzip.open(EXAMPLES / "large_intestine_seurat.csv.gz") as packed, path.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return path


def asked_of(mock: Running) -> tuple[str, ...]:
    return "--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", "mock"


def test_command_writes_file_and_page_and_goes_on_from_the_journal(quiet: Running, tmp_path: Path, table: Path) -> None:
    words: tuple[str | Path, ...] = (
        "boost",
        table,
        "--cluster",
        CLUSTER,
        *CONTEXT,
        *asked_of(quiet),
        "--outdir",
        "out",
    )
    done = cassia(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    paths = [tmp_path / "out" / f"gut_{NAME}_boost{end}" for end in (".json", ".html")]
    assert sorted((tmp_path / "out").iterdir()) == sorted(paths)
    said = done.stdout.splitlines()
    assert said[0].startswith(f"cluster {CLUSTER}: natural killer cell, score ")
    assert said[1].startswith("round 1: natural killer cell; ") and "looked up" in said[1]
    assert said[-2:] == [f"out/{path.name}" for path in paths]
    data = json.loads(paths[0].read_text(encoding="utf-8"))
    assert data["outcome"] == "annotated" and data["types"][0]["cl_id"] == "CL:0000623"
    assert data["earlier"] is None and data["relation_to_earlier"] is None
    found = data["rounds"][0]["found"]
    assert found["asked"] and {row["gene"] for row in found["rows"]} <= set(found["asked"])
    assert any(row["cluster"] == CLUSTER for row in found["rows"])
    assert data["usage"]["calls"] == len(data["calls"]) == quiet.stats()["calls"]
    sent = json.dumps([call["request"] for call in data["calls"]])
    assert CLUSTER not in sent and "gut" not in sent
    before = [path.read_bytes() for path in paths]
    assert cassia(*words, cwd=tmp_path).returncode == 0
    assert quiet.stats()["calls"] == len(data["calls"])
    assert [path.read_bytes() for path in paths] == before


def test_the_page_shows_the_rounds_and_loads_nothing(quiet: Running, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text('cluster,markers\n<b>&,"NKG7,GNLY,PRF1,GZMB,KLRD1"\nB,"CD79A,MS4A1,CD19,FCGR3A"\n')
    words = ("--name", "odd", "--tissue", "blood", "--species", "human", *asked_of(quiet))
    done = cassia("boost", path, "--cluster", "<b>&", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "odd_boost.html").read_text(encoding="utf-8")
    assert "<b>&" not in page and "cluster &lt;b&gt;&amp;: " in page
    assert "<h2>Round 1</h2>" in page and "Not in the table: " in page
    assert re.search(r"default-src 'none'; style-src 'sha256-[^']+'; script-src 'none'", page)
    assert not re.search(r"<script|https?://", page)


def test_the_earlier_label_is_looked_into(quiet: Running, tmp_path: Path, table: Path) -> None:
    cassia("run", table, "--name", "gut", *CONTEXT, "--outdir", "out", cwd=tmp_path)
    summary = tmp_path / "out" / "gut_summary.csv"
    words: tuple[str | Path, ...] = (*CONTEXT, *asked_of(quiet), "--name", "again", "--summary", summary)
    done = cassia("boost", table, "--cluster", CLUSTER, *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].endswith("; before: natural killer cell (the same as before)")
    data = json.loads((tmp_path / "again_boost.json").read_text(encoding="utf-8"))
    assert data["earlier"] == {"label": "natural killer cell", "cl_id": "CL:0000623"}
    assert data["relation_to_earlier"] == "same"
    assert "earlier_answer" in json.dumps(data["calls"][0]["request"])


WRONG = {
    "unknown cluster": (
        ("--cluster", "plasma cells"),
        "the table has no cluster of this name (did you mean plasma cell?)",
    ),
    "no provider": (("--cluster", "plasma cell"), "Missing option '--provider'"),
    "offline": (
        ("--cluster", "plasma cell", "--provider", "offline", "--max_rounds", "2"),
        "--provider offline asks no language model, and a boost needs one; name another provider",
    ),
    "no cluster": ((), "Missing option '--cluster'"),
    "another summary": (("--cluster", "plasma cell", "--summary", "other.csv"), "has no cluster plasma cell"),
    "nothing passes": (
        ("--cluster", "intestinal crypt stem cell", "--min_log2fc", "8"),
        "loosen --min_log2fc or the like",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_used_costs_nothing(what: str, quiet: Running, tmp_path: Path, table: Path) -> None:
    head = "Cluster ID,Predicted General Cell Type,Predicted Detailed Cell Type,Status,CL ID,CL Label,Confidence"
    (tmp_path / "other.csv").write_text(f"{head}\n0,T cell,T cell,annotated,,,High\n")
    given, line = WRONG[what]
    words = [] if what in ("no provider", "offline") else [*asked_of(quiet)]
    done = cassia("boost", table, *given, *CONTEXT, *words, cwd=tmp_path)
    assert done.returncode == 2 and line in done.stderr, done.stderr
    assert quiet.stats()["calls"] == 0 and not list(tmp_path.glob("*_boost.*"))


def test_help_offers_no_provider_that_is_refused() -> None:
    assert "offline" not in cassia("boost", "--help").stdout


def test_no_answer_is_an_exit_code_and_files_all_the_same(quiet: Running, tmp_path: Path, table: Path) -> None:
    model = ("--provider", "custom", "--base_url", f"{quiet.url}/v1", "--model", "mock-fault-refusal")
    done = cassia("boost", table, "--cluster", "plasma cell", "--name", "p", *CONTEXT, *model, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "cluster plasma cell has no answer" in done.stderr
    assert done.stdout.startswith("cluster plasma cell: no answer (refused)")
    assert json.loads((tmp_path / "p_boost.json").read_text())["outcome"] == "refused"
    assert "no answer (refused)" in (tmp_path / "p_boost.html").read_text()


def test_python_returns_what_was_found(
    quiet: Running, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    about: dict[str, Any] = {
        "tissue": "large intestine",
        "species": "human",
        "provider": f"{quiet.url}/v1",
        "model": "mock",
    }
    found = cassia_engine.boost(table, cluster=CLUSTER, output_name="out/x", max_rounds=1, **about)
    assert found.boosted.label == "natural killer cell" and len(found.boosted.rounds) == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["x_boost.html", "x_boost.json"]
    assert f"cassia: cluster {CLUSTER}: natural killer cell" in capsys.readouterr().err
    with raises("boost-cluster-not-text"):
        cassia_engine.boost(table, cluster=3, **about)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="no argument 'max_round'"):
        cassia_engine.boost(table, cluster="3", max_round=2, **about)


def test_cassias_call_gives_text_and_messages(
    quiet: Running,
    table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    summary = cassia_engine.annotate(table, tissue="large intestine", species="human", show_progress=False)
    given = (summary, table, CLUSTER, "Human large intestine", "out/boosted")
    text, messages = cassia_engine.runCASSIA_annotationboost(
        *given, num_iterations=2, provider=f"{quiet.url}/v1", model="mock", report_style="total_summary"
    )
    assert text.splitlines()[0].startswith(f"cluster {CLUSTER}: natural killer cell")
    assert [one["role"] for one in messages] == ["user", "assistant"] * 3
    assert "Human large intestine" in messages[0]["content"]
    assert (tmp_path / "out" / "boosted_boost.html").is_file()
    assert "no effect: report_style" in [record.getMessage() for record in caplog.records]
    _, messages = cassia_engine.runCASSIA_annotationboost_additional_task(
        *given, provider=f"{quiet.url}/v1", model="mock", additional_task="Is it a T cell?"
    )
    assert "Is it a T cell?" in messages[0]["content"]
    with raises("argument-unknown"):
        cassia_engine.runCASSIA_annotationboost(*given, max_rounds=2)
    with raises("boost-offline"):
        cassia_engine.runCASSIA_annotationboost(*given, provider="offline")
    with raises("boost-offline"):
        cassia_engine.boost(table, cluster=CLUSTER, tissue="colon", species="human", provider="offline", max_rounds=2)
    with raises("reasoning-without-effort"):
        cassia_engine.runCASSIA_annotationboost(*given, reasoning={"effrt": "high"})
