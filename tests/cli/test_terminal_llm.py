"""What a person meets on the terminal when a language model is asked: nothing is paid in vain, no wait is silent."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

import cassia_engine
from cassia_engine.errors import UsageError
from cassia_engine.files import check_writable
from tests.command import cassia
from tests.mock_provider.running import Running

ENDS = ("_summary.csv", "_full.csv", "_conversations.json", "_mqc.json", "_outcomes_mqc.json", "_report.html")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "small.csv"
    path.write_text('cluster,markers\nA,"CD3D,CD3E,TRAC,IL7R,CD2"\nB,"CD79A,MS4A1,CD19,CD79B"\n')
    return path


ENGINE = [sys.executable, "-m", "cassia_engine"]


def command(url: str, table: Path, *arguments: str | Path) -> list[str]:
    about = [
        "--tissue",
        "blood",
        "--species",
        "human",
        "--provider",
        f"{url}/v1",
        "--model",
        "mock",
        "--max_workers",
        "16",
    ]
    return [*ENGINE, "run", str(table), *about, *map(str, arguments)]


def run(argv: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """In this process, whose Python is started already."""
    return cassia(*argv[len(ENGINE) :], cwd=cwd)


@pytest.mark.parametrize("outdir", ["taken", "taken/deeper", "out"])
def test_nothing_is_asked_before_the_outputs_can_be_written(
    quiet: Running, tmp_path: Path, table: Path, outdir: str
) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    (tmp_path / "out" / "small_full.csv").mkdir(parents=True)
    done = run(command(quiet.url, table, "--outdir", outdir), tmp_path)
    assert done.returncode == 2
    [line] = [line for line in done.stderr.splitlines() if "error" in line]
    assert outdir.partition("/")[0] in line
    with pytest.raises(UsageError, match=outdir.partition("/")[0]):
        cassia_engine.annotate(
            table, tissue="blood", species="human", provider=f"{quiet.url}/v1", model="mock",
            output_name=tmp_path / outdir / "small", show_progress=False,
        )  # fmt: skip
    assert quiet.stats()["calls"] == 0


def test_no_chunk_is_annotated_whose_result_cannot_be_written(quiet: Running, tmp_path: Path, table: Path) -> None:
    split = ["split", str(table), "--outdir", "chunks", "--tissue", "none", "--species", "human"]
    assert run([*ENGINE, *split], tmp_path).returncode == 0
    asked = ["chunks/chunk_00000.json", "--output", "small.csv/result.jsonl", "--provider", f"{quiet.url}/v1"]
    done = run([*ENGINE, "annotate", *asked, "--model", "mock"], tmp_path)
    assert (done.returncode, quiet.stats()["calls"]) == (2, 0), done.stderr


def test_the_check_leaves_nothing_and_knows_all_outputs(quiet: Running, tmp_path: Path, table: Path) -> None:
    check_writable(tmp_path / "new" / "deep" / "file")
    assert list(tmp_path.iterdir()) == [table]
    done = run(command(quiet.url, table, "--outdir", "out"), tmp_path)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"small{end}" for end in ENDS}


def test_a_wait_for_a_provider_that_is_down_is_told_at_once(tmp_path: Path, table: Path) -> None:
    """Nobody listens at port 9; that takes half a minute to give up, and Ctrl-C need not wait for it."""
    with subprocess.Popen(command("http://127.0.0.1:9", table), cwd=tmp_path, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        line = next(line for line in run.stderr if "warning" in line and "refused" in line)
        assert "attempt 2 of 5 follows in" in line
        run.send_signal(signal.SIGINT)
        rest = run.stderr.read()
    assert run.returncode == 75
    assert "Traceback" not in rest
    assert rest.count("attempt") == 0


def test_a_second_run_of_a_sample_is_told_of_the_first(quiet: Running, tmp_path: Path, table: Path) -> None:
    quiet.post("/hold", {"after": 1})
    argv = command(quiet.url, table, "--outdir", "out")
    with subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        quiet.wait_for("held", 2)
        with subprocess.Popen(argv, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as second:
            quiet.wait_for("held", 4)
            quiet.post("/release")
            said = second.communicate(timeout=60)[1]
    assert (first.returncode, second.returncode) == (0, 0)
    assert f"process {first.pid} has asked about this sample" in said
    assert "has asked" not in run(argv, tmp_path).stderr


def test_a_warning_does_not_run_into_the_bar(quiet: Running, tmp_path: Path, table: Path) -> None:
    """On a terminal; the first call is told to wait."""
    quiet.post("/script", ["429_day"])
    screen = on_terminal(command(quiet.url, table), tmp_path, "is at its rate limit")
    [line] = [line for line in screen.replace("\r", "\n").splitlines() if "is at its rate limit" in line]
    assert re.sub(r"^(\x1b\[\d?[AK])+", "", line).startswith(
        "cassia: warning: custom is at its rate limit: nothing is sent for 300 s"
    )
    assert "0/2" in screen
    assert "in flight, the rate limit is waited for, " in screen
    assert "Traceback" not in screen


def on_terminal(argv: list[str], cwd: Path, until: str) -> str:
    """What a terminal of 100 columns is sent by a command that gets Ctrl-C as soon as it has said this."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    environ = {**os.environ, "TERM": "xterm-256color"}
    with subprocess.Popen(argv, cwd=cwd, env=environ, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        screen, told = "", False
        with contextlib.suppress(OSError):  # how the end of a terminal is read
            while some := os.read(ours, 65536):
                screen += some.decode(errors="replace")
                if until in screen and not told:
                    told = True
                    process.send_signal(signal.SIGINT)
    os.close(ours)
    assert told, screen
    return screen
