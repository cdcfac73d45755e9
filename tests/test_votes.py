"""Runs in which several models, or one several times, annotate each cluster, against the mock provider."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.settings import AnnotateSettings
from tests.command import cassia
from tests.mock_provider.running import Running, running_mock
from tests.raising import raises
from tests.test_llm import ENGINE, PBMC, conversations, ended, rows, run, small, told_to_stop, without_times

Run = subprocess.CompletedProcess[str]
THREE = "mock,mock-b,mock-fault-refusal"


def command(url: str, table: Path, *arguments: str) -> list[str]:
    about = ["--tissue", "blood", "--species", "human", "--outdir", "out"]
    return [
        *ENGINE,
        "run",
        str(table),
        *about,
        "--provider",
        "custom",
        "--base_url",
        f"{url}/v1",
        "--controls",
        "0",
        *arguments,
    ]


def messages(done: Run) -> str:
    return " ".join(done.stderr.split())


def test_three_models_vote_and_everything_is_shown(quiet: Running, tmp_path: Path) -> None:
    """One of them always refuses: it has no vote, and lowers the agreement."""
    argv = command(quiet.url, PBMC, "--models", THREE)
    done = run(argv, tmp_path)
    assert done.returncode == 0, done.stderr
    found = rows(tmp_path / "out")
    assert {row["Model"] for row in found} == {"mock, mock-b, mock-fault-refusal"}
    for row in found:
        label = row["Predicted Detailed Cell Type"].split("; ")[0]
        assert row["Votes"] == f"{label} (mock); {label} (mock-b); refused (mock-fault-refusal)"
        assert row["Agreement"] == "0.6667"
        assert row["Confidence"] in ("Moderate", "Low")
    assert quiet.stats()["completed"] == sum(int(row["Calls"]) for row in found)
    for talk in conversations(tmp_path / "out").values():
        asked = {(call["request"]["model"], call["vote"]) for call in talk["calls"]}
        assert asked == {("mock", 1), ("mock-b", 2), ("mock-fault-refusal", 3)}
    before, asked_so_far = without_times(tmp_path / "out"), quiet.stats()["calls"]
    # All of it is in the journal.
    assert run(argv, tmp_path).returncode == 0
    assert quiet.stats()["calls"] == asked_so_far
    assert without_times(tmp_path / "out") == before


def test_votes_of_one_model_are_conversations_of_their_own(quiet: Running, tmp_path: Path) -> None:
    table = small(tmp_path, 3)
    assert run(command(quiet.url, table, "--model", "mock"), tmp_path).returncode == 0
    first = quiet.stats()["calls"]
    # The first vote is the conversation that there is.
    assert run(command(quiet.url, table, "--model", "mock", "--votes", "3"), tmp_path).returncode == 0
    assert quiet.stats()["calls"] == 3 * first
    assert {row["Agreement"] for row in rows(tmp_path / "out")} == {"1"}
    numbers = {call["replicate"] for talk in conversations(tmp_path / "out").values() for call in talk["calls"]}
    assert numbers == {0, 1000, 2000}


def test_further_conversations_of_one_vote_are_not_those_of_another(quiet: Running, tmp_path: Path) -> None:
    """A model that refuses each request once, so that one of two votes with the same request is refused."""
    argv = command(quiet.url, small(tmp_path, 2), "--model", "mock-fault-refusal-once", "--votes", "2")
    again = run([*argv, "--max_retries", "1"], tmp_path)
    assert again.returncode == 0, again.stderr
    for talk in conversations(tmp_path / "out").values():
        asked = {(call["vote"], call["replicate"]) for call in talk["calls"]}
        assert asked in ({(1, 0), (1, 1), (2, 1000)}, {(1, 0), (2, 1000), (2, 1001)})
    calls = quiet.stats()["calls"]
    assert run(argv, tmp_path).returncode == 0
    assert quiet.stats()["calls"] == calls


def test_a_run_that_was_stopped_goes_on_with_the_votes_that_there_are(quiet: Running, tmp_path: Path) -> None:
    argv = command(quiet.url, small(tmp_path, 6), "--models", "mock,mock-b,mock-c", "--max_workers", "3")
    quiet.post("/hold", {"after": 4})
    with subprocess.Popen(argv, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        quiet.wait_for("held", 2)
        said = told_to_stop(process, signal.SIGTERM)
        quiet.post("/release")
        said += ended(process)
    assert process.returncode == 75, said
    assert "not_reached" in {row["Status"] for row in rows(tmp_path / "out")}
    done = run(argv, tmp_path)
    assert done.returncode == 0, done.stderr
    assert {row["Status"] for row in rows(tmp_path / "out")} == {"annotated"}
    assert quiet.stats()["calls"] == sum(int(row["Calls"]) for row in rows(tmp_path / "out"))
    assert quiet.stats()["repeats"] == 0
    assert quiet.stats()["peak_in_flight"] <= 3


@pytest.fixture
def doubting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A provider whose answers leave doubt about most clusters, but not about all."""
    with running_mock(tmp_path_factory.mktemp("mock"), variety=0.25) as mock:
        yield mock


