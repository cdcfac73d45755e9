"""The scripts that bring executors up: never where nobody asked for it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.executors.engines import HERE, bring_up

SCRIPTS = sorted(path.name for path in HERE.glob("*-up"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_uninvited_nothing_is_installed_or_started(name: str, tmp_path: Path) -> None:
    asked = {"CI", "CASSIA_TEST_EXECUTORS"}
    env = {key: value for key, value in os.environ.items() if key not in asked}
    state = tmp_path / "state"
    env["CASSIA_EXECUTORS_DIR"] = str(state)
    done = subprocess.run([HERE / name], env=env, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, state.exists()) == (1, "", False)
    assert "here is no CI=true or CASSIA_TEST_EXECUTORS=1" in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_is_missing_fails_on_ci_and_is_skipped_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As somebody who is not root."""
    user = tmp_path / "id"
    user.write_text("#!/bin/sh\necho 1000\n")
    user.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("CASSIA_TEST_EXECUTORS", "1")
    for ci, outcome in (("true", pytest.fail.Exception), ("", pytest.skip.Exception)):
        monkeypatch.setenv("CI", ci)
        with pytest.raises(outcome, match=r"podman: .* here is no root"):
            bring_up("podman")
