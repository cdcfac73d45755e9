"""What a process that reads files from outside may still do."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.server.reading import sandbox, syscalls
from cassia_engine.server.reading.syscalls import calls_of
from tests.conftest import ROOT

HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
refusing = pytest.mark.skipif(
    sys.platform != "linux" or calls_of(platform.machine()) is None,
    reason="calls are refused on Linux on x86_64 and aarch64 alone",
)


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("confined")
    (folder / "a").write_text("text")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    words = [sys.executable, "-m", "tests.server.confined", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["a", "open"]
    assert ((folder / "a").read_text(), (folder / "open").read_bytes()) == ("text", b"")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@refusing
def test_connections_processes_and_changes_are_refused(tried: dict[str, Any]) -> None:
    assert not [missing for missing in tried["missing"] if "calls" in missing]
    assert {name: came for name, came in tried["refused"].items() if came != "EPERM"} == {}


@refusing
def test_files_are_read_until_none_is_opened_any_more(tried: dict[str, Any]) -> None:
    assert tried["also"]["open to read"] == "done"
    assert tried["also"]["open to read later"] == "EPERM"
    assert tried["also"]["start a thread later"] == "done"


@refusing
def test_nothing_but_the_files_of_the_job_is_opened(tried: dict[str, Any]) -> None:
    if tried["missing"]:
        pytest.skip(f"this kernel has no Landlock: {tried['missing']}")
    assert tried["also"]["open an allowed file"] == "done"
    assert tried["also"]["open another file"] == "EACCES"
    assert tried["also"]["list a folder"] == "EACCES"


def test_memory_time_and_written_bytes_are_limited(tried: dict[str, Any]) -> None:
    assert tried["also"]["write to an open file"] == "EFBIG"
    assert tried["also"]["have more memory"] == "MemoryError"
    limits = tried["limits"]
    assert 0 < limits["AS"] <= sandbox.MEMORY
    assert 0 < limits["CPU"] <= sandbox.CPU_SECONDS
    assert (limits["FSIZE"], tried["core"]) == (0, 0)


def test_a_machine_whose_calls_are_not_known_has_limits_and_says_so() -> None:
    code = (
        "import platform, resource, sys; platform.machine = lambda: 'riscv64';"
        "from cassia_engine.server.reading import sandbox; confined = sandbox.enter();"
        "confined.open_only('/'); confined.close();"
        "print(confined.missing, resource.getrlimit(resource.RLIMIT_FSIZE)); open('/dev/null').close()"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=60, check=True)
    told = [
        f"calls are not refused (seccomp: there is no filter for {sys.platform} on riscv64)",
        f"other files can be opened (Landlock: there is none for {sys.platform} on riscv64)",
    ]
    assert done.stdout == f"{told} (0, 0)\n"


@pytest.mark.parametrize("machine", HEADERS)
def test_numbers_of_calls_are_those_of_the_system(machine: str) -> None:
    if not HEADERS[machine].exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(
            f"no {HEADERS[machine]}: linux-libc-dev has it"
        )
    defined = re.findall(r"#define\s+__NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[machine].read_text())

    column = 1 + [*HEADERS].index(machine)
    for table in (syscalls.NEVER, syscalls.OPENING, syscalls.UNKNOWN, syscalls.CLONE, syscalls.PRLIMIT):
        for name, *numbers in map(str.split, table.strip().splitlines()):
            found = dict(defined).get(name, "-")
            assert numbers[column - 1] == found, name
