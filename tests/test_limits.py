"""What is looked at before anything is paid: open files, threads, names in bytes, and paths that are URLs."""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import cassia_engine
from cassia_engine import process_limits
from cassia_engine.files import atomic_write, check_writable
from cassia_engine.outputs.names import check_outputs
from cassia_engine.records import Dataset
from cassia_engine.settings import AnnotateSettings
from cassia_engine.stages.annotate import open_annotator
from tests.command import cassia
from tests.raising import raises

TABLE = [{"cluster": "T", "genes": "CD3D,CD3E"}, {"cluster": "B", "genes": "CD79A,MS4A1"}]
CONTEXT: dict[str, Any] = {"tissue": "blood", "species": "human", "show_progress": False}
# With the limits of open files in argv, soft and hard, and the workers asked for: the soft one after the check.
CHECK = """
import resource, sys
from cassia_engine.errors import UsageError
from cassia_engine.callers import Caller, called_from
from cassia_engine.process_limits import check_open_files
soft, hard, workers = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
try:
    with called_from(Caller.COMMAND):
        check_open_files(workers)
    print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
except UsageError as error:
    print(error)
"""


def test_a_process_with_a_key_leaves_no_core(monkeypatch: pytest.MonkeyPatch) -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE)
    monkeypatch.setenv("CUSTOM_API_KEY", "key-0123456789")
    try:
        open_annotator(AnnotateSettings("http://127.0.0.1:9/v1", model="m"), Dataset("s", "human", "blood"))
        assert resource.getrlimit(resource.RLIMIT_CORE) == (0, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def after(soft: int, hard: int, workers: int) -> str:
    command = [sys.executable, "-c", CHECK, *map(str, (soft, hard, workers))]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_enough_open_files_stay_as_they_are() -> None:
    assert after(200, 400, 16) == "200"


def test_soft_limit_is_raised_for_the_workers_asked_for() -> None:
    assert 300 + process_limits.FILES_BESIDES < int(after(100, 1000, 300)) < 400


def test_hard_limit_is_named_with_what_is_needed_and_possible() -> None:
    line = after(100, 256, 500)
    assert line.startswith("--max_workers 500: that needs 5")
    assert "this process may have 256 (ulimit -Hn); raise that limit, or give at most --max_workers 18" in line
    assert after(20, 20, 1).endswith("(ulimit -Hn); raise that limit")


def test_too_few_open_files_are_known_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (128, 128))
    call = {**CONTEXT, "provider": "custom", "base_url": "http://127.0.0.1:9/v1", "model": "m"}
    with raises("open-files-limit", "max_workers=400", "at most max_workers="):
        cassia_engine.annotate(TABLE, **call, max_workers=400, journal_dir=tmp_path / "journal")
    assert list(tmp_path.iterdir()) == []


def test_a_thread_that_cannot_start_names_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with raises("threads-limit", "ulimit -u, now "):
        process_limits.start(threading.Thread())


@pytest.mark.parametrize("name", ["é" * 101, "\N{GRINNING FACE}" * 51, "é" * 120, "x" * 121])
def test_names_are_measured_in_bytes_before_anything_is_read(name: str, tmp_path: Path) -> None:
    with raises("output-name-unusable", "output_name="):
        cassia_engine.annotate("none.csv", **CONTEXT, output_name=tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["é" * 100, "\N{GRINNING FACE}" * 50, "x" * 120])
def test_the_longest_names_have_all_their_outputs(name: str, tmp_path: Path) -> None:
    cassia_engine.annotate(TABLE, **CONTEXT, output_name=tmp_path / name)
    assert len(list(tmp_path.iterdir())) == 6


def test_a_folder_or_file_with_too_long_a_name_is_refused(tmp_path: Path) -> None:
    with raises("output-name-too-long", "300 bytes", "255", path="run_summary.csv"):
        check_outputs(tmp_path / ("é" * 150), "run")
    with raises("output-name-too-long", "256 bytes", path="x" * 256):
        check_writable(tmp_path / ("x" * 256))


def test_a_file_is_written_aside_under_a_name_that_fits(tmp_path: Path) -> None:
    path = tmp_path / ("\N{GRINNING FACE}" * 60)
    with atomic_write(path) as out:
        out.write("x")
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("url", ["https://me:secret@example.org/m.csv", "s3://bucket/m.csv", "file:///tmp/m.csv"])
@pytest.mark.parametrize("name", ["markers", "gene_map", "cluster_context", "knowledge", "corrections", "output_name"])
def test_urls_are_refused_in_one_line(name: str, url: str) -> None:
    with raises("path-is-url") as caught:
        cassia_engine.annotate(**{**CONTEXT, "markers": TABLE, name: url})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("option", ["", "--gene_map", "--knowledge", "--outdir", "--corrections", "--journal_dir"])
def test_the_command_refuses_urls(option: str, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("cluster,genes\nB,CD79A\nT,CD3D\n")
    given = [f"{option}=https://example.org/x"] if option else []
    table = "m.csv" if option else "https://example.org/x"
    done = cassia("run", table, "--tissue", "blood", "--species", "human", *given, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("cassia: error: https://example.org/x: this is a URL (https), ")
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["m.csv"]
