"""Runs with `--fallback_model`, against the mock provider: a model that refuses, and one that is not served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cassia_engine.providers.accounts import open_account
from cassia_engine.providers.dialects import ApiError
from cassia_engine.providers.faults import classify
from cassia_engine.settings import AnnotateSettings
from tests.command import cassia
from tests.mock_provider.running import Running
from tests.raising import raises
from tests.reading import Page
from tests.test_llm import ENGINE, conversations, rows, run, small, without_times
from tests.test_votes import command, messages

REFUSES, GONE, FALLBACK = "mock-fault-refusal", "mock-fault-model_not_found", "mock-b"
NEITHER = "mock-fault-content_filter"


def asked(url: str, folder: Path, model: str, *more: str) -> list[str]:
    return command(url, small(folder, 3), "--model", model, "--fallback_model", FALLBACK, *more)


@pytest.mark.parametrize(("model", "before"), [(REFUSES, 1), (GONE, 0)])
def test_the_fallback_answers_and_everything_says_so(model: str, before: int, quiet: Running, tmp_path: Path) -> None:
    argv = asked(quiet.url, tmp_path, model)
    done = run(argv, tmp_path)
    assert done.returncode == 0, done.stderr
    found = rows(tmp_path / "out")
    assert {row["Status"] for row in found} == {"annotated"}
    for row in found:
        assert row["Model"] == model
        assert row["Decided By"].startswith(f"language model {FALLBACK} (")
        assert row["Votes"].endswith(f" ({FALLBACK} in place of {model})")
        assert "fallback model" in row["Review Reason"].split("; ")
    for talk in conversations(tmp_path / "out").values():
        models = [call["request"]["model"] for call in talk["calls"]]
        assert models[:before] == [model] * before
        assert set(models[before:]) == {FALLBACK}
    assert sum(int(row["Calls"]) for row in found) == quiet.stats()["completed"]
    [path] = (tmp_path / "out").glob("*_report.html")
    texts = Page(path.read_text(encoding="utf-8")).everything()
    assert f"{FALLBACK} was asked in its place and answered: 3 clusters." in texts
    assert f"{FALLBACK} answered in place of {model}, which refused or is not served." in texts
    # All of it is in the journal; only whether a model is served now is asked again.
    outputs, calls = without_times(tmp_path / "out"), quiet.stats()["calls"]
    assert run(argv, tmp_path).returncode == 0
    assert quiet.stats()["calls"] - calls == (1 if model == GONE else 0)
    assert without_times(tmp_path / "out") == outputs


def test_a_model_that_is_not_served_is_asked_once_in_a_run(quiet: Running, tmp_path: Path) -> None:
    done = run(asked(quiet.url, tmp_path, GONE, "--max_retries", "2"), tmp_path)
    assert done.returncode == 0, done.stderr
    assert quiet.stats()["by_status"]["404"] == 1
    assert messages(done).count(f"nothing more is asked of {GONE} in this run") == 1


def test_a_later_run_asks_it_anew_and_keeps_its_answers(quiet: Running, tmp_path: Path) -> None:
    """Each request gets a 404 once: in the second run the first cluster's is answered."""
    model = f"{GONE}-once"
    argv = asked(quiet.url, tmp_path, model)
    answered_by = []
    for _ in range(2):
        assert run(argv, tmp_path).returncode == 0
        answered_by.append([row["Decided By"].split()[2] for row in rows(tmp_path / "out")])
    assert answered_by == [[FALLBACK] * 3, [model, FALLBACK, FALLBACK]]


