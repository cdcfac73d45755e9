"""/healthz and /metrics over real sockets."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cassia_engine import __version__
from cassia_engine.server.job_runs import NEEDS_KEYS
from cassia_engine.server.starting import check_installed
from tests.raising import raises
from tests.server.running import RunningApp, running_app

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
OWNER = "owner-of-all"


def scraped(server: RunningApp) -> Samples:
    answer = server.request("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def filled(database: sqlite3.Connection) -> None:
    upload = "INSERT INTO uploads (id, owner, kind, size, chunk_size, created, expires, completed) VALUES "
    database.execute(
        f"{upload}('u1', '{OWNER}', 'vars_h5', 1000, 100, 0, 9e9, 1), ('u2', '', 'vars_h5', 50, 9, 0, 9e9, 1)"
    )
    database.execute(f"{upload}('u3', '', 'obs_duckdb', 1000, 100, 0, 9e9, NULL)")
    database.execute("INSERT INTO chunks VALUES ('u3', 0, 100, ''), ('u3', 4, 100, '')")
    database.execute(f"INSERT INTO jobs (id, owner, created) VALUES ('{'a' * 32}', '{OWNER}', 0)")
    run = f"INSERT INTO runs (job_id, number, state, reason, own_keys, created, cost_usd) VALUES ('{'a' * 32}', "
    for number, (state, reason, cost) in enumerate(
        [("completed", "", 0.5), ("completed", "", 0.25), ("failed", "x", None), ("pending", NEEDS_KEYS, None)]
    ):
        database.execute(f"{run} ?, ?, ?, 1, 0, ?)", (number, state, reason, cost))


def test_metrics_count_runs_uploads_and_requests_and_name_nobody(tmp_path: Path) -> None:
    with running_app(tmp_path / "data") as server:
        server.state.database.now(filled)
        assert server.request("GET", "/status/" + "b" * 32).status == 404
        assert server.request("GET", "/status/" + "c" * 32 + "?token=canary-token", token="canary-token").status == 404
        assert server.request("PATCH", "/canary-path").status == 404
        assert server.request("MADEUP", "/canary-path").status == 400
        found = scraped(server)
        text = server.request("GET", "/metrics").text
    runs = {state: value(found, "cassia_runs", state=state) for state in ("completed", "failed", "pending")}
    assert runs == {"completed": 2, "failed": 1, "pending": 0}
    assert value(found, "cassia_runs", state="waiting_for_keys") == 1
    assert value(found, "cassia_runs_at_work") == value(found, "cassia_readers") == 0
    assert value(found, "cassia_cost_usd") == 0.75
    assert value(found, "cassia_uploads", kind="vars_h5", complete="true") == 2
    assert value(found, "cassia_upload_bytes", kind="vars_h5", complete="true") == 1050
    assert value(found, "cassia_upload_bytes", kind="obs_duckdb", complete="false") == 200
    asked = {"method": "GET", "route": "/status/{job_id}", "status": "404"}
    assert value(found, "cassia_http_request_duration_seconds_count", **asked) == 2
    nobody = {"method": "", "route": "none", "status": "404"}
    assert value(found, "cassia_http_request_duration_seconds_count", **nobody) == 1
    for private in ("canary", "MADEUP", OWNER, "a" * 32, "b" * 32):
        assert private not in text


def test_two_applications_have_metrics_of_their_own(tmp_path: Path) -> None:
    with running_app(tmp_path / "a") as first, running_app(tmp_path / "b") as second:
        first.request("GET", "/healthz")
        names = {name for name, labels in scraped(second) if ("route", "/healthz") in labels}
        assert not names


def test_healthz_says_how_the_server_is(tmp_path: Path) -> None:
    with running_app(tmp_path / "data") as server:

        def health() -> tuple[int, str]:
            answer = server.request("GET", "/healthz")
            assert answer.json()["version"] == __version__
            return answer.status, answer.json()["status"]

        assert health() == (200, "ok")
        server.state.database.now(lambda database: database.execute("ALTER TABLE jobs RENAME TO lost"))
        assert health() == (503, "no database")
        server.state.draining.set()
        assert health() == (503, "draining")
        answer = server.request("POST", "/annotate", body={})
        assert (answer.status, answer.headers["content-type"]) == (503, "text/plain; charset=utf-8")


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    check_installed()
    monkeypatch.setattr("cassia_engine.server.starting.find_spec", lambda name: None)
    with raises("server-not-installed", "lz4 and prometheus_client: pip install 'cassia-engine[server]'"):
        check_installed()
