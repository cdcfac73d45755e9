"""`cassia submit DATA.h5ad`: files, job, and the outputs of every run; or a result file for each chunk file."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from cassia_engine.cytetype import polling
from cassia_engine.cytetype.job_file import held
from tests.command import cassia
from tests.cytetype.runs import TOKEN
from tests.cytetype_server.running import Running
from tests.h5ad.files import Small

ALLOWED = ("--allow_upload", "--poll_interval", "0", "--n_top_genes", "4")
ENDS = ("_job.json", "_query.json", "_results.json")
ARTIFACTS = ["pbmc_obs.duckdb", "pbmc_vars.h5"]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "FIRST_S", 0.0)
    monkeypatch.setenv("CYTETYPE_AUTH_TOKEN", TOKEN)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = Small().write(tmp_path / "pbmc.h5ad")
    with h5py.File(path, "r+") as file:
        file["X"] = np.arange(64, dtype=np.float32).reshape(8, 8) % 3 / 2
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "pbmc_summary.csv").open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def test_results_become_the_outputs_of_every_run(server: Running, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ("submit", data, "--api_url", server.url, "--study_context", "human blood", "--outdir", out)
    done = cassia(*command, *ALLOWED)
    assert done.returncode == 0, done.stderr
    assert {"pbmc_results.json", "pbmc_query.json", "pbmc_job.json", *ARTIFACTS} <= names(out)
    printed = {Path(line) for line in done.stdout.splitlines()}
    assert printed <= set(out.iterdir()) and {"pbmc_summary.csv", "pbmc_report.html"} <= {path.name for path in printed}
    found = {row["Cluster ID"]: row["Predicted Detailed Cell Type"] for row in rows(out)}
    assert found == {"B": "B cell", "T": "T cell"}
    assert "hypotheses of the CyteType server 127.0.0.1" in (out / "pbmc_report.html").read_text()
    assert server.content("vars_h5") == (out / "pbmc_vars.h5").read_bytes()
    said = done.stderr.index("sent to 127.0.0.1: marker genes, percent expressed, shares of metadata")
    assert said < done.stderr.index("was submitted")
    assert TOKEN not in done.stderr + "".join(path.read_bytes().decode("latin-1") for path in out.iterdir())


def test_nothing_is_written_or_sent_without_leave(server: Running, data: Path, tmp_path: Path) -> None:
    done = cassia("submit", data, "--api_url", server.url, "--outdir", tmp_path / "out")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{data} would be sent to 127.0.0.1" in done.stderr
    assert server.calls() == [] and not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["pbmc_report.html", "pbmc_results.json", "pbmc_vars.h5"])
def test_nothing_is_sent_where_the_outputs_cannot_be_written(
    server: Running, data: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "out" / name).mkdir(parents=True)
    done = cassia("submit", data, "--api_url", server.url, *ALLOWED, "--outdir", tmp_path / "out")
    assert done.returncode == 2
    assert f"{name}: a folder has this name, and an output needs it" in done.stderr
    assert server.calls() == []


def test_a_missing_token_is_said_before_anything_is_written(
    server: Running, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("CYTETYPE_AUTH_TOKEN")
    done = cassia("submit", data, "--api_url", server.url, *ALLOWED, "--outdir", tmp_path / "out")
    assert (done.returncode, (tmp_path / "out").exists()) == (77, False)


def test_a_token_that_cannot_be_sent_is_said_before_anything_is_written(
    server: Running, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CYTETYPE_AUTH_TOKEN", "schlüssel")
    done = cassia("submit", data, "--api_url", server.url, *ALLOWED, "--outdir", tmp_path / "out")
    assert (done.returncode, (tmp_path / "out").exists(), server.calls()) == (77, False, [])


def test_an_upload_goes_on_with_the_files_that_there_are(server: Running, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ("submit", data, "--api_url", server.url, *ALLOWED, "--outdir", out)
    server.set(rules=[{"call": "initiate", "kind": "obs_duckdb", "fault": "error:ACCESS_DENIED"}])
    first = cassia(*command)
    assert first.returncode != 0
    partial = out / ".pbmc_vars.h5.a1b2c3.part"
    partial.touch()  # of a process that was killed
    before = {name: (out / name).stat().st_mtime_ns for name in ARTIFACTS}
    done = cassia(*command, "--resume")
    assert done.returncode == 0, done.stderr
    assert not partial.exists()
    assert (out / "pbmc_vars.h5").stat().st_mtime_ns == before["pbmc_vars.h5"]
    assert set(server.chunk_counts().values()) == {1}
    assert server.calls().count("annotate") == 1


def test_files_that_another_process_sends_are_left_alone(server: Running, data: Path, tmp_path: Path) -> None:
    with held(tmp_path / "pbmc_job.json"):
        done = cassia("submit", data, "--api_url", server.url, *ALLOWED, "--resume", "--outdir", tmp_path)
    assert (done.returncode, server.calls()) == (2, [])
    assert "another process is at work with this job" in done.stderr
    assert not set(ARTIFACTS) & names(tmp_path)


def test_a_job_that_the_server_has_needs_no_files(server: Running, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ("submit", data, "--api_url", server.url, *ALLOWED, "--outdir", out)
    assert cassia(*command, "--job_timeout", "0").returncode in (0, 75)
    for name in ARTIFACTS:
        (out / name).unlink()
    (out / "pbmc_results.json").unlink(missing_ok=True)
    done = cassia(*command, "--resume")
    assert done.returncode == 0, done.stderr
    assert not set(ARTIFACTS) & names(out)
    assert "sent to" not in done.stderr
    assert server.calls().count("annotate") == 1


def test_another_question_is_no_job_to_go_on_with(server: Running, data: Path, tmp_path: Path) -> None:
    command = ("submit", data, "--api_url", server.url, *ALLOWED, "--outdir", tmp_path / "out")
    assert cassia(*command).returncode == 0
    done = cassia(*command, "--resume", "--n_top_genes", "2")
    assert done.returncode == 2
    assert "this job was asked another question" in done.stderr
    assert cassia(*command, "--resubmit", "--n_top_genes", "2").returncode == 0


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


@pytest.mark.parametrize("options", [("--resume", "--study_context", "another"), ("--resume", "--n_top_genes", "2")])
def test_a_job_that_is_refused_here_changes_no_file(
    options: tuple[str, ...], server: Running, data: Path, tmp_path: Path
) -> None:
    command = ("submit", data, "--api_url", server.url, *ALLOWED, "--outdir", tmp_path / "out")
    assert cassia(*command).returncode == 0
    before = contents(tmp_path / "out")
    done = cassia(*command, *options)
    assert (done.returncode, done.stderr.count("asked another question")) == (2, 1)
    assert contents(tmp_path / "out") == before


def test_what_a_job_has_left_stays_until_the_server_has_another(server: Running, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ("submit", data, "--api_url", server.url, *ALLOWED, "--outdir", out)
    other = (*command, "--study_context", "another")
    assert cassia(*command).returncode == 0
    before = contents(out)
    for options in ((), ("--resubmit",)):
        server.set(token="another")
        assert cassia(*other, *options).returncode == 77
        left = contents(out)
        assert {name: left[name][0] for name in left} == {name: before[name][0] for name in before}
    server.set(token="", rules=[{"call": "annotate", "fault": "error:QUOTA_EXCEEDED"}])
    assert cassia(*other).returncode == 77  # with both files uploaded
    assert {name: contents(out)[name] for name in before if name.endswith(("results.json", "query.json"))} == {
        name: before[name] for name in before if name.endswith(("results.json", "query.json"))
    }
    n_events = server.n_events()
    again = cassia(*command, "--resume")  # what the job before has answered
    assert (again.returncode, server.n_events()) == (0, n_events), again.stderr
    assert cassia(*other, "--resume").returncode == 0
    assert json.loads((out / "pbmc_query.json").read_text())["studyInfo"] == "another"
    assert json.loads((out / "pbmc_results.json").read_text())["studyContext"] == "another"
    assert [len(server.seen()["jobs"]), json.loads((out / "pbmc_job.json").read_text())["before"]] == [2, None]


def test_chunk_files_get_result_files(server: Running, data: Path, tmp_path: Path) -> None:
    about = ("--name", "donor1", "--tissue", "blood", "--species", "human", "--additional_info", "fasting")
    split = cassia("split", data, *about, "--chunk_size", "1", "--outdir", tmp_path / "chunks")
    assert split.returncode == 0, split.stderr
    chunks = sorted((tmp_path / "chunks").glob("chunk_*.json"))
    given = [word for chunk in chunks for word in ("--chunks", chunk)]
    job, out = tmp_path / "journal" / "donor1", tmp_path / "out"
    folders = ("--journal_dir", job.parent, "--outdir", out, "--cleanup_artifacts")
    done = cassia("submit", data, "--api_url", server.url, *ALLOWED, *given, *folders)
    assert done.returncode == 0, done.stderr
    assert names(out) == {"chunk_00000.jsonl", "chunk_00001.jsonl"}
    assert {name[:7] + name[15:] for name in names(job)} == {"donor1_" + end for end in ENDS}
    [sent] = server.seen()["jobs"]
    assert sent["request"]["input_data"]["studyInfo"] == "Species: human. Tissue: blood. fasting"
    files = [*chunks, *out.iterdir(), tmp_path / "chunks" / "cells.jsonl"]
    collected = cassia("collect", *files, "--outdir", tmp_path / "end", "--name", "pbmc")
    assert collected.returncode == 0, collected.stderr
    assert [row["Predicted Detailed Cell Type"] for row in rows(tmp_path / "end")] == ["B cell", "T cell"]
    # Another question has another job in the same folder.
    more = cassia("submit", data, "--api_url", server.url, *ALLOWED, *given, *folders, "--resume", "--n_top_genes", "2")
    assert more.returncode == 0, more.stderr
    assert len(names(job)) == 6
    # What a job that has ended has answered is not asked for again.
    before = server.n_events()
    again = cassia("submit", data, "--api_url", server.url, *ALLOWED, *given, *folders, "--resume")
    assert (again.returncode, server.n_events()) == (0, before)
    assert "are taken as they are; --resubmit submits anew" in again.stderr


def test_a_job_that_has_failed_is_followed_by_another_one_in_a_journal(
    server: Running, data: Path, tmp_path: Path
) -> None:
    folders = ("--outdir", tmp_path / "out", "--journal_dir", tmp_path / "journal")
    command = ("submit", data, "--api_url", server.url, *ALLOWED, "--resume", *folders)
    server.set(failed_clusters=["B"])
    assert cassia(*command).returncode == 1
    server.set(failed_clusters=None)
    done = cassia(*command)
    assert done.returncode == 0, done.stderr
    assert "the job job-1 has failed, and another one is submitted in its place" in done.stderr
    assert len(server.seen()["jobs"]) == 2


def test_an_answer_that_cannot_be_read_is_said(server: Running, data: Path, tmp_path: Path) -> None:
    command = ("submit", data, "--api_url", server.url, *ALLOWED, "--outdir", tmp_path / "out", "--resume")
    assert cassia(*command).returncode == 0
    kept = tmp_path / "out" / "pbmc_results.json"
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-20])
    done = cassia(*command)
    assert (done.returncode, kept.read_bytes()) == (0, whole)
    assert f"{kept}: this is no answer of the server, or it is damaged; it is asked for again" in done.stderr
    kept.unlink()
    assert "it is asked for again" not in cassia(*command).stderr


def test_the_option_that_a_job_file_lies_by_is_named(server: Running, data: Path, tmp_path: Path) -> None:
    for name in ("outdir", "journal_dir"):
        server.set(rules=[{"call": "initiate", "kind": "obs_duckdb", "fault": "error:ACCESS_DENIED"}])
        folders = ("--outdir", tmp_path / "outdir", f"--{name}", tmp_path / name)
        command = ("submit", data, "--api_url", server.url, *ALLOWED, *folders)
        assert cassia(*command).returncode == 77
        assert f"--resume, or give another --{name} for another job" in cassia(*command).stderr
        [job_file] = (tmp_path / name).rglob("*_job.json")
        with held(job_file, name):
            assert f"wait for it, or give another --{name}" in cassia(*command).stderr


def test_chunk_files_of_other_data_are_refused(server: Running, data: Path, tmp_path: Path) -> None:
    table = tmp_path / "other.csv"
    table.write_text('cluster,markers\nx,"CD3D,CD3E,TRAC"\n')
    about = ("--tissue", "blood", "--species", "human", "--outdir", tmp_path / "chunks")
    assert cassia("split", table, *about).returncode == 0
    chunk = tmp_path / "chunks" / "chunk_00000.json"
    done = cassia("submit", data, "--api_url", server.url, *ALLOWED, "--chunks", chunk, "--outdir", tmp_path)
    assert done.returncode == 2
    assert "its clusters are not those of the AnnData" in done.stderr
    assert server.calls() == []


def test_messages_advise_options_of_the_command(server: Running, data: Path, tmp_path: Path) -> None:
    command = ("submit", data, "--api_url", server.url, *ALLOWED, "--outdir", tmp_path / "out")
    server.set(token="another")
    assert "(the variable CYTETYPE_AUTH_TOKEN)" in cassia(*command).stderr
    server.set(token="", rules=[{"call": "initiate", "kind": "obs_duckdb", "fault": "error:ACCESS_DENIED"}])
    assert cassia(*command).returncode == 77
    unfinished = cassia(*command).stderr
    assert "--resume, or give another --outdir for another job" in unfinished
    once = [line for line in unfinished.splitlines() if "no cluster in obs" in line]
    assert len(once) == 1


def test_options_of_the_other_kind_are_refused(server: Running, data: Path, tmp_path: Path) -> None:
    query = tmp_path / "pbmc_query.json"
    query.write_text(json.dumps({"markerGenes": {}}))
    where = ("--api_url", server.url, "--allow_upload")
    assert "--group_key is for an AnnData" in cassia("submit", query, *where, "--group_key", "leiden").stderr
    assert "--vars_h5 is for a question" in cassia("submit", data, *where, "--vars_h5", data).stderr
    assert server.calls() == []