@pytest.mark.parametrize("model", [REFUSES, GONE])
def test_collect_finds_the_same_in_the_journal(model: str, quiet: Running, tmp_path: Path) -> None:
    about = ["--tissue", "blood", "--species", "human", "--controls", "0", "--name", "small", "--outdir", "chunks"]
    provider = ["--provider", "custom", "--base_url", f"{quiet.url}/v1", "--model", model, "--fallback_model", FALLBACK]
    assert cassia("split", small(tmp_path, 3), *about, cwd=tmp_path).returncode == 0
    [chunk] = (tmp_path / "chunks").glob("*.json")
    assert cassia("annotate", chunk, "--output", "result.jsonl", *provider, cwd=tmp_path).returncode == 0
    calls = quiet.stats()["calls"]
    found = {}
    for name, results in {"with": ["result.jsonl"], "without": []}.items():
        collected = ["--name", "small", "--outdir", name, *provider]
        done = cassia("collect", chunk, *results, *collected, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        found[name] = rows(tmp_path / name)
    assert found["with"] == found["without"]
    assert {row["Status"] for row in found["without"]} == {"annotated"}
    assert quiet.stats()["calls"] == calls


def test_where_neither_answers_the_first_outcome_stands(quiet: Running, tmp_path: Path) -> None:
    argv = command(quiet.url, small(tmp_path, 2), "--model", REFUSES, "--fallback_model", NEITHER)
    done = run(argv, tmp_path)
    assert done.returncode == 1, done.stderr
    for row in rows(tmp_path / "out"):
        assert row["Status"] == "refused"
        assert f"{NEITHER} was asked in its place and gave no answer: the provider ended it" in row["Reason"]
        assert (row["Calls"], row["Votes"]) == ("2", "")


def test_each_vote_that_is_refused_falls_back(quiet: Running, tmp_path: Path) -> None:
    voters = ["--models", f"mock,{REFUSES}", "--fallback_model", FALLBACK]
    assert run(command(quiet.url, small(tmp_path, 2), *voters), tmp_path).returncode == 0
    for row in rows(tmp_path / "out"):
        first, second = row["Votes"].split("; ")
        assert first.endswith(" (mock)")
        assert second.endswith(f" ({FALLBACK} in place of {REFUSES})")
        assert row["Agreement"] == "1"


def test_without_a_fallback_nothing_changes(quiet: Running, tmp_path: Path) -> None:
    done = run(command(quiet.url, small(tmp_path, 2), "--model", GONE), tmp_path)
    assert done.returncode == 1
    assert {row["Status"] for row in rows(tmp_path / "out")} == {"failed"}
    assert quiet.stats()["by_status"]["404"] == 2


@pytest.mark.usefixtures("command_line")
@pytest.mark.parametrize(
    "options",
    [
        {"model": "a", "fallback_model": "a"},
        {"models": "a,b", "fallback_model": "b"},
        {"model": "a", "escalate_to": "b", "fallback_model": "b"},
    ],
)
def test_a_model_that_is_asked_already_is_no_fallback(options: dict[str, Any]) -> None:
    with raises("falls-back-on-itself", "this model is asked already; name another one"):
        AnnotateSettings(provider="ollama", **options)


@pytest.mark.usefixtures("command_line")
def test_an_alias_of_a_model_that_is_asked_is_no_fallback(tmp_path: Path) -> None:
    models = ["--provider", "ollama", "--model", "gpt-oss:20b", "--fallback_model", "fast"]
    done = cassia(*command("", small(tmp_path, 1))[len(ENGINE) : -6], *models, cwd=tmp_path)
    assert done.returncode == 2
    assert "--fallback_model gpt-oss:20b: this model is asked already" in done.stderr


@pytest.mark.parametrize(
    ("status", "api_error", "gone"),
    [
        (404, ApiError(code="model_not_found"), True),
        (410, ApiError(message="it has been retired"), True),
        (200, ApiError(status=404), True),
        (404, None, False),  # a wrong address
        (404, ApiError(parameter="schema"), False),
        (400, ApiError(message="bad"), False),
    ],
)
def test_what_says_that_a_model_is_not_served(status: int, api_error: ApiError | None, gone: bool) -> None:
    account = open_account("custom", "m", "http://127.0.0.1:9/v1", environ={})
    assert classify(status, {}, api_error, "", account).gone is gone
