"""The first task of a run: nothing else starts before the tasks' engine is known to be of the pipeline's version."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

import cassia_engine
from tests.conftest import ROOT, need
from tests.pipeline.launch import Launcher

OURS = cassia_engine.__version__


def expect(folder: Path, script: str | None, version: str = OURS) -> tuple[int, str]:
    """Exit code and words of the check, where `cassia-engine` is such a script, or is not there."""
    if script is not None:
        command = folder / "cassia-engine"
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)
    argv = [str(ROOT / "bin" / "expect-cassia"), version, "image cassia:1", "do this"]
    done = subprocess.run(argv, env={"PATH": f"{folder}:/usr/bin:/bin"}, capture_output=True, text=True, timeout=60)
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_the_same_version_is_not_talked_about(tmp_path: Path) -> None:
    assert expect(tmp_path, f"echo cassia {OURS}") == (0, "")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo cassia 9.9.9", "cassia 9.9.9"),
        (f"echo cassia {OURS}0", f"cassia {OURS}0"),
        ("echo Traceback >&2; echo python3 lacks the package click >&2; exit 2", "python3 lacks the package click"),
        (None, "cassia-engine: not found"),
    ],
)
def test_another_version_or_none_is_one_line(tmp_path: Path, script: str | None, said: str) -> None:
    code, line = expect(tmp_path, script)
    assert code == 2
    assert line.count("\n") == 1
    assert line.startswith(
        f"cassia: error: the pipeline is cassia {OURS}, and `cassia-engine --version` of its tasks ("
    )
    assert line.endswith(f"{said}; do this\n")
    assert "image cassia:1) says: " in line
    assert script is None or str(tmp_path / "cassia-engine") in line


def test_a_kill_says_nothing_of_the_version(tmp_path: Path) -> None:
    assert expect(tmp_path, "kill -9 $$")[0] == 137


@pytest.mark.slow
def test_another_version_starts_nothing_else_and_a_mended_one_goes_on(pipeline: Launcher) -> None:
    pipeline.plan({"--version": ["cassia 9.9.9"]})
    arguments = ("-profile", "test", "--outdir", pipeline.out)
    run = pipeline.run(*arguments)
    assert run.code != 0
    assert pipeline.tasks() == {"VERSION": "FAILED"}
    [line] = [line.strip() for line in run.said.splitlines() if "cassia: error:" in line]
    assert f"the pipeline is cassia {OURS}" in line and "says: cassia 9.9.9; run make" in line
    assert str(pipeline.folder / "stand-in" / "cassia-engine") in line

    pipeline.plan({})
    assert pipeline.run(*arguments, "-resume").code == 0
    assert pipeline.tasks()["VERSION"] == "COMPLETED"
    run = pipeline.run(*arguments, "-resume")
    assert run.code == 0, run.said
    assert set(pipeline.tasks().values()) == {"CACHED"}
    assert "tasks ran with" not in run.said

    # -resume takes the first task's word; what the others then find is said at the end.
    pipeline.plan({"--version": ["cassia 9.9.9"]})
    run = pipeline.run(*arguments, "-resume", "--chunk_size", "6")
    assert run.code == 0, run.said
    assert pipeline.tasks()["VERSION"] == "CACHED"
    assert run.said.count(f"tasks ran with cassia 9.9.9, and the pipeline is {OURS}") == 1


@pytest.mark.slow
def test_a_missing_command_stops_a_stub_run_too(pipeline: Launcher) -> None:
    pipeline.plan({"--version": []})
    run = pipeline.run("-profile", "test", "-stub-run", "--outdir", pipeline.out)
    assert run.code != 0
    assert pipeline.tasks() == {"VERSION": "FAILED"}
    assert "says: nothing; run make" in run.said


@pytest.mark.slow
def test_every_task_has_the_image_that_a_site_names(tmp_path: Path) -> None:
    """The one setting of docs/usage.md: a name for all images, for the first task too."""
    config = tmp_path / "site.config"
    config.write_text("docker { enabled = true; registry = 'images.example/lab' }\n")
    options = ["-profile", "test", "-c", str(config), "--outdir", "out"]
    command = [need("nextflow"), "inspect", str(ROOT), *options]
    env = {**os.environ, "NXF_OFFLINE": "true"}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    found = {task["name"]: task["container"] for task in json.loads(done.stdout)["processes"]}
    modules = {path.parent.name for path in ROOT.glob("modules/local/cassia/*/main.nf")}
    # celltypes is for other pipelines.
    names = ["VERSION", *(f"CASSIA_{name.upper()}" for name in modules - {"celltypes"})]
    assert len(names) == 10
    assert found == dict.fromkeys(names, f"images.example/lab/cassia:{OURS}")
