"""`cassia submit`: the command around a job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cassia_engine.cytetype import polling
from tests.command import cassia
from tests.cytetype.runs import INPUT, TOKEN, make_files
from tests.cytetype_server.running import Running

ALLOWED = ("--allow_upload", "--poll_interval", "0")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "FIRST_S", 0.0)
    monkeypatch.setenv("CYTETYPE_AUTH_TOKEN", TOKEN)


@pytest.fixture
def query(tmp_path: Path) -> Path:
    for path in make_files(tmp_path).values():
        path.rename(path.with_name(f"pbmc_{path.name}"))
    path = tmp_path / "pbmc_query.json"
    path.write_text(json.dumps(INPUT))
    return path


def test_the_files_beside_the_question_are_sent_and_the_results_written(server: Running, query: Path) -> None:
    done = cassia("submit", query, "--api_url", server.url, *ALLOWED)
    assert done.returncode == 0, done.stderr
    results = query.with_name("pbmc_results.json")
    assert done.stdout == f"{results}\n"
    assert "only the server's answer is written: summary and report need" in done.stderr
    assert list(json.loads(results.read_text())["annotations"]) == ["0", "1", "7"]
    assert "sent to 127.0.0.1: marker genes, percent expressed, shares of metadata" in done.stderr
    assert server.content("vars_h5") == query.with_name("pbmc_vars.h5").read_bytes()
    assert server.content("obs_duckdb") == query.with_name("pbmc_obs.duckdb").read_bytes()
    assert TOKEN not in done.stderr + "".join(path.read_bytes().decode("latin-1") for path in query.parent.iterdir())


def test_nothing_leaves_without_leave(server: Running, query: Path) -> None:
    done = cassia("submit", query, "--api_url", server.url)
    assert done.returncode == 2
    assert "pbmc_vars.h5 (0.59 MB), pbmc_obs.duckdb (0.131 MB) would be sent to 127.0.0.1" in done.stderr
    assert server.calls() == []


def test_a_job_goes_on_by_resume_and_is_submitted_anew_by_resubmit(server: Running, query: Path) -> None:
    command = ("submit", query, "--api_url", server.url, *ALLOWED)
    server.set(rules=[{"call": "annotate", "fault": "lost"}])
    assert cassia(*command).returncode == 75
    done = cassia(*command, "--resume")
    assert done.returncode == 2
    assert "submit it anew by --resubmit" in done.stderr
    assert cassia(*command, "--resubmit").returncode == 0
    assert cassia(*command, "--resume").returncode == 0
    assert server.calls().count("annotate") == 2


def test_the_question_alone_can_be_sent(server: Running, query: Path, tmp_path: Path) -> None:
    query.with_name("pbmc_vars.h5").unlink()
    command = ("submit", query, "--api_url", server.url, *ALLOWED, "--outdir", tmp_path / "out")
    assert "pbmc_vars.h5: there is no such file" in cassia(*command).stderr
    assert cassia(*command, "--no_artifacts").returncode == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["pbmc_job.json", "pbmc_results.json"]


@pytest.mark.parametrize("name", ["pbmc_results.json", "pbmc_job.json"])
def test_nothing_is_sent_where_the_answer_cannot_be_written(
    server: Running, query: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "out" / name).mkdir(parents=True)
    done = cassia("submit", query, "--api_url", server.url, *ALLOWED, "--outdir", tmp_path / "out")
    assert (done.returncode, done.stderr.splitlines()[-1].count(name), server.calls()) == (2, 1, [])


@pytest.mark.parametrize("text", ["", "[]", "{", '{"markerGenes": 3}', None])
def test_a_file_that_is_no_question_is_refused(server: Running, query: Path, text: str | None) -> None:
    query.unlink()
    if text is not None:
        query.write_text(text)
    done = cassia("submit", query, "--api_url", server.url, *ALLOWED)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert str(query) in done.stderr


def test_a_missing_token_is_said(server: Running, query: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("CYTETYPE_AUTH_TOKEN")
    done = cassia("submit", query, "--api_url", server.url, *ALLOWED)
    assert done.returncode == 77
    assert "CYTETYPE_AUTH_TOKEN" in done.stderr
