"""The scripts of docs/command.md, as they stand there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.mock_provider.running import Running
from tests.providers.test_program import ANSWERS
from tests.test_llm import ENGINE, rows, run, small

PAGE = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")


def block(heading: str) -> str:
    """The script below a heading."""
    found = re.search(r"```\w+\n(.*?)```", PAGE.split(f"### {heading}\n", 1)[1], re.DOTALL)
    assert found
    return found[1]


def saved(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def command(folder: Path, line: str, model: str = "mock") -> list[str]:
    about = ["--tissue", "blood", "--species", "human", "--outdir", "out", "--controls", "0"]
    asked = ["--provider", "command", "--command", line, "--model", model]
    return [*ENGINE, "run", str(small(folder, 1)), *about, *asked]


def test_a_person(tmp_path: Path) -> None:
    saved(tmp_path, "answer.py", ANSWERS)
    saved(tmp_path, "person.sh", block("A person"))
    # The person reads each question as it appears, and writes the reply.
    person = (
        "while :; do until [ -s question.json ]; do sleep 0.05; done; "
        f"mv question.json q; {sys.executable} answer.py <q >r; mv r reply.json; done"
    )
    answering = subprocess.Popen(["sh", "-c", person], cwd=tmp_path, start_new_session=True)
    try:
        done = run(command(tmp_path, "./person.sh"), tmp_path)
    finally:
        os.killpg(answering.pid, 9)
        answering.wait()
    assert done.returncode == 0, done.stderr
    assert [row["Status"] for row in rows(tmp_path / "out")] == ["annotated"]


def test_a_gateway(quiet: Running, tmp_path: Path) -> None:
    saved(tmp_path, "gateway.py", block("A gateway of your site"))
    environ = {"GATEWAY_URL": f"{quiet.url}/v1/chat/completions", "GATEWAY_TOKEN": "t"}
    line = f"{sys.executable} gateway.py"
    done = run(command(tmp_path, line), tmp_path, **environ)
    assert done.returncode == 0, done.stderr
    [row] = rows(tmp_path / "out")
    assert row["Status"] == "annotated"
    assert int(row["Input Tokens"]) > 500
    done = run(command(tmp_path, line, "mock-fault-401"), tmp_path, **environ)
    assert done.returncode == 77
    assert "exit code 77: the gateway answered 401" in done.stderr


def test_an_agent_reads_one_prompt(tmp_path: Path) -> None:
    if not shutil.which("jq"):
        pytest.skip("jq is not there")
    path = saved(tmp_path, "agent.sh", block("The command line of a coding agent"))
    turns = [{"role": "user", "text": "one"}, {"role": "assistant", "text": "two"}, {"role": "user", "text": "three"}]
    asked = json.dumps({"system": "Role.", "messages": turns})
    done = subprocess.run([path, "cat"], input=asked, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "Role.\n\n[user]\none\n\n[assistant]\ntwo\n\n[user]\nthree\n"
