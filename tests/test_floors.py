"""cassia on the lowest version of everything that it needs: each floor of pyproject.toml is one that works."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from scripts.floors import floors
from tests.conftest import ROOT, need_env

# Tables and frames, the command line with its exit codes, the provider's client with its faults, report and library.
SMOKE = (
    *(
        "cli/test_cli.py",
        "test_compat.py",
        "markers/test_markers.py",
        "markers/test_wild_tables.py",
        "report/test_table_library.py",
        "test_llm.py",
    ),
    *("cli/test_terminal_llm.py", "providers/test_client.py", "providers/test_transport.py"),
    "server/test_monitoring.py",
)


def test_every_requirement_has_a_floor() -> None:
    found = floors()
    assert {"aiohttp", "click", "duckdb", "pandas", "prometheus-client"} <= set(found)
    # With click 8.1 every error ends with 1, as NoArgsIsHelpError is 8.2's; aiohttp 3.14 bounds what unpacks.
    assert tuple(map(int, found["click"].split("."))) >= (8, 2)
    assert tuple(map(int, found["aiohttp"].split("."))) >= (3, 14)


@pytest.mark.parametrize("requirement", ["click", "click<9", "click>8.1"])
def test_a_requirement_without_a_floor_is_refused(requirement: str, tmp_path: Path) -> None:
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text(f'[project]\ndependencies = ["{requirement}"]\n')
    with pytest.raises(ValueError, match="expected NAME>=VERSION"):
        floors(pyproject)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_cassia_works_on_its_floors() -> None:
    python = need_env("floors")
    listed = subprocess.run([python, "-m", "pip", "freeze"], capture_output=True, text=True, check=True).stdout
    installed = dict(line.lower().replace("_", "-").split("==") for line in listed.splitlines() if "==" in line)
    for name, floor in floors().items():
        assert installed[name.lower()].startswith(floor), name
    files = [str(ROOT / "tests" / name) for name in SMOKE]
    # Older packages warn of newer ones; that is not what is tested here.
    command: list[str | Path] = [
        python,
        "-m",
        "pytest",
        "-q",
        "-W",
        "ignore",
        "-m",
        "not slow",
        "-p",
        "no:cacheprovider",
        *files,
    ]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "COLUMNS": "80"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
