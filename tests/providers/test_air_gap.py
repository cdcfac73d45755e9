"""With the air gap nothing is connected to but this machine, and no name is looked up."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import cassia_engine
from cassia_engine.callers import Caller, called_from
from cassia_engine.cytetype import http as cytetype_http
from cassia_engine.errors import CassiaError
from cassia_engine.providers import aws_profile
from cassia_engine.providers.accounts import open_account
from cassia_engine.providers.address import check_air_gap
from cassia_engine.providers.faults import Fault, FaultAction
from cassia_engine.providers.network import open_session, proxy_for
from cassia_engine.secret import Secret
from tests.command import cassia
from tests.conftest import EXAMPLES, ROOT
from tests.mock_provider.running import Running
from tests.providers.servers import Scripted, completion, serving
from tests.raising import raises

PBMC = EXAMPLES / "pbmc68k_scanpy.csv"
ABOUT = ("--tissue", "blood", "--species", "human")
ELSEWHERE = ("https://models.example/v1", "http://10.0.0.7:8000/v1", "https://[2001:db8::1]/v1", "http://0.0.0.0:1")
HERE = ("http://127.0.0.1:1", "http://127.1:1", "http://LOCALHOST.:1", "http://[::1]:1", "http://[::ffff:127.0.0.1]:1")


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that the system's resolver is asked for, as it would ask DNS."""
    found: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        if not flags & socket.AI_NUMERICHOST:
            found.append(host)
        return real(host, port, family, type, proto, flags)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return found


async def status_of(url: str, proxy: str | None = None) -> int:
    async with (
        open_session("mock", connections=1, secure=False, air_gap=True) as session,
        session.post(url, data=b"{}", proxy=proxy) as response,
    ):
        return response.status


@pytest.mark.parametrize("url", HERE)
def test_addresses_of_this_machine_are_taken(url: str) -> None:
    check_air_gap(url, "--base_url")


@pytest.mark.parametrize("url", [*ELSEWHERE, "http://localhost.example", "http://[::ffff:10.0.0.7]:1", "http://[bad"])
def test_other_addresses_are_refused(url: str) -> None:
    with raises("air-gap"):
        check_air_gap(url, "--base_url")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST.", "[::ffff:127.0.0.1]"])
def test_a_session_connects_to_this_machine_by_all_its_names(host: str, looked_up: list[str]) -> None:
    server = Scripted([(200, completion())])

    async def main() -> int:
        async with serving(server) as url:
            return await status_of(url.replace("127.0.0.1", host, 1))

    assert asyncio.run(main()) == 200
    assert looked_up == []


