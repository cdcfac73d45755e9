"""Jobs of `cassia serve` over real sockets and processes."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from cassia_engine.server import jobs
from cassia_engine.server.specs import PROGRESS
from tests.mock_provider.running import Running, running_mock
from tests.server.job_rows import add_job
from tests.server.processes import MARKERS, Serving, question, serving
from tests.server.running import running_app

JOB = "a" * 32
MODEL = ("--provider", "custom", "--model", "mock", "--validator_involvement", "v1")


def of_mock(mock: Running) -> tuple[str, ...]:
    return (*MODEL, "--base_url", f"{mock.url}/v1")


def test_a_job_is_annotated_offline_and_its_results_have_the_ids_of_the_question(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        job = server.submit(
            question({"0": MARKERS["1"], "7_0": MARKERS["2"]}, clusterLabels={"0": "=A1", "7_0": "B, c"})
        )
        assert server.wait(job) == {
            "jobStatus": "completed",
            "clusterStatus": {"0": "completed", "7_0": "completed"},
        }
        found = server.results(job)
        annotations = {cluster: one["latest"]["annotation"] for cluster, one in found["annotations"].items()}
        assert {cluster: one["clusterId"] for cluster, one in annotations.items()} == {"0": "0", "7_0": "7_0"}
        assert "monocyte" in annotations["0"]["annotation"]
        assert "B cell" in annotations["7_0"]["annotation"]
        assert annotations["0"]["fullOutput"]["cellType"]["keySupportingGenes"] == annotations["0"]["supportingMarkers"]
        assert sorted(cluster for one in found["clusterCategories"] for cluster in one["clusterIds"]) == ["0", "7_0"]
        assert found["studyContext"] == "Human blood"
        status, page = server.call("GET", f"/report/{job}")
        assert status == 200
        assert page.startswith("<!DOCTYPE html>")
        assert (
            "additional_info was not read" not in page
        )  # nobody gave that: species and tissue were taken from the study
        # Whatever is wrong with one request, the next is answered.
        assert server.call("POST", f"/reannotate?job_id={job}&cluster_id=0&feedback=look")[1]["error_code"] == (
            "INVALID_REQUEST"
        )


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ([], "INVALID_REQUEST", "request to annotate"),
        ({}, "INVALID_REQUEST", "input_data"),
        ({"input_data": {}}, "INVALID_REQUEST", "markerGenes"),
        ({"input_data": {"markerGenes": {}}}, "INVALID_REQUEST", "no cluster"),
        ({"input_data": {"markerGenes": {"0": {"CD3D": 1}}}}, "INVALID_REQUEST", "input_data"),
        ({"input_data": question(), "uploaded_files": {"vars_h5": "0" * 32}}, "UPLOAD_NOT_FOUND", "vars_h5"),
        ({"input_data": question(), "uploaded_files": {"other": "x"}}, "INVALID_REQUEST", "uploaded_files"),
        ({"input_data": question(), "llm_configs": [{"provider": "openai"}]}, "LLM_VALIDATION_FAILED", "'name'"),
        (
            {"input_data": question(), "llm_configs": [{"provider": "opena", "name": "m", "apiKey": "k"}]},
            "LLM_VALIDATION_FAILED",
            "openai",
        ),
    ],
)
def test_a_request_that_cannot_be_worked_on_is_refused(
    body: object, code: str, said: str, shared_server: Serving
) -> None:
    status, answer = shared_server.call("POST", "/annotate", body)
    assert answer["error_code"] == code
    assert said in answer["message"]
    assert "\n" not in answer["message"]
    assert 400 <= status < 500


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("server") / "data") as server:
        yield server


@pytest.mark.parametrize("path", ["/status/{}", "/results/{}", "/report/{}", "/jobs/{}/revisions"])
@pytest.mark.parametrize("job", ["0" * 32, "..", "%2e%2e%2fserver.db", "x" * 5000, "%00", "a'b"])
def test_no_job_is_found_by_a_wrong_id(path: str, job: str, shared_server: Serving) -> None:
    status, answer = shared_server.call("GET", path.format(job))
    assert (status, answer["error_code"]) in [(404, "JOB_NOT_FOUND"), (404, "NOT_FOUND")]


@pytest.mark.slow
def test_a_job_whose_files_are_gone_has_failed_and_others_are_listed(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        whole, gone, damaged = (server.submit() for _ in range(3))
        for job in (whole, gone, damaged):
            assert server.wait(job)["jobStatus"] == "completed"
        shutil.rmtree(server.data / "jobs" / gone)
        for name in ("spec.json", "results.json"):
            (server.data / "jobs" / damaged / "run" / name).write_text("{")
        for job in (gone, damaged):
            for call in ("status", "results"):
                status, answer = server.call("GET", f"/{call}/{job}")
                assert (status, answer["error_code"]) == (422, "JOB_FAILED")
                assert "missing or damaged" in answer["message"]
        assert server.call("GET", f"/report/{gone}")[1]["error_code"] == "JOB_FAILED"
        again = {"job_id": gone, "cluster_id": "0", "feedback": "Look at IL7R."}
        assert server.call("POST", "/reannotate", again)[1]["error_code"] == "JOB_FAILED"
        status, page = server.call("GET", "/")
        assert status == 200
        assert page.count("missing or damaged") == 2
        assert f"report/{whole}" in page
        assert server.call("GET", f"/report/{whole}")[0] == 200


@pytest.mark.parametrize("damage", [b'{"cluster":"0","sta{"cluster":"0"}\n', b"\0\0\0\n", b"[]\n", b"{}\n"])
def test_lines_that_a_full_disk_or_a_power_cut_damaged_say_nothing(tmp_path: Path, damage: bytes) -> None:
    with running_app(tmp_path) as server:
        add_job(server.state, JOB, run="processing")
        lines = damage + b'{"cluster":"1","state":"failed"}\n{"clus'
        (server.state.jobs / JOB / "run" / PROGRESS).write_bytes(lines)
        answer = server.request("GET", f"/status/{JOB}")
        assert answer.status == 200
        assert answer.json()["clusterStatus"] == {"0": "processing", "1": "failed"}


def test_the_key_of_a_job_that_could_not_be_taken_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(jobs, "add_run", fail)
    config = {"provider": "openai", "name": "mock", "apiKey": "sk-canary-4b1d", "baseUrl": "http://127.0.0.1:9/v1"}
    with running_app(tmp_path / "data", jobs=0) as server:
        answer = server.request("POST", "/annotate", body={"input_data": question(), "llm_configs": [config]})
        assert answer.status == 503
        assert server.state.keys == {}


@pytest.mark.slow
def test_a_killed_servers_run_goes_on_and_is_found_by_the_next(tmp_path: Path) -> None:
    with running_mock(tmp_path) as mock:
        mock.post("/hold", {"after": 1})
        with serving(tmp_path / "data", *of_mock(mock)) as server:
            job = server.submit()
            mock.wait_for("held", 1)
            server.kill()
        with serving(tmp_path / "data", *of_mock(mock)) as server:
            assert server.call("GET", f"/status/{job}")[1]["jobStatus"] == "processing"
            mock.post("/release", {})
            assert server.wait(job)["jobStatus"] == "completed"
            assert set(server.results(job)["annotations"]) == set(MARKERS)
        assert mock.stats()["repeats"] == 0


@pytest.mark.slow
def test_a_server_that_is_told_to_stop_leaves_its_jobs_for_the_next(tmp_path: Path) -> None:
    with running_mock(tmp_path, latency=0.2) as mock:
        with serving(tmp_path / "data", *of_mock(mock)) as server:
            job = server.submit()
            mock.wait_for("calls", 1)
            assert server.stop() == 0
        with serving(tmp_path / "data", *of_mock(mock)) as server:
            assert server.wait(job)["jobStatus"] == "completed"
        assert mock.stats()["repeats"] == 0


def worker_of(server: Serving, job: str) -> int:
    """The process of a job's first run."""
    for folder in Path("/proc").iterdir():
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
        except (OSError, NotADirectoryError):
            continue
        if str(server.data.resolve() / "jobs" / job / "run").encode() in command:
            return int(folder.name)
    raise AssertionError(f"no process of {job}")
