"""The image in podman and docker: what is in it, what is not, and under what restrictions it works."""

from __future__ import annotations

import json
import re
import tarfile
import time
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.executors.engines import BASE, CANARY, HARDENED, UNLISTED, Engine, Up, build_image

pytestmark = pytest.mark.slow

STRICT = (*HARDENED, *UNLISTED, "--network=none")
MOST_ADDED = 330e6
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def inspected(engine: Engine, image: str) -> dict[str, Any]:
    return dict(json.loads(engine.run("image", "inspect", image).stdout)[0])


def test_image_is_small_and_says_what_it_is(engine: Engine) -> None:
    image, base = inspected(engine, engine.image), inspected(engine, BASE)
    assert engine.image == f"cassia:{VERSION}"
    assert 0 < image["Size"] - base["Size"] <= MOST_ADDED
    assert not image["Config"].get("User") and not image["Config"].get("Entrypoint")
    assert "HOME=/tmp" in image["Config"]["Env"]
    labels = {name.rpartition(".")[2]: text for name, text in image["Config"]["Labels"].items()}
    assert (labels["title"], labels["version"], labels["licenses"]) == ("cassia", VERSION, "MIT")
    assert len(labels["revision"]) == 40


def test_image_works_under_restrictions(engine: Engine) -> None:
    assert engine.inside("cassia", "--version", options=STRICT).strip() == f"cassia {VERSION}"
    manifest = (ROOT / "nextflow.config").read_text(encoding="utf-8").split("manifest {", 1)[1]
    assert f"version         = '{VERSION}'" in manifest

    # Every stage but CHECK, in the one folder that can be written to.
    table = "/opt/cassia/lib/python3.11/site-packages/cassia_engine/data/examples/pbmc68k_scanpy.csv"
    run = f"cassia run {table} --name pbmc --tissue blood --species human --outdir /tmp/out >&2 && ls /tmp/out"
    made = engine.inside("bash", "-euc", run, options=STRICT).split()
    assert made == [
        f"pbmc_{kind}"
        for kind in ("conversations.json", "full.csv", "mqc.json", "outcomes_mqc.json", "report.html", "summary.csv")
    ]


def test_image_has_what_tasks_need_and_no_compiler(engine: Engine) -> None:
    looked_for = "bash ps python cc gcc c++ clang make"
    found = engine.inside("bash", "-c", f"for name in {looked_for}; do command -v $name || true; done", options=STRICT)
    assert [Path(line).name for line in found.split()] == ["bash", "ps", "python"]
    assert "PID" in engine.inside("ps", "-e", options=STRICT)
    # Not the base image's: the image brings it.
    assert engine.run("run", "--rm", BASE, "bash", "-c", "command -v ps", check=False).returncode == 1


def test_image_is_byte_compiled(engine: Engine) -> None:
    script = """
import importlib.util, pathlib
sources = list(pathlib.Path("/opt/cassia/lib").rglob("*.py"))
lacking = [str(path) for path in sources if not pathlib.Path(importlib.util.cache_from_source(str(path))).exists()]
print(len(sources), *lacking)
"""
    count, *lacking = engine.inside("python", "-c", script, options=STRICT).split()
    assert (int(count) > 1000, lacking) == (True, [])


def test_server_image_serves_and_stops(podman: Engine) -> None:
    """On this machine's loopback, where it needs no token; with its own command it refuses to start without one."""
    server = build_image(Up("podman", podman.env, True), "server")
    tasks, image = inspected(podman, podman.image), inspected(podman, server.image)
    assert server.image == f"cassia-server:{VERSION}"
    assert 0 < image["Size"] - tasks["Size"] < 10e6
    options = (*HARDENED, "--network=host", "--volume=/data")
    refused = server.run("run", "--rm", *options, server.image, check=False)
    assert (refused.returncode, "cassia token add" in refused.stderr) == (2, True), refused.stderr
    name = server.run(
        "run", "--detach", *options, server.image, "cassia", "serve", "--port", "0", "--data", "/data"
    ).stdout.strip()
    try:
        url = found(server, name, r"serving (http[^\s;]+);")
        with urllib.request.urlopen(f"{url}/healthz", timeout=60) as answer:
            assert json.load(answer) == {"status": "ok", "version": VERSION}
        server.run("stop", "--time", "60", name)
        assert server.run("inspect", "--format", "{{.State.ExitCode}}", name).stdout.strip() == "0"
    finally:
        server.run("rm", "--force", "--volumes", name)


def found(engine: Engine, name: str, pattern: str) -> str:
    """What a container's log has, once it has it."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        logs = engine.run("logs", name)
        if match := re.search(pattern, logs.stdout + logs.stderr):
            return match[1]
        time.sleep(0.1)
    raise AssertionError(f"{pattern} is not in {logs.stdout}{logs.stderr}")


def test_no_key_is_in_a_layer(engine: Engine, tmp_path: Path) -> None:
    """One was in the environment when the image was built."""
    saved = tmp_path / "image.tar"
    engine.run("save", "--output", str(saved), engine.image)
    with tarfile.open(saved) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        # The base image's, and at least ps and the engine.
        assert len(json.load(manifest)[0]["Layers"]) >= 3
        for member in archive:
            content = archive.extractfile(member)
            assert content is None or CANARY.encode() not in content.read(), member.name
