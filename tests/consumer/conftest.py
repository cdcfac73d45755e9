"""A pipeline of somebody else, with cassia's modules installed into it as docs/modules.md says."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT, need
from tests.pipeline.launch import Launcher

PIPELINE = ROOT / "tests" / "consumer" / "pipeline"
PAGE = (ROOT / "docs" / "modules.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language in docs/modules.md, without the indent that a list gives them."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", PAGE, re.M | re.S)
    return [re.sub(rf"^{indent}", "", text, flags=re.M) for indent, text in found]


def carry_out(block: str, folder: Path, env: Mapping[str, str] | None = None) -> None:
    """Run the commands of a block in a folder."""
    command = ["sh", "-euc", block]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def consumer(tmp_path: Path) -> Path:
    """The pipeline, with the modules copied into it."""
    folder = tmp_path / "their-pipeline"
    shutil.copytree(PIPELINE, folder)
    carry_out(blocks("console")[1].replace("PATH/TO/cassia", shlex.quote(str(ROOT))), folder)
    return folder


@pytest.fixture
def launcher(tmp_path: Path) -> Launcher:
    """Nextflow in a launch folder of its own, which is not the pipeline's."""
    folder = tmp_path / "launched"
    folder.mkdir()
    return Launcher(need("nextflow"), folder)
