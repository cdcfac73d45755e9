"""The cases: an uninterrupted run, one that is ended at calls that a seed draws, and what the two are compared with."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.kills.killing import JOURNAL, MANNERS, MOST_HELD, WORKERS, Killed, draw_kills, kill_often, outputs
from tests.kills.records import read_journal
from tests.kills.table import draw_table
from tests.mock_provider.running import Running, running_mock

# The same calls for each cluster, whatever its answer: annotator, second annotator and strict validator.
SAME_CALLS = ("--controls", "0", "--validator_involvement", "v0")
CALLS = 3
# So that answers come in any order, and what is in flight at a kill is of all kinds.
LATENCY = 0.01


@dataclass(frozen=True)
class Case:
    """How the mock behaves, how runs are ended, and what they are told more.

    Attributes:
        most_held: calls at most that are withheld at a kill.
    """

    manners: Sequence[str]
    mock: Mapping[str, Any] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    most_held: int = MOST_HELD


CASES = {
    "kill -9": Case(("killed", "paid")),
    "signals and torn files": Case(tuple(MANNERS)),
    "faults": Case(
        tuple(MANNERS),
        {
            "variety": 0.4,
            "faults": "503_ms:0.04,429_ms:0.04,cut:0.01",
            "steady": "refusal:0.04,prose:0.1,length:0.04,null_text:0.04",
        },
        ("--max_retries", "1"),
        # After a 429 one call goes first: where that one is withheld, no second comes.
        most_held=1,
    ),
}


@dataclass(frozen=True)
class Found:
    """What came of a case.

    Attributes:
        codes: exit codes of the uninterrupted run, and of the last of the ended ones.
        outputs: theirs, by file.
        calls: completed ones of the uninterrupted run.
        usual_repeats: of the uninterrupted run: faults lead to the same request again.
        paid_more: completed calls of the ended runs beyond that.
        repeats: more of the ended runs than of the uninterrupted one.
        again: requests for what the journal had an answer to.
        seconds: that all the ended runs took together.
    """

    codes: tuple[int, int]
    outputs: tuple[dict[str, bytes], dict[str, bytes]]
    calls: int
    usual_repeats: int
    paid_more: int
    repeats: int
    killed: Sequence[Killed]
    again: Sequence[str]
    seconds: float

    @property
    def unanswered(self) -> int:
        return sum(state.unanswered for state in self.killed)

    @property
    def lost_too_many(self) -> list[Killed]:
        """Kills that left more without an answer than can have been in flight."""
        return [state for state in self.killed if state.unanswered > MANNERS[state.kill.manner].most_lost]


def play(case: Case, folder: Path, clusters: int, kills: int, seed: int) -> Found:
    """Play a case in an empty folder."""
    table = draw_table(folder / "table.csv", clusters, seed)
    straight, broken = folder / "straight", folder / "broken"
    straight.mkdir()
    broken.mkdir()
    # One mock for both, since its port is in the addresses that the outputs show.
    with running_mock(folder, latency=LATENCY, seed=seed, **case.mock) as mock:
        argv = _command(mock, table, case.arguments)
        code = _finish(argv, straight)
        normal, earlier = mock.stats(), len(mock.calls())
        mock.post("/reset")
        began = time.monotonic()
        killed = kill_often(
            mock, argv, broken, draw_kills(seed, kills, normal["completed"], case.manners, case.most_held)
        )
        codes = (code, _finish(argv, broken))
        seconds = time.monotonic() - began
        stats, log = mock.stats(), mock.calls()[earlier:]
    return Found(
        codes,
        (outputs(straight / "out"), outputs(broken / "out")),
        normal["completed"],
        normal["repeats"],
        stats["completed"] - normal["completed"],
        stats["repeats"] - normal["repeats"],
        killed,
        asked_again(log, killed, read_journal(broken / JOURNAL).replies),
        seconds,
    )


def asked_again(log: Sequence[Mapping[str, Any]], killed: Sequence[Killed], whole: Mapping[str, str]) -> list[str]:
    """Requests in the mock's log, after a kill, for what the journal had an answer to at that kill.

    Args:
        whole: what the journal has at the end: requests by key. One with a key more than at the kill was rightly made
            again, as a further replicate or ordinal.
    """
    found = []
    # Else the two would name requests in different ways.
    assert {call["body"] for call in log} & set(whole.values())
    for state in killed:
        further = {request for key, request in whole.items() if key not in state.replies}
        done = set(state.replies.values()) - further
        found += [call["body"] for call in log if call["n"] > state.calls and call["body"] in done]
    return found


def _command(mock: Running, table: Path, arguments: Sequence[str]) -> list[str]:
    about = ["--tissue", "none", "--species", "human", "--outdir", "out", "--max_workers", str(WORKERS)]
    asked = ["--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", "mock"]
    command = [sys.executable, "-m", "tests.kills.quick_cassia", "run", str(table)]
    return [*command, *about, *asked, *SAME_CALLS, *arguments]


def _finish(argv: Sequence[str], cwd: Path) -> int:
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode
