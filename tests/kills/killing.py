"""A run that is ended again and again, at calls and in manners that a seed draws, and then goes on to its end."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.kills.records import newest, read_journal
from tests.mock_provider.running import Running
from tests.reading import without_times

JOURNAL = Path(".cassia") / "journal"
TIMES = re.compile(r'^ *"(at|seconds)": ("[^"]*"|[\d.e-]+),?$', re.MULTILINE)
END_S = 60.0
WORKERS = 8  # calls in flight
MOST_HELD = 4


@dataclass(frozen=True, slots=True)
class Kill:
    """When and how a run ends.

    Attributes:
        number: of a call, from 1; those whose answers were lost to an earlier kill do not count.
        held: calls that the mock withholds when it ends.
        torn: bytes to cut off the journal afterwards.
    """

    number: int
    manner: str
    held: int
    torn: int


@dataclass(frozen=True, slots=True)
class Killed:
    """What was there after a kill.

    Attributes:
        code: how the process ended.
        calls: that had come to the mock.
        repeats: among them.
        unanswered: intents that this kill has left without an end, those whose end was torn off included.
        replies: on disk: the request as the mock names it, by key.
    """

    kill: Kill
    code: int
    calls: int
    repeats: int
    unanswered: int
    replies: dict[str, str]


def draw_kills(seed: int, count: int, calls: int, manners: Sequence[str], most_held: int = MOST_HELD) -> list[Kill]:
    """Kills at different numbers of a run of `calls` calls, in order; each manner comes as often as any other."""
    draw = random.Random(seed)
    numbers = sorted(draw.sample(range(1, calls - MOST_HELD), count))
    shuffled = draw.sample([manners[n % len(manners)] for n in range(count)], count)
    return [
        Kill(number, manner, draw.randint(1, most_held), draw.randint(1, 400))
        for number, manner in zip(numbers, shuffled, strict=True)
    ]


def kill_often(mock: Running, argv: Sequence[str], cwd: Path, kills: Sequence[Kill]) -> list[Killed]:
    """Start the same command anew for each kill."""
    return [_kill_once(mock, argv, cwd, kill) for kill in kills]


def _kill_once(mock: Running, argv: Sequence[str], cwd: Path, kill: Kill) -> Killed:
    journal = cwd / JOURNAL
    earlier = read_journal(journal)
    mock.post("/hold", {"after": kill.number + mock.stats()["calls"] - len(earlier.replies)})
    code = _run_until(mock, argv, cwd, kill)
    settle(mock)
    mock.post("/release")
    whole = read_journal(journal)
    if kill.manner == "torn":
        tear(newest(journal), kill.torn)
    left = read_journal(journal)
    lost = whole.unanswered - earlier.unanswered + len(whole.replies) - len(left.replies)
    stats = mock.stats()
    return Killed(kill, code, stats["calls"], stats["repeats"], lost, left.replies)


def _run_until(mock: Running, argv: Sequence[str], cwd: Path, kill: Kill) -> int:
    """The exit code of a run that is ended so."""
    with (cwd / "stderr").open("w+") as said, subprocess.Popen(argv, cwd=cwd, stdout=said, stderr=said) as process:
        try:
            mock.wait_for("held", kill.held)
            MANNERS[kill.manner].end(mock, process)
        finally:
            process.kill()
        code = process.wait()
        said.seek(0)
        assert "Traceback" not in said.read()
    return code


def _kill(mock: Running, process: subprocess.Popen[bytes]) -> None:
    """No answer was sent to what was in flight."""
    process.kill()


def _kill_when_paid(mock: Running, process: subprocess.Popen[bytes]) -> None:
    """All that was in flight is answered, and nobody reads it."""
    process.send_signal(signal.SIGSTOP)
    mock.post("/release")
    settle(mock)
    process.kill()


def _stop(number: signal.Signals) -> Callable[[Running, subprocess.Popen[bytes]], None]:
    def stop(mock: Running, process: subprocess.Popen[bytes]) -> None:
        """What was in flight is answered after the signal."""
        process.send_signal(number)
        mock.post("/release")
        process.wait(END_S)

    return stop


@dataclass(frozen=True, slots=True)
class Manner:
    """How a process is ended.

    Attributes:
        code: that it then has.
        most_lost: answers at most, of those to calls in flight and of those on disk.
    """

    end: Callable[[Running, subprocess.Popen[bytes]], None]
    code: int
    most_lost: int


MANNERS = {
    "killed": Manner(_kill, -signal.SIGKILL, WORKERS),
    "paid": Manner(_kill_when_paid, -signal.SIGKILL, WORKERS),
    # What is torn off is shorter than two answers.
    "torn": Manner(_kill_when_paid, -signal.SIGKILL, WORKERS + 1),
    "SIGTERM": Manner(_stop(signal.SIGTERM), 75, 0),
    "SIGINT": Manner(_stop(signal.SIGINT), 75, 0),
}


def settle(mock: Running) -> None:
    """Wait until nothing is in flight any more: answered, or its client gone."""
    end = time.monotonic() + END_S
    while mock.stats()["in_flight"]:
        assert time.monotonic() < end, mock.stats()
        time.sleep(0.005)


def tear(path: Path, count: int) -> None:
    """Cut off the last bytes of a file, but not all of it."""
    os.truncate(path, max(1, path.stat().st_size - count))


def outputs(folder: Path) -> dict[str, bytes]:
    """Each file's bytes. Of conversations and report the times of calls are left out, and nothing else is."""
    found = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    for name in found:
        if name.endswith("_conversations.json"):
            found[name] = TIMES.sub("", found[name].decode()).encode()
        if name.endswith("_report.html"):
            found[name] = without_times(found[name].decode()).encode()
    return found
