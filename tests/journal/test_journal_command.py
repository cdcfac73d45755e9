"""`cassia journal`: what is recorded and what it cost, as a person or a script sees it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cassia_engine.journal import set_aside, write_stop
from cassia_engine.providers.chat import Call, Receipt
from cassia_engine.providers.faults import Fault, FaultAction
from tests.command import cassia
from tests.journal.test_journal import AT, Inner, ask, call, journaled, opened
from tests.terminal import run_on_terminal


class Priced(Inner):
    def find(self, call: Call) -> None: ...

    async def exchange(self, call: Call) -> Receipt:
        usage = {"prompt_tokens": 1000, "completion_tokens": 200, "cost": 0.0125}
        choice = {"message": {"role": "assistant", "content": "T cell"}, "finish_reason": "stop"}
        body = {"model": "m", "choices": [choice], "usage": usage}
        return Receipt(json.dumps(body), AT, 0.5)


def cassia_journal(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return cassia("journal", *arguments)


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A journal of two samples, one of them also set aside; an answer of unknown cost, a fault, a torn line."""
    journaled(tmp_path / "pbmc", call("unpriced"))
    set_aside(tmp_path / "pbmc")
    journal = opened(tmp_path / "pbmc")
    ask(journal, Priced(), call(), call("b"))
    ask(journal, Inner(), call("c"))
    with pytest.raises(Fault):
        ask(journal, Inner(fault=Fault("down", FaultAction.RETRY, 503)), call("d"))
    journal.recorded(Inner()).void(call("c"))
    journal.close()
    torn = journaled(tmp_path / "gut [x]", call())
    torn.write_bytes(torn.read_bytes()[:-3])
    write_stop(tmp_path, "openrouter-1", "no credit")
    return tmp_path


def test_command_lists_what_is_there_and_what_it_cost(filled: Path) -> None:
    done = cassia_journal("--journal_dir", filled)
    assert done.returncode == 0, done.stderr
    head, *rows = (line.split("\t") for line in done.stdout.splitlines())
    gut, pbmc, aside, total = (dict(zip(head, row, strict=True)) for row in rows)
    assert (gut["sample"], gut["replies"], gut["unanswered"], gut["cost_usd"]) == ("gut [x]", "0", "1", "")
    assert (pbmc["sample"], pbmc["aside"], pbmc["replies"], pbmc["void"], pbmc["faults"]) == ("pbmc", "", "3", "1", "1")
    assert (pbmc["input_tokens"], pbmc["output_tokens"], pbmc["without_tokens"]) == ("2000", "400", "1")
    assert (pbmc["cost_usd"], pbmc["without_cost"], pbmc["unanswered"]) == ("0.025000", "1", "0")
    assert pbmc["first"] == AT < pbmc["last"]
    assert (aside["sample"], aside["aside"], aside["replies"]) == ("pbmc", "yes", "1")
    assert (total["sample"], total["files"], total["replies"], total["cost_usd"]) == ("total", "3", "4", "0.025000")
    assert "STOP-openrouter-1 keeps runs from sending until the next one begins: no credit" in done.stderr


def test_help_says_what_each_column_is(filled: Path) -> None:
    done = cassia_journal("--journal_dir", filled)
    columns = done.stdout.splitlines()[0].split("\t")
    assert "cassia journal --help says what the columns are" in done.stderr
    described = re.findall(r"^  ([a-z_]+(?:, [a-z_]+)*)  ", cassia_journal("--help").stdout, re.M)
    assert [name for names in described for name in names.split(", ")] == columns


def test_command_lists_one_sample(filled: Path) -> None:
    done = cassia_journal("--journal_dir", filled, "pbmc")
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["sample", "pbmc", "pbmc", "total"]
    done = cassia_journal("--journal_dir", filled, "pbmk")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nothing is recorded of a sample pbmk (did you mean pbmc?)" in done.stderr


def test_command_on_a_terminal(filled: Path) -> None:
    command = [sys.executable, "-m", "cassia_engine", "journal", "--journal_dir", str(filled)]
    done = run_on_terminal(command, columns=120)
    assert done.returncode == 0, done.stderr
    assert all(text in done.stdout for text in ("gut [x]", "pbmc (set aside)", "0.0250", "unknown"))
    assert "cost: unknown of 2 of 4 replies, which are in no sum" in done.stderr


def test_command_without_a_journal(tmp_path: Path) -> None:
    done = cassia_journal("--journal_dir", tmp_path / "none")
    assert done.returncode == 2
    assert (
        done.stderr == f"cassia: error: {tmp_path / 'none'}: no such folder; give that of a journal as --journal_dir\n"
    )
    done = cassia_journal("--journal_dir", tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "no answers are recorded" in done.stderr
