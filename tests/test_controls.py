"""Controls of a run that asks the mock provider: their calls, and that they stay out of everything but the report."""

from __future__ import annotations

import csv
import os
import re
import subprocess
from pathlib import Path

import pytest

import cassia_engine
from cassia_engine.stagefiles import ResultFile, read_chunk, read_part
from tests.command import cassia
from tests.conftest import EXAMPLES
from tests.mock_provider.running import Running
from tests.reading import Page, without_times

PBMC, CLUSTERS = EXAMPLES / "pbmc68k_scanpy.csv", 11
ABOUT = ("--tissue", "blood", "--species", "human")


def asked(url: str) -> list[str]:
    return ["--provider", "custom", "--base_url", f"{url}/v1", "--model", "mock", "--max_workers", "16"]


def run(folder: Path, url: str, *more: str) -> subprocess.CompletedProcess[str]:
    words: tuple[str | Path, ...] = ("run", PBMC, "--name", "s", "--outdir", "out", *ABOUT, *asked(url), *more)
    return cassia(*words, cwd=folder, env=dict(os.environ))


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "s_summary.csv").open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


def test_a_run_asks_once_about_each_and_replays_them(quiet: Running, tmp_path: Path) -> None:
    done = run(tmp_path, quiet.url)
    assert done.returncode == 0, done.stderr
    assert "4 lists as controls: a call each more (--controls 0 for none)" in done.stderr
    found = rows(tmp_path / "out")
    calls = quiet.stats()["calls"]
    assert (len(found), calls) == (CLUSTERS, sum(int(row["Calls"]) for row in found) + 4)
    assert f"cassia: {calls} calls" in done.stderr
    said = re.search(r"Controls: of 3 lists of random genes, .*; the blend of two clusters was .*\.", done.stderr)
    page = (tmp_path / "out" / "s_report.html").read_text()
    assert said and Page(page).text_of["controls"] == said[0]
    again = run(tmp_path, quiet.url)
    assert (again.returncode, quiet.stats()["calls"]) == (0, calls)
    assert without_times((tmp_path / "out" / "s_report.html").read_text()) == without_times(page)


def test_without_them_all_else_is_the_same(quiet: Running, tmp_path: Path) -> None:
    assert run(tmp_path, quiet.url).returncode == 0
    calls, found = quiet.stats()["calls"], rows(tmp_path / "out")
    done = run(tmp_path, quiet.url, "--controls", "0")
    assert (done.returncode, quiet.stats()["calls"]) == (0, calls)
    assert "controls" not in done.stderr.casefold()
    assert rows(tmp_path / "out") == found
    more = run(tmp_path, quiet.url, "--controls", "5")
    assert (more.returncode, quiet.stats()["calls"]) == (0, calls + 2)
    assert "Controls: of 5 lists of random genes, " in more.stderr
    assert rows(tmp_path / "out") == found


def test_strict_validators_and_retries_are_for_clusters_alone(quiet: Running, tmp_path: Path) -> None:
    options = ("--validator_involvement", "v0", "--max_retries", "1", "--retry_failed")
    assert run(tmp_path, quiet.url, *options).returncode == 0
    assert {row["Calls"] for row in rows(tmp_path / "out")} == {"3"}
    assert quiet.stats()["calls"] == 3 * CLUSTERS + 4


@pytest.mark.parametrize("replayed", [False, True])
def test_stages_hand_them_on(quiet: Running, tmp_path: Path, replayed: bool) -> None:
    """The first chunk's task asks about all of them; where it left no result, collect takes them from the journal."""

    def stage(*words: str | Path) -> None:
        done = cassia(*words, cwd=tmp_path, env=dict(os.environ))
        assert done.returncode == 0, done.stderr

    model = asked(quiet.url)
    stage("split", PBMC, "--name", "s", "--outdir", "chunks", "--chunk_size", "5", *ABOUT)
    *chunks, genes = sorted((tmp_path / "chunks").iterdir())
    assert [len(read_chunk(path).controls) for path in chunks] == [4, 0, 0]
    for chunk in chunks:
        stage("annotate", chunk, "--genes", genes, "--output", f"{chunk.stem}.jsonl", *model)
    calls = quiet.stats()["calls"]
    results = sorted(tmp_path.glob("*.jsonl"))
    first = read_part(results[0])
    assert isinstance(first, ResultFile) and len(first.controls) == 4
    assert all(control.result.usage.calls == 1 for control in first.controls)
    stage("collect", *chunks, genes, *(results[1:] if replayed else results), "--outdir", "collected", *model)
    assert run(tmp_path, quiet.url).returncode == 0
    assert quiet.stats()["calls"] == calls
    pages = [Page((tmp_path / name / "s_report.html").read_text()).text_of["controls"] for name in ("collected", "out")]
    assert pages[0] == pages[1] != ""
    assert rows(tmp_path / "collected") == rows(tmp_path / "out")


def test_a_control_without_an_answer_fails_no_run(quiet: Running, tmp_path: Path) -> None:
    quiet.post("/script", [None] * CLUSTERS + ["refusal"] * 4)
    done = run(tmp_path, quiet.url, "--max_workers", "1", "--max_retries", "3")
    assert {row["Calls"] for row in rows(tmp_path / "out")} == {"1"}, "the script has reached clusters"
    assert done.returncode == 0, done.stderr
    assert "Controls: 4 controls got no answer." in done.stderr


def test_offline_has_none(tmp_path: Path) -> None:
    done = cassia("run", PBMC, "--name", "s", "--outdir", "out", *ABOUT, cwd=tmp_path)
    assert done.returncode == 0 and "ontrols" not in done.stderr
    assert cassia("run", PBMC, "--outdir", "out", *ABOUT, "--controls", "0", cwd=tmp_path).returncode == 0
    refused = cassia("run", PBMC, "--outdir", "out", *ABOUT, "--controls", "5", cwd=tmp_path)
    assert refused.returncode == 2 and "--controls asks a language model" in refused.stderr


def test_from_python(quiet: Running, tmp_path: Path) -> None:
    frame = cassia_engine.annotate(
        PBMC, tissue="blood", species="human", provider="custom", model="mock", base_url=f"{quiet.url}/v1",
        journal_dir=tmp_path / "journal", show_progress=False, controls=1,
    )  # fmt: skip
    assert len(frame) == CLUSTERS
    assert quiet.stats()["calls"] == frame["Calls"].sum() + 2
