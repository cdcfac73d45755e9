"""docs/server.md, followed: its commands start a server, its clients get labels, its tables name what is there."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cassia_engine import __version__
from cassia_engine.server.answers import STATUS
from cassia_engine.server.metrics import Counts, Metrics
from tests.command import cassia
from tests.conftest import EXAMPLES, ROOT, need_env
from tests.cytetype.client import need_client
from tests.server.processes import Serving, serving

PAGE = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
URL = "http://127.0.0.1:8000"
DATA = "cassia-server"
OWN_CLASS = "from cassia_engine import CyteType"
EXAMPLE = "cassia_engine/data/examples/pbmc68k.h5ad"
CHECK = """
assert "B cell" in set(adata.obs["cytetype_annotation_louvain"])
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


def commands(program: str) -> list[list[str]]:
    """The lines of the page's blocks that call a program."""
    lines = (shlex.split(line) for block in blocks("bash") for line in block.splitlines())
    return [words for words in lines if words[0] == program]


def run(python: Path, code: str, folder: Path) -> str:
    named = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([python, "-c", code], cwd=folder, env=named, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def client(server: Serving, python: Path, folder: Path, module: str) -> None:
    """The page's client, at the server; its report is there."""
    assert OWN_CLASS in PAGE
    [code] = blocks("python")
    code = (
        code.replace(URL, server.url)
        .replace(EXAMPLE, f"{EXAMPLES}/pbmc68k.h5ad")
        .replace("from cytetype import CyteType", f"from {module} import CyteType")
    )
    folder.mkdir()
    said = run(python, code + CHECK, folder)
    report = said.strip().splitlines()[-1]
    assert report.startswith(f"{server.url}/report/")
    status, page = server.call("GET", report.removeprefix(server.url))
    assert status == 200 and "no language model was asked" in page


@pytest.mark.slow
def test_the_page_is_followed(tmp_path: Path) -> None:
    [start, prune] = [words for words in commands("cassia") if words[1] == "serve"]
    assert start == ["cassia", "serve", "--data", DATA]
    with serving(tmp_path / DATA) as server:
        [[_, address], [_, _, method, *_, of_job]] = commands("curl")
        assert server.call("GET", address.removeprefix(URL)) == (200, server.call("GET", "/healthz")[1])
        job = server.submit()
        status, said = server.call(method, of_job.removeprefix(URL).replace("JOB", job))
        assert status == 200 and said["jobStatus"] == server.wait(job)["jobStatus"]
        client(server, need_env("scanpy"), tmp_path / "own", "cassia_engine")
        [submit] = [words for words in commands("cassia") if words[1] == "submit"]
        of_clone = [str(ROOT / word) if word == EXAMPLE else word.replace(URL, server.url) for word in submit[1:]]
        done = cassia(*of_clone, cwd=tmp_path, env={**os.environ, "CYTETYPE_AUTH_TOKEN": "any"})
        assert (done.returncode, (tmp_path / "results" / "pbmc68k_report.html").is_file()) == (0, True), done.stderr
        assert cassia(*prune[1:], cwd=tmp_path).returncode == 0
        [add, listed] = [words for words in commands("cassia") if words[1] == "token"]
        token = cassia(*add[1:], cwd=tmp_path).stdout.strip()
        assert "ada" in cassia(*listed[1:], cwd=tmp_path).stdout
        assert server.call("GET", "/metrics", token="any")[0] == 401
        assert server.call("GET", "/metrics", token=token)[0] == 200
        assert server.call("GET", "/healthz", token="any")[0] == 200


@pytest.mark.slow
def test_the_pages_client_is_cytetypes_own(tmp_path: Path) -> None:
    with serving(tmp_path / DATA) as server:
        client(server, need_client("cytetype"), tmp_path / "released", "cytetype")


def test_the_tables_of_codes_and_metrics_are_whole() -> None:
    rows = re.findall(r"^\| (.+?) \| (\d+) \|", PAGE.split("<!-- codes -->")[1], re.M)
    assert {code: int(status) for codes, status in rows for code in re.findall(r"`(\w+)`", codes)} == STATUS
    text = Metrics().text(Counts({}, {}, 0.0), 0, 0, 0).decode()
    metrics = set(re.findall(r"^# TYPE (cassia_\w+?)(?:_created)? ", text, re.M))
    assert metrics == set(re.findall(r"`(cassia_\w+)`", PAGE))


def test_the_service_lets_runs_go_on_and_waits_longer_than_they_take() -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(blocks("ini")[0])
    service = unit["Service"]
    assert service["KillMode"] == "process" and int(service["TimeoutStopSec"]) > 40
    words = shlex.split(service["ExecStart"])
    assert Path(words[0]).name == "cassia" and cassia(*words[1:], "--help").returncode == 0
    composed: dict[str, Any] = yaml.safe_load((ROOT / "containers" / "compose.yaml").read_text(encoding="utf-8"))
    server = composed["services"]["cassia"]
    assert server["image"] == f"cassia-server:{__version__}" in PAGE
    assert cassia(*server["command"][1:], "--help").returncode == 0
    assert int(server["stop_grace_period"].removesuffix("s")) > 40


def test_the_help_of_a_server_says_who_annotates_by_default() -> None:
    said = " ".join(cassia("serve", "--help").stdout.split())
    assert "[default: (the one whose key is set, else offline)]" in said