def test_clusters_in_doubt_are_escalated_and_counted(doubting: Running, tmp_path: Path) -> None:
    argv = command(doubting.url, PBMC, "--model", "mock", "--escalate_to", "mock-strong")
    done = run(argv, tmp_path)
    assert done.returncode == 0, done.stderr
    found = rows(tmp_path / "out")
    escalated = [row for row in found if "(mock-strong, escalated)" in row["Votes"]]
    settled = [row for row in found if row not in escalated]
    assert f"{len(escalated)} of {len(found)} clusters escalated to mock-strong; " in messages(done)
    assert "what that saved is unknown, as what calls cost is not known" in messages(done)
    assert {row["Confidence"] for row in settled} == {"High"}
    assert all(row["Votes"].endswith(" (mock)") for row in settled)
    assert escalated and settled and {row["Agreement"] for row in found} == {""}
    asked = doubting.stats()["calls"]
    assert run(argv, tmp_path).returncode == 0
    assert doubting.stats()["calls"] == asked


def test_collect_replays_all_votes(quiet: Running, tmp_path: Path) -> None:
    named = ["--models", "mock,mock-b", "--escalate_to", "mock-strong"]
    asked = ["--provider", "custom", "--base_url", f"{quiet.url}/v1", *named, "--journal_dir", "journal"]
    split = ["split", small(tmp_path, 3), "--name", "s", "--outdir", "chunks", "--tissue", "none", "--species", "human"]
    for step in (split, ["annotate", "chunks/chunk_00000.json", "--output", "kept.jsonl", *asked]):
        assert run([*ENGINE, *map(str, step)], tmp_path).returncode == 0
    calls = quiet.stats()["calls"]
    for outdir, files in (("replayed", []), ("whole", ["kept.jsonl"])):
        done = run([*ENGINE, "collect", "chunks/chunk_00000.json", *files, "--outdir", outdir, *asked], tmp_path)
        assert done.returncode == 0, done.stderr
    assert quiet.stats()["calls"] == calls
    assert without_times(tmp_path / "replayed") == without_times(tmp_path / "whole")


def test_a_cluster_with_a_vote_missing_is_not_reached_by_a_replay(quiet: Running, tmp_path: Path) -> None:
    base = ["--provider", "custom", "--base_url", f"{quiet.url}/v1", "--journal_dir", "journal"]
    split = ["split", small(tmp_path, 2), "--name", "s", "--outdir", "chunks", "--tissue", "none", "--species", "human"]
    one = ["annotate", "chunks/chunk_00000.json", "--output", "kept.jsonl", *base, "--model", "mock"]
    for step in (split, one):
        assert run([*ENGINE, *map(str, step)], tmp_path).returncode == 0
    two = ["collect", "chunks/chunk_00000.json", "--outdir", "out", *base, "--models", "mock,mock-b"]
    assert run([*ENGINE, *two], tmp_path).returncode == 0
    assert {row["Status"] for row in rows(tmp_path / "out")} == {"not_reached"}


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        ({"models": "a,,b"}, "models-not-names", "a,,b"),
        ({"models": ""}, "models-not-names", "models"),
        ({"models": ["a", "b"]}, "models-not-names", "['a', 'b']"),
        ({"models": "a, b,a"}, "models-repeated", "a is named more than once"),
        ({"models": "a,b", "model": "c"}, "models-and-another", "model another one"),
        ({"models": "a,b", "second_model": "c"}, "models-and-another", "second_model"),
        ({"models": "a,b", "escalate_to": "b"}, "escalates-to-itself", "b"),
        ({"model": "a", "escalate_to": "a"}, "escalates-to-itself", "a"),
        ({"votes": 0}, "setting-invalid", "votes"),
    ],
)
def test_models_that_would_have_no_say_are_refused(options: dict[str, Any], code: str, named: str) -> None:
    with raises(code, named):
        AnnotateSettings(provider="custom", **options)


def test_names_of_one_model_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    from cassia_engine.models import ALIASES, load

    row = next(found for found in load() if found.provider == "openai" and set(found.aliases) & set(ALIASES))
    asked = ["--tissue", "blood", "--species", "human", "--provider", "openai"]
    both = f"{row.model},{row.aliases[0]}"
    for more in (["--models", both], ["--model", row.model, "--escalate_to", row.aliases[0]]):
        environment = {**os.environ, "OPENAI_API_KEY": "sk-none"}
        done = cassia("run", PBMC, *asked, *more, cwd=tmp_path, env=environment)
        assert done.returncode == 2, done.stderr
        assert row.model in done.stderr.splitlines()[-1]
