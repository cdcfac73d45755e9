"""The server's log: lines of text or JSON, with jobs and requests, without keys."""

from __future__ import annotations

import base64
import json
import logging
import sys
from pathlib import Path

import pytest

from cassia_engine.secret import Secret
from cassia_engine.server.logs import JsonFormatter, TextFormatter
from tests.mock_provider.running import running_mock
from tests.server.processes import serving

KEY = "sk-canary-4b7d9e2f81"


def record(message: str, **more: object) -> logging.LogRecord:
    """A warning, with the traceback of an error that has the key in its text."""
    try:
        raise ValueError(f"401 for {KEY}")
    except ValueError:
        made = logging.LogRecord("cassia_engine.x", logging.WARNING, "x.py", 1, message, None, sys.exc_info())
    made.__dict__ |= more
    return made


def test_a_line_has_no_key_in_any_form() -> None:
    echoed = f"the provider says {KEY}, {base64.b64encode(KEY.encode()).decode()}"
    for formatter in (TextFormatter(lambda job: [Secret(KEY)]), JsonFormatter(lambda job: [Secret(KEY)])):
        line = formatter.format(record(echoed, job="j1", run=0))
        assert "canary" not in line and base64.b64encode(KEY.encode()).decode() not in line
        assert "the provider says ***" in line and "j1" in line and "ValueError: 401 for ***" in line


def test_a_line_about_one_job_has_no_key_of_another() -> None:
    held = {"j1": "sk-another-5c1d77e0a2", "j2": KEY}

    def secrets(job: str | None) -> list[Secret]:
        return [Secret(key) for name, key in held.items() if job in (None, name)]

    made = record(f"{KEY} {held['j1']} {base64.b64encode(held['j1'].encode()).decode()}", job="j1")
    assert TextFormatter(secrets).format(made).startswith("cassia: warning: job j1: *** *** ***")


def test_a_line_of_text_is_as_of_the_command_line() -> None:
    made = record("run 0 failed", job="j1", run=0)
    made.exc_info = None
    assert TextFormatter(lambda job: []).format(made) == "cassia: warning: job j1: run 0 failed"
    assert json.loads(JsonFormatter(lambda job: []).format(made)).keys() == {"time", "level", "message", "job", "run"}


@pytest.mark.slow
def test_each_line_of_a_server_is_a_json_object_that_names_its_job(tmp_path: Path) -> None:
    with running_mock(tmp_path, require_key=KEY) as mock:
        config = {"provider": "openai", "name": "mock", "apiKey": KEY, "baseUrl": f"{mock.url}/v1"}
        with serving(tmp_path / "data", "--log_format", "json") as server:
            job = server.submit(configs=[config])
            assert server.wait(job)["jobStatus"] == "completed"
            assert server.call("GET", f"/status/{'0' * 32}?token={KEY}", token=KEY)[0] == 404
            assert server.stop() == 0
        assert mock.stats()["completed"] > 0
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert all({"time", "level", "message"} <= line.keys() for line in lines)
    assert lines[0]["message"].startswith("serving http://127.0.0.1:")
    assert lines[0]["message"].endswith(
        f"data in {tmp_path / 'data'}; a client that names no model gets marker scoring"
    )
    assert [line["message"] for line in lines if line.get("run") == 0] == ["run 0 starts", "run 0 completed"]
    assert {line["job"] for line in lines if "run" in line or line["message"] == "accepted"} == {job}
    requests = [line for line in lines if "status" in line]
    assert {line["path"] for line in requests} == {"/annotate", "/status/{job_id}"}
    assert {line["job"] for line in requests if line["path"] == "/status/{job_id}"} == {job, "0" * 32}
    assert [line["status"] for line in requests if line.get("job") == "0" * 32] == [404]
    written = [server.log, *(path for path in server.data.rglob("*") if path.is_file())]
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []


def test_what_a_handler_could_not_answer_is_logged_with_its_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cassia_engine.server import jobs
    from tests.server.running import running_app

    async def faulty(*arguments: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(jobs, "status", faulty)
    with running_app(tmp_path / "data") as server:
        answer = server.request("GET", f"/status/{'a' * 32}")
    assert (answer.status, answer.text) == (503, "the server could not answer; its log says why")
    [found] = [one for one in caplog.records if one.exc_info]
    assert json.loads(JsonFormatter(lambda job: []).format(found))["job"] == "a" * 32