@pytest.mark.parametrize("url", ["http://models.example/v1", "http://192.0.2.1/v1", "http://[2001:db8::1]/v1"])
@pytest.mark.parametrize("as_proxy", [False, True])
def test_a_session_refuses_all_else_before_it_connects(
    url: str, as_proxy: bool, looked_up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was checked before it, as an address that a CyteType server names for an upload was not."""

    def make(*given: Any, **more: Any) -> Any:
        raise AssertionError(f"a socket was made: {given}, {more}")

    loop = asyncio.new_event_loop()  # which has sockets of its own
    monkeypatch.setattr(socket, "socket", make)
    try:
        with called_from(Caller.COMMAND), pytest.raises(Fault) as caught:
            loop.run_until_complete(status_of("http://127.0.0.1:9/v1" if as_proxy else url, url if as_proxy else None))
    finally:
        monkeypatch.undo()
        loop.close()
    assert caught.value.action is FaultAction.ABORT_RUN
    assert "is not this machine, and --air_gap lets nothing leave it" in str(caught.value)
    assert looked_up == []


def test_proxies_elsewhere_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://127.0.0.1:1/v1"
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    with called_from(Caller.COMMAND):
        with raises("air-gap", "--proxy", "10.0.0.1"):
            proxy_for(url, "http://10.0.0.1:3128", False, True)
        with raises("air-gap", "--trust_env", "proxy.example"):
            proxy_for(url, None, True, True)
    assert proxy_for(url, None, False, True) is None
    assert proxy_for(url, "http://127.0.0.1:3128", True, True) == "http://127.0.0.1:3128"
    assert proxy_for(url, None, True, False) == "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        (("--provider", "openai"), ("--provider openai", "api.openai.com")),
        (("--provider", "https://models.example/v1", "--model", "m"), ("models.example",)),
        (("--provider", "ollama", "--model", "m", "--base_url", "https://10.0.0.7:1"), ("10.0.0.7",)),
        (("--provider", "ollama", "--model", "m", "--proxy", "http://proxy.example:1"), ("--proxy", "proxy.example")),
    ],
)
def test_a_run_is_refused_before_anything_is_read(
    arguments: tuple[str, ...], values: tuple[str, ...], tmp_path: Path, looked_up: list[str]
) -> None:
    """Not even the table, which is not there."""
    for command in (("run",), ("boost", "--cluster", "1"), ("subcluster", "--major_cluster", "T cell")):
        done = cassia(command[0], tmp_path / "none.csv", *command[1:], *ABOUT, *arguments, "--air_gap", cwd=tmp_path)
        assert done.returncode == 2
        [line] = done.stderr.splitlines()
        assert all(value in line for value in (*values, "is not this machine, and --air_gap lets nothing leave it"))
    assert looked_up == [] and list(tmp_path.iterdir()) == []


def test_other_commands_refuse_addresses_elsewhere(tmp_path: Path, looked_up: list[str]) -> None:
    data = tmp_path / "none.h5ad"
    for arguments in (
        ("submit", data, "--api_url", "https://cytetype.example", "--allow_upload"),
        ("submit", data, "--api_url", "http://127.0.0.1:1", "--proxy", "http://proxy.example:1", "--allow_upload"),
        ("providers", "--check", "https://models.example/v1", "--model", "m"),
    ):
        done = cassia(*arguments, "--air_gap", cwd=tmp_path)
        assert (done.returncode, "lets nothing leave it" in done.stderr) == (2, True), done.stderr
    assert looked_up == [] and list(tmp_path.iterdir()) == []


def test_a_server_cannot_send_an_upload_elsewhere(monkeypatch: pytest.MonkeyPatch, looked_up: list[str]) -> None:
    async def main() -> None:
        async with cytetype_http.Http("http://127.0.0.1:1", Secret("token"), air_gap=True) as http:
            await http.put_elsewhere("https://storage.example/x?signature=1", b"x", 5.0)  # type: ignore[arg-type]

    with pytest.raises(CassiaError, match=r"storage\.example is not this machine") as caught:
        asyncio.run(main())
    assert caught.value.code == "cytetype-address"
    assert "signature" not in str(caught.value) and looked_up == []


def test_without_a_model_the_air_gap_is_taken(tmp_path: Path) -> None:
    done = cassia("run", PBMC, *ABOUT, "--air_gap", "--outdir", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("out/*_summary.csv"))


def test_no_keys_are_asked_for_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As botocore does for a profile; nor where requests are only shown."""

    def ask(*_: Any) -> Any:
        raise AssertionError("botocore was asked")

    monkeypatch.setattr(aws_profile, "find_keys", ask)
    monkeypatch.setenv("AWS_PROFILE", "lab")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    for name in ("AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    for url, code in ((None, "air-gap"), ("http://127.0.0.1:1", "key-of-other-host")):
        with raises(code):
            open_account("bedrock", base_url=url, air_gap=True)
    done = cassia("run", PBMC, *ABOUT, "--provider", "bedrock", "--show_egress", cwd=tmp_path)
    assert (done.returncode, "Authorization: " in done.stdout) == (0, True), done.stderr


def test_python_takes_it_too() -> None:
    table = {"cluster": ["a"], "gene": ["CD3D"]}
    with raises("air-gap", "air_gap=True"):
        cassia_engine.annotate(
            table, tissue="blood", species="human", provider="openai", air_gap=True, show_progress=False
        )
    with raises("air-gap"):
        open_account("anthropic", key=Secret("k"), air_gap=True)


def test_a_model_here_is_asked(quiet: Running, tmp_path: Path, looked_up: list[str]) -> None:
    asked = ("--provider", "custom", "--base_url", f"{quiet.url}/v1".replace("127.0.0.1", "localhost"))
    done = cassia("run", PBMC, *ABOUT, *asked, "--model", "mock", "--air_gap", "--outdir", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert looked_up == []


@pytest.mark.slow
def test_no_packet_leaves(tmp_path: Path) -> None:
    """In a network namespace without a way out, with a listener and a DNS server that count who comes."""
    if problem := _without_namespaces():
        if os.environ.get("CI") == "true":
            pytest.fail(problem)
        pytest.skip(problem)
    child = [sys.executable, "-m", "tests.providers.without_network", str(tmp_path)]
    done = subprocess.run(["unshare", "-n", "-m", *child], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    run = found["run"]
    assert (run["code"], run["connections"], run["queries"]) == (0, 0, 0), run
    assert run["calls"] > 0 and run["clusters"] > 0
    for name in ("address", "name", "proxy"):
        kept, free = found[name]
        assert (kept["code"], kept["connections"], kept["queries"]) == (2, 0, 0), kept
        # The same without the air gap: both are heard.
        assert free["connections"] + free["queries"] > 0, free
    assert found["session"] == {"faults": 3, "connections": 0, "queries": 0}


def _without_namespaces() -> str:
    if not shutil.which("unshare"):
        return "unshare is not there"
    tried = subprocess.run(["unshare", "-n", "-m", "true"], capture_output=True, text=True)
    return "" if tried.returncode == 0 else f"no network namespace can be made: {tried.stderr.strip()}"
