"""The workflows of .github: they parse, ask for little, and name what is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# What may be written, by job; everything else only reads.
WRITING = {
    "publish-package": {"id-token": "write"},
    "image": {"contents": "read", "packages": "write"},
    "publish-image": {"packages": "write"},
}


def read(path: Path) -> dict[str, Any]:
    # "on" is true in YAML 1.1, which pyyaml reads.
    loaded: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {"on" if name is True else name: value for name, value in loaded.items()}


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def test_there_are_two() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "release.yml"]
    assert read(WORKFLOWS[1])["on"] == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_they_ask_for_little(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert job.get("permissions") == WRITING.get(name), name
        assert job["timeout-minutes"] <= 120
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned(path: Path) -> None:
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert used
    for action in used:
        # nf-core's own actions by their major version: no commit of them could be looked up.
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}|nf-core/setup-\w+(-\w+)*@v\d+", action), action


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_make_takes_the_python_that_was_set_up(path: Path) -> None:
    """Not a newer one that the machine has too."""
    jobs = read(path)["jobs"].values()
    making = [job for job in jobs if any("make " in step.get("run", "") for step in job["steps"])]
    chosen = [job for job in making if any("setup-python@" in step.get("uses", "") for step in job["steps"])]
    assert chosen and [job["env"]["PYTHON"] for job in chosen] == ["python3"] * len(chosen)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_nextflow_is_of_a_whole_version(path: Path) -> None:
    """nf-core/setup-nextflow@v3 finds no 25.10 without its patch version."""
    found: list[str] = []
    for job in read(path)["jobs"].values():
        said = [step["with"]["version"] for step in job["steps"] if "setup-nextflow@" in step.get("uses", "")]
        found += job["strategy"]["matrix"]["nextflow"] if "${{ matrix.nextflow }}" in said else said
    assert found and [version for version in found if not re.fullmatch(r"\d{2}\.\d{2}\.\d+", version)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_commands_name_what_is_there(path: Path) -> None:
    commands = "\n".join(step["run"] for step in steps(path) if "run" in step)
    rules = re.findall(r"^([\w./-]+)\s*:(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    targets = {
        word for words in re.findall(r"\bmake ([^\n&|]+)", commands) for word in words.split() if "=" not in word
    }
    assert targets and targets <= set(rules)
    files = set(re.findall(r"(?<![\w/.])((?:\.ci|scripts|tests|conf)/[\w./-]+|pyproject\.toml|\.ci/run)", commands))
    assert files
    assert [name for name in files if not (ROOT / name).exists()] == []


def test_every_job_is_waited_for() -> None:
    """Nothing is published before all is tested."""
    jobs = read(WORKFLOWS[1])["jobs"]

    def before(name: str) -> set[str]:
        needs = jobs[name].get("needs", [])
        direct = {needs} if isinstance(needs, str) else set(needs)
        return direct.union(*map(before, direct))

    for name in WRITING:
        assert "test" in before(name)
    assert "image" in before("publish-package")
