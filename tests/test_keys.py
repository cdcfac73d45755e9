"""A canary for a key: whatever goes wrong, it is in no file, no line, no exception and no list of processes."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import cassia_engine
import cassia_engine.cli
from cassia_engine.errors import CassiaError
from cassia_engine.providers.client import Client
from cassia_engine.providers.retry_policy import RetryPolicy
from cassia_engine.providers.transport import Transport
from tests.mock_provider.answers import answer
from tests.mock_provider.faults import FAULTS
from tests.mock_provider.running import Running
from tests.providers.servers import completion, everything_of, serving
from tests.reading import Page

# With marks that JSON and patterns have other ways to write.
CANARY = "canary-/3f9c+key.0123456789"
PATH_KEY = "canary-3f9c-key-0123456789"
PASSWORD = "canary-hunter2"
QUICK = RetryPolicy(attempts=2, backoff=0.001, pause=0.001, longest_pause=0.01, max_wait=0.05)
ABOUT: dict[str, Any] = {"tissue": "blood", "species": "human"}
DIALECTS = {"custom": "/v1", "anthropic": "", "ollama": ""}
# All that Python can be told to tell.
LOUD = """
import asyncio.base_events as loops, logging, sys
first = loops.BaseEventLoop.__init__
def noisy(self):
    first(self)
    self.slow_callback_duration = 0.0
loops.BaseEventLoop.__init__ = noisy
logging.basicConfig(level=logging.DEBUG)
{more}
from cassia_engine.cli import main
main()
"""


MOCK = {"require_key": ""}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text('cluster,markers\nA,"CD3D,CD3E,TRAC,IL7R,CD2"\n')
    return path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No long waits, and all files in the test's folder."""
    for function, name, value in ((Client.__init__, "retry_policy", QUICK), (Transport.__init__, "total", 0.3)):
        assert function.__kwdefaults__
        monkeypatch.setitem(function.__kwdefaults__, name, value)
    monkeypatch.chdir(tmp_path)


def first_of(names: Iterable[str], quick: Collection[str]) -> list[Any]:
    """All of the names for a test, of which only the quick ones are tried where time is short."""
    return [pytest.param(name, marks=[] if name in quick else pytest.mark.slow) for name in names]


def assert_unknown(folder: Path, *shown: str, secret: str = CANARY) -> None:
    """No file below the folder, by its name or its bytes, and no text has the secret, or much of it."""
    piece = secret[:12]
    for text in shown:
        assert piece not in text
    for path in folder.rglob("*"):
        assert piece not in path.name
        assert not path.is_file() or piece.encode() not in path.read_bytes(), path
        if path.name.endswith("_report.html"):  # what is packed in it
            assert piece not in Page(path.read_text(encoding="utf-8")).everything()


def told_of(ask: Callable[[], Any]) -> str:
    """What is raised, with all that hangs on it, "" if nothing is."""
    try:
        return repr(ask())
    except CassiaError as error:
        return everything_of(error)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("fault", first_of(FAULTS, {"echo_key", "echo_key_500", "html_403", "reset", "drip", "null"}))
