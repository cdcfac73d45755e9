"""bin/cassia-engine, the command of a checkout: it finds the engine and runs nothing of the current folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import cassia_engine
from tests.conftest import ROOT


def call(name: str, *arguments: str, folder: Path, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "CASSIA_PYTHON": python}
    command = [str(ROOT / "bin" / name), *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", ["cassia-engine", "cassia"])
def test_both_names_are_the_engine_of_the_checkout(name: str, tmp_path: Path) -> None:
    done = call(name, "--version", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"cassia {cassia_engine.__version__}\n"), done.stderr


def test_the_engine_is_installed_under_a_name_that_no_other_package_has(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("cassia-engine")), "--version"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout == f"cassia {cassia_engine.__version__}\n"


@pytest.mark.parametrize("module", ["types", "runpy", "click", "cassia_engine", "sys", "os"])
def test_no_module_of_the_current_folder_runs(module: str, tmp_path: Path) -> None:
    (tmp_path / f"{module}.py").write_text("raise SystemExit('it ran')\n")
    for arguments in (["--version"], ["providers"]):
        done = call("cassia-engine", *arguments, folder=tmp_path)
        assert (done.returncode, "it ran" in done.stdout + done.stderr) == (0, False), done.stderr
