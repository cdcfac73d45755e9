"""One version, in every place that states it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import cassia_engine

ROOT = Path(__file__).parent.parent


def test_package_pyproject_manifest_and_changelog_agree() -> None:
    package = cassia_engine.__version__
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == package
    manifest = re.search(r"manifest \{.*?\n\s+version\s*=\s*'([^']+)'", (ROOT / "nextflow.config").read_text(), re.S)
    assert manifest
    assert manifest[1] == package
    newest = re.search(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert newest
    assert newest[1] in (package, "Unreleased")


def test_command_prints_it() -> None:
    done = subprocess.run([sys.executable, "-m", "cassia_engine", "--version"], capture_output=True, text=True)
    assert done.stdout == f"cassia {cassia_engine.__version__}\n"
