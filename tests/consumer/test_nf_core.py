"""What nf-core's own tools say, without a network: they install the modules, and check them and the schema."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, need, need_env
from tests.consumer.conftest import PIPELINE, blocks, carry_out

pytestmark = pytest.mark.slow

STAGES = ("split", "corrections", "annotate", "submit", "collect", "labels", "index", "check")
# Labels and options that nf-core does not know, and that the modules need all the same.
KNOWN = {"Non-standard labels found: cassia_network", "Invalid 'ext' keys detected: ext.max_workers, ext.max_workers"}


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment in which `nf-core` and `nextflow` are found, and write to the test's folder only."""
    tools = need_env("nf-core").parent
    path = f"{tools}:{Path(need('nextflow')).parent}:{os.environ['PATH']}"
    folders = {"HOME": "home", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache"}
    own = {name: str(tmp_path / folder) for name, folder in folders.items()}
    # One wide line for each finding of a table.
    plain = {"NFCORE_NO_VERSION_CHECK": "1", "NXF_OFFLINE": "true", "COLUMNS": "1000", "HIDE_PROGRESS": "1"}
    return {**os.environ, **own, **plain, "PATH": path}


def copied(folder: Path) -> Path:
    """A folder with what is cassia's pipeline in the checkout."""
    folder.mkdir(parents=True)
    for name in (".nf-core.yml", "conf", "main.nf", "modules", "nextflow.config", "subworkflows"):
        origin = ROOT / name
        (shutil.copytree if origin.is_dir() else shutil.copy)(origin, folder / name)
    return folder


def served(source: Path) -> str:
    """The address of a bare repository of a folder's files."""
    author = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], [*author, "commit", "-q", "-m", "all"]):
        subprocess.run(["git", *words], cwd=source, check=True)
    # nf-core clones it to the same path without the ending.
    bare = source.with_name(f"{source.name}-served.git")
    subprocess.run(["git", "clone", "-q", "--bare", str(source), str(bare)], check=True)
    return f"file://{bare}"


def test_installing(env: dict[str, str], tmp_path: Path) -> None:
    """`nf-core subworkflows install` brings the subworkflow with all its modules, byte for byte."""
    address = served(copied(tmp_path / "cassia"))
    folder = tmp_path / "their-pipeline"
    shutil.copytree(PIPELINE, folder)
    (folder / ".nf-core.yml").write_text("repository_type: pipeline\n")
    carry_out(blocks("console")[0].replace("https://example.org/cassia.git", address), folder, env)
    installed = json.loads((folder / "modules.json").read_text())["repos"][address]
    assert set(installed["modules"]["local"]) == {f"cassia/{stage}" for stage in STAGES}
    for part in (*(f"modules/local/cassia/{stage}" for stage in STAGES), "subworkflows/local/cassia"):
        files = [path.relative_to(ROOT) for path in (ROOT / part).rglob("*") if path.is_file()]
        assert files
        for file in files:
            assert (folder / file).read_bytes() == (ROOT / file).read_bytes(), file


def test_conventions(env: dict[str, str], tmp_path: Path) -> None:
    """`nf-core modules lint` finds what is known, and nothing else.

    It reads its schemas from nf-core's repository of modules, which cannot be had here; empty ones stand in. All that
    it compares with main.nf (inputs, outputs, topics, names, sections) it does compare.
    """
    schemas = tmp_path / "nf-core"
    for kind, names in {"modules": ("meta-schema", "environment-schema"), "subworkflows": ()}.items():
        (schemas / kind / "nf-core").mkdir(parents=True)
        for name in ("nf-core/none", *(f"{name}.json" for name in names)):
            (schemas / kind / name).write_text("{}")
    (schemas / ".nf-core.yml").write_text("repository_type: modules\norg_path: nf-core\n")
    command = ["nf-core", "modules", "--git-remote", served(schemas), "--branch", "main", "lint", "--local"]
    folder = copied(tmp_path / "cassia")
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    said = done.stdout + done.stderr
    assert (done.returncode, "Tests Passed" in said) == (0, True), said
    found = {cells[-1].strip() for line in said.splitlines() if len(cells := line.strip("│ ").split("│")) == 3}
    messages = {message.split(": ", 1)[1] for message in found if re.match(r"[a-z_]+: ", message)}
    assert messages == KNOWN


def test_schema(env: dict[str, str]) -> None:
    command = ["nf-core", "pipelines", "schema", "lint", "nextflow_schema.json"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    said = done.stdout + done.stderr
    assert (done.returncode, "Pipeline schema looks valid" in said, "WARNING" in said) == (0, True, False), said