def test_no_fault_shows_the_key(
    mock: Running, tmp_path: Path, table: Path, fault: str,
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    names = DIALECTS if fault.startswith("echo") else ["custom"]
    told = [
        told_of(
            lambda name=name: cassia_engine.annotate(  # type: ignore[misc]
                table, provider=name, base_url=mock.url + DIALECTS[name], model=f"mock-fault-{fault}",
                api_key=CANARY, output_name=tmp_path / f"out_{name}" / "s", max_workers=2, **ABOUT,
            )
        )
        for name in names
    ]  # fmt: skip
    assert list((tmp_path / "out_custom").glob("*_report.html"))
    assert_unknown(tmp_path, caplog.text, *capfd.readouterr(), *told)


def _plain(key: str) -> str:
    return key


def _escaped(key: str) -> str:
    return "".join(f"\\u{ord(letter):04X}" for letter in key)


def _slashed(key: str) -> str:
    return key.replace("/", "\\/").replace("+", "\\u002b")


def _zero_width(key: str) -> str:
    return "\u200b".join(key)


def _control_characters(key: str) -> str:
    return "\\u0001".join(key)


def _base64(key: str) -> str:
    return base64.b64encode(f"Bearer {key}".encode()).decode()


def _percent(key: str) -> str:
    return "".join(f"%{ord(letter):02X}" for letter in key)


def _backwards(key: str) -> str:
    return key[::-1]


def _bold(key: str) -> str:
    """Which the cleaning of markup puts together again."""
    return "".join(f"**{letter}**" for letter in key)


def _in_tags(key: str) -> str:
    return "".join(f"<i>{letter}</i>" for letter in key)


def _numbers(key: str) -> str:
    return str(list(key.encode()))


def _hexadecimal(key: str) -> str:
    return key.encode().hex()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("write", "status"),
    [
        *itertools.product(
            [_plain, _escaped, _slashed, _zero_width, _control_characters, str.upper], [200, 400, 401, 429, 500]
        ),
        *itertools.product([_base64, _percent, _backwards, _hexadecimal, _bold, _in_tags, _numbers], [200, 401]),
    ],
)
def test_a_provider_that_sends_the_key_back_does_not_get_it_written_down(
    tmp_path: Path, table: Path, write: Callable[[str], str], status: int,
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """In every place: headers, names, and each text of an annotation that is taken."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setitem(Transport.__init__.__kwdefaults__, "total", 20.0)  # type: ignore[arg-type]
    mark, seen = "@here@", []

    async def echo(request: web.BaseRequest) -> web.Response:
        asked = json.loads(await request.read())
        key = request.headers["authorization"].removeprefix("Bearer ")
        seen.append(key)
        said = json.loads(_answer(asked))
        text = json.dumps(
            {name: f"{value} {mark}" if isinstance(value, str) else value for name, value in said.items()}
        )
        body = completion(text, id=mark, system_fingerprint=mark, **{mark: mark})
        if status != 200:
            body = {"error": {"message": f"no: {mark}", "code": mark, "type": mark, "param": mark}}
        raw = json.dumps(body).replace(mark, write(key)).encode()
        return web.Response(body=raw, status=status, headers={"x-key": key, "content-type": "application/json"})

    async def main() -> str:
        async with serving(echo) as url:
            try:
                frame = await cassia_engine.annotate_async(
                    table, provider=url, model="mock", api_key=CANARY, output_name=tmp_path / "out" / "s", **ABOUT
                )
            except CassiaError as error:
                return everything_of(error)
            return str(frame.to_csv())

    told = asyncio.run(main())
    assert seen and set(seen) == {CANARY}
    shown = (caplog.text, *capfd.readouterr(), told)
    assert_unknown(tmp_path, *shown)
    if len(written := write(CANARY)[16:]) > 20:  # what stands before is "Bearer" in base64
        assert_unknown(tmp_path, *shown, secret=written)
    if status == 200:
        [line] = [line for line in told.splitlines() if line.startswith("0,A")]
        assert "annotated" in line
        assert "***" in (tmp_path / "out" / "s_full.csv").read_text()


def test_a_key_in_the_path_of_a_url_is_written_nowhere(
    tmp_path: Path, table: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    paths = []

    async def gateway(request: web.BaseRequest) -> web.Response:
        paths.append(request.path)
        return web.json_response(completion(_answer(json.loads(await request.read()))))

    async def main() -> list[str]:
        async with serving(gateway) as url:
            base = f"{url.removesuffix('/v1')}/{PATH_KEY}/v1"
            return [
                (
                    await cassia_engine.annotate_async(
                        table, provider=base, model="mock", api_key=PATH_KEY,
                        output_name=tmp_path / f"out{number}" / "s", journal_dir=tmp_path / "journal", **ABOUT,
                    )
                ).to_csv()
                for number in range(2)
            ]  # fmt: skip

    told = asyncio.run(main())
    assert paths == [f"/{PATH_KEY}/v1/chat/completions"], "the second run asks nothing"
    assert told[0] == told[1]
    said = [record.getMessage() for record in caplog.records if record.name.startswith("cassia_engine")]
    assert "1 of 1 answers are from the journal; 0 calls were sent" in said
    assert_unknown(tmp_path, *said, *told, secret=PATH_KEY)
    assert any("/***/v1" in path.read_text() for path in (tmp_path / "journal").rglob("*.jsonl"))


def _answer(asked: dict[str, Any]) -> str:
    """What the mock says to a request."""
    turns = [(turn["role"], turn["content"]) for turn in asked["messages"]]
    kind = "cassia_validation" if "cassia_validation" in turns[0][1] else "cassia_annotation"
    return answer(kind, turns[1:])


def loud(tmp_path: Path, more: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "CUSTOM_API_KEY": CANARY, "PYTHONFAULTHANDLER": "1", "PYTHONASYNCIODEBUG": "1"}
    argv = [sys.executable, "-X", "dev", "-c", LOUD.format(more=more), *map(str, arguments)]
    return subprocess.run(argv, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60)


def asked(url: str, model: str) -> list[str]:
    return ["--tissue", "blood", "--species", "human", "--provider", f"{url}/v1", "--model", model]


@pytest.mark.parametrize("model", first_of(["mock", "mock-fault-echo_key", "mock-fault-reset-once"], {"mock"}))
def test_python_told_to_tell_all_tells_no_key(mock: Running, tmp_path: Path, table: Path, model: str) -> None:
    done = loud(tmp_path, "", "run", table, *asked(mock.url, model))
    assert "asyncio" in done.stderr
    assert done.returncode == (77 if "echo" in model else 0), done.stderr
    assert_unknown(tmp_path, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "place",
    first_of(
        [
            "cassia_engine.providers.response_bodies.read_stream",
            "cassia_engine.providers.response_bodies._text",
            "cassia_engine.providers.attempts.Attempts._read",
            "cassia_engine.journal.recorded.Journal.write",
            "cassia_engine.stages.run.merge",
        ],
        {"cassia_engine.providers.response_bodies.read_stream"},
    ),
)
def test_a_fault_of_our_own_shows_no_key(mock: Running, tmp_path: Path, table: Path, place: str) -> None:
    module, _, name = place.rpartition(".")
    crash = f"""
import importlib
def broken(*arguments, **named):
    raise RuntimeError(f"broken: {{arguments!r}} {{named!r}}")
path = "{module}"
try:
    owner = importlib.import_module(path)
except ImportError:
    outer, _, inner = path.rpartition(".")
    owner = getattr(importlib.import_module(outer), inner)
setattr(owner, "{name}", broken)
"""
    done = loud(tmp_path, crash, "run", table, *asked(mock.url, "mock"))
    assert done.returncode == 70, done.stderr
    assert "broken" in done.stderr
    assert_unknown(tmp_path, done.stdout, done.stderr)


def test_a_traceback_shows_no_key_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError(f"broken with {os.environ['CUSTOM_API_KEY']}")

    monkeypatch.setenv("CUSTOM_API_KEY", CANARY)
    monkeypatch.setattr("cassia_engine.cli.app.cassia.main", broken)
    assert cassia_engine.cli._run() == 70
    told = capsys.readouterr().err
    assert "RuntimeError: broken with ***" in told and CANARY[:12] not in told


@pytest.mark.parametrize(
    "fault", first_of(["echo_key", "echo_key_400", "echo_key_500", "redirect", "html_403", "cut"], {"echo_key"})
)
def test_the_check_of_a_provider_shows_no_key(mock: Running, tmp_path: Path, fault: str) -> None:
    done = loud(
        tmp_path, "", "providers", "--check", f"{mock.url}/v1", "--model", f"mock-fault-{fault}"
    )  # fmt: skip
    assert done.returncode in (2, 75, 77), done.stderr
    assert_unknown(tmp_path, done.stdout, done.stderr)


def test_the_list_of_processes_does_not_have_the_key(mock: Running, tmp_path: Path, table: Path) -> None:
    mock.post("/reset")
    mock.post("/hold", {"after": 1})
    argv = [sys.executable, "-m", "cassia_engine", "run", str(table), *asked(mock.url, "mock")]
    environ = {**os.environ, "CUSTOM_API_KEY": CANARY}
    with subprocess.Popen(argv, cwd=tmp_path, env=environ, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        mock.wait_for("held", 1)
        line = Path(f"/proc/{process.pid}/cmdline")
        shown = line.read_text() if line.exists() else ""
        mock.post("/release")
        said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert_unknown(tmp_path, shown, *(part.decode() for part in said))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("status", [200, 403, 407, 502])
def test_the_password_of_a_proxy_is_written_nowhere(
    tmp_path: Path, table: Path, status: int, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    seen = []

    async def proxy(request: web.BaseRequest) -> web.Response:
        seen.append(request.headers.get("proxy-authorization", ""))
        text = _answer(json.loads(await request.read()))
        return web.json_response(completion(text) if status == 200 else {"error": "no"}, status=status)

    async def main() -> str:
        async with serving(proxy) as url:
            way = url.removesuffix("/v1").replace("http://", f"http://me:{PASSWORD}@")
            try:
                frame = await cassia_engine.annotate_async(
                    table, provider="http://127.0.0.1:9/v1", model="mock", proxy=way,
                    output_name=tmp_path / "out" / "s", **ABOUT,
                )  # fmt: skip
            except CassiaError as error:
                return everything_of(error)
            return str(frame.to_csv())

    told = asyncio.run(main())
    assert seen and all(header.startswith("Basic ") for header in seen)
    assert_unknown(tmp_path, caplog.text, *capfd.readouterr(), told, secret=PASSWORD)


def test_settings_show_neither_key_nor_password() -> None:
    from cassia_engine.secret import Secret
    from cassia_engine.settings import AnnotateSettings

    shown = repr(AnnotateSettings("openrouter", api_key=Secret(CANARY), proxy=f"http://me:{PASSWORD}@proxy:3128"))
    assert CANARY not in shown
    assert PASSWORD not in shown
