"""Whole conversations with a real server, llama.cpp's, and a real model of 135M parameters that knows no biology."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.local_models.servers import journal, llama_server, run, summary

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
CONTEXT = 2560  # tokens: room for either role's prompt and a short reply


@dataclass(frozen=True)
class Talk:
    """A finished run, whose server has ended."""

    folder: Path
    url: str
    done: subprocess.CompletedProcess[str]
    requests: int


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    folder = tmp_path_factory.mktemp("llama")
    with llama_server(folder, CONTEXT) as server:
        done = run(folder, server.url, "first", "--max_rounds", "1", "--max_failed_clusters", "2")
        requests = server.requests()
    yield Talk(folder, server.url, done, requests)


def test_each_question_is_asked_once(talk: Talk) -> None:
    assert talk.done.returncode == 0, talk.done.stderr
    asked = [line["key"] for line in journal(talk.folder, "intent")]
    assert talk.requests == len(asked) == len(set(asked)) >= 2
    assert len(journal(talk.folder, "reply")) == len(asked)
    assert "one call at a time" in talk.done.stderr


def test_nonsense_is_not_trusted(talk: Talk) -> None:
    rows = summary(talk.folder / "first")
    assert [row["Cluster ID"] for row in rows] == ["0", "1"]
    for row in rows:
        assert row["Status"] == "annotated" or row["Reason"]
        assert row["Confidence"] != "High"
        if row["Validated"] == "yes":
            listed = set(row["Marker List"].split(", "))
            assert set(filter(None, row["Evidence Genes"].split(", "))) & listed, row


def test_reasons_quote_only_what_the_model_said(talk: Talk) -> None:
    bodies = [json.loads(line["response"]) for line in journal(talk.folder, "reply")]
    said = "\n".join(body["choices"][0]["message"]["content"] for body in bodies)
    reasons = [row["Reason"] for row in summary(talk.folder / "first")]
    quoted = [words for reason in reasons for words in re.findall(r'"([^"]+)"', reason)]
    assert [words for words in quoted if words not in said] == []
    # No reply had as many tokens as were allowed, so none may be said to have been cut there.
    assert all(body["usage"]["total_tokens"] <= CONTEXT for body in bodies)
    assert not re.search(r"4,096|8,192", " ".join(reasons))


def test_the_journal_gives_the_same_without_a_server(talk: Talk) -> None:
    again = run(talk.folder, talk.url, "second", "--max_rounds", "1", "--max_failed_clusters", "2")
    assert again.returncode == 0, again.stderr
    for name in ("two_summary.csv", "two_full.csv", "two_conversations.json"):
        assert (talk.folder / "second" / name).read_bytes() == (talk.folder / "first" / name).read_bytes(), name
    assert len(journal(talk.folder, "intent")) == talk.requests


def test_a_slow_server_is_not_asked_twice(tmp_path: Path) -> None:
    with llama_server(tmp_path, CONTEXT) as server:
        # Reading the prompt alone takes it longer.
        done = run(tmp_path, server.url, "out", "--timeout", "1", "--max_failed_clusters", "2")
        requests = server.requests()
    assert requests <= len(journal(tmp_path, "intent")) == 2
    assert "--timeout 2" in done.stderr + " ".join(row["Reason"] for row in summary(tmp_path / "out"))


def test_a_prompt_that_does_not_fit_is_told(tmp_path: Path) -> None:
    with llama_server(tmp_path, 512) as server:
        done = run(tmp_path, server.url, "out")
    assert done.returncode == 1, done.stderr
    assert len(journal(tmp_path, "intent")) == 2
    for row in summary(tmp_path / "out"):
        assert row["Status"] == "failed"
        assert re.search(r"request \(\d+ tokens\) exceeds the available context size \(512 tokens\)", row["Reason"])


def test_a_wrong_key_ends_the_run(tmp_path: Path) -> None:
    with llama_server(tmp_path, 512, key="right-key-of-this-test") as server:
        done = run(tmp_path, server.url, "out", key="wrong-key-of-this-test")
        requests = server.requests()
    assert (done.returncode, requests) == (77, 0), done.stderr
    assert "CUSTOM_API_KEY" in done.stderr
    assert "wrong-key-of-this-test" not in done.stderr
