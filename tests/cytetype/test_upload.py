"""Files reach the server whole, whatever is lost on the way, and nothing that it has is sent twice."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.cytetype import upload
from cassia_engine.cytetype.address import check_presigned
from cassia_engine.cytetype.errors import AuthorizationError, NetworkError
from cassia_engine.cytetype.job_file import FileState
from cassia_engine.cytetype.upload_progress import UploadProgress
from cassia_engine.errors import CassiaError
from tests.cytetype.runs import CHUNK, SIZES, TOKEN, Job, acknowledged
from tests.raising import raises

BOTH = pytest.mark.parametrize("presigned", [False, True], ids=["chunks", "presigned"])
N_CHUNKS = 10 + 2


def rule(fault: str, call: str = "chunk", **more: Any) -> dict[str, Any]:
    return {"call": call, "fault": fault, **more}


@BOTH
def test_files_arrive_each_chunk_once_and_the_larger_first(job: Job, presigned: bool) -> None:
    job.server.set(presigned=presigned)
    told: list[UploadProgress] = []
    found = job.run(on_upload=told.append)
    job.assert_uploaded()
    counts = job.server.chunk_counts()
    assert (len(counts), set(counts.values())) == (N_CHUNKS, {1})
    kinds = [event["kind"] for event in job.server.events(call="initiate")]
    assert kinds == ["vars_h5", "obs_duckdb"]
    assert [one.sent for one in told if one.kind == "obs_duckdb"] == [0, CHUNK, 2 * CHUNK]
    assert {one.kind: one.total for one in told} == SIZES
    assert [cluster.annotation for cluster in found.clusters] == ["B cell", "natural killer cell", "blood cell"]
    assert job.state()["phase"] == "completed"
    assert sorted(path.name for path in job.folder.iterdir()) == ["obs.duckdb", "pbmc_job.json", "vars.h5"]


@pytest.mark.parametrize(
    "fault", ["status:500", "status:502", "status:429:3", "error:INTERNAL_ERROR", "drop", "drop_middle", "lost"]
)
@BOTH
def test_a_lost_chunk_is_sent_again(job: Job, fault: str, presigned: bool) -> None:
    call = "part" if presigned else "chunk"
    job.server.set(presigned=presigned, rules=[rule(fault, call, index=3, kind="vars_h5", times=2)])
    job.run()
    job.assert_uploaded()
    counts = sorted(job.server.chunk_counts().values())
    assert counts == [1] * (N_CHUNKS - 1) + [3]
    if fault == "status:429:3":
        assert max(job.waits) >= 3


def test_a_part_without_etag_is_sent_again(job: Job) -> None:
    job.server.set(presigned=True, rules=[rule("no_etag", "part", index=0, kind="obs_duckdb")])
    job.run()
    job.assert_uploaded()


@pytest.mark.parametrize(
    ("presigned", "fault"),
    [
        (True, rule("wrong_etag", "part", index=2, kind="vars_h5")),
        (True, rule("status:403", "part", index=2, kind="vars_h5")),
        (False, rule("error:UPLOAD_NOT_FOUND", index=2, kind="vars_h5")),
        (False, rule("status:410", index=2, kind="vars_h5")),
        (False, rule("error:UPLOAD_INCOMPLETE", "complete", kind="vars_h5")),
    ],
    ids=["wrong etag", "signature", "upload not found", "gone", "incomplete"],
)
def test_an_upload_that_the_server_lost_begins_anew(job: Job, presigned: bool, fault: dict[str, Any]) -> None:
    job.server.set(presigned=presigned, rules=[fault])
    job.run()
    job.assert_uploaded()
    assert len(job.server.events(call="initiate", kind="vars_h5")) == 2


def test_an_upload_begins_anew_only_so_often(job: Job) -> None:
    job.server.set(rules=[rule("error:UPLOAD_NOT_FOUND", times=None)])
    with raises("cytetype-upload-not-found"):
        job.run()
    assert len(job.server.events(call="initiate")) == 3


def test_what_the_account_may_not_do_is_not_tried_again(job: Job) -> None:
    job.server.set(rules=[rule("error:ACCESS_DENIED", times=None)])
    with pytest.raises(AuthorizationError) as caught:
        job.run()
    assert caught.value.exit_code == 77
    assert max(job.server.chunk_counts().values()) == 1


@BOTH
def test_after_too_many_losses_a_later_run_sends_the_missing_chunks_only(job: Job, presigned: bool) -> None:
    call = "part" if presigned else "chunk"
    job.server.set(presigned=presigned, rules=[rule("status:502", call, index=8, kind="vars_h5", times=None)])
    with raises("cytetype-status", 502) as caught:
        job.run()
    assert isinstance(caught.value, NetworkError)
    assert caught.value.exit_code == 75
    before, known = job.server.n_events(), acknowledged(job.state())
    assert len(known) >= 6
    job.server.set(rules=[])
    job.run(resume=True)
    job.assert_uploaded()
    assert set(job.server.chunk_counts(after=before)) & known == set()
    assert len(job.server.chunk_counts(after=before)) == N_CHUNKS - len(known)


def test_presigned_addresses_are_readable_for_the_owner_alone_and_lost_ones_begin_anew(job: Job) -> None:
    job.server.set(presigned=True, rules=[rule("error:ACCESS_DENIED", "part", index=8, times=None)])
    with pytest.raises(CassiaError):
        job.run()
    urls = job.folder / "pbmc_job_urls.json"
    assert urls.stat().st_mode & 0o777 == 0o600
    assert "signature" in urls.read_text()
    assert "signature" not in job.path.read_text()
    urls.unlink()
    job.server.set(rules=[])
    job.run(resume=True)
    job.assert_uploaded()


@pytest.mark.parametrize("same_size", [True, False])
def test_a_file_that_changed_since_is_uploaded_anew(job: Job, same_size: bool) -> None:
    job.server.set(rules=[rule("error:QUOTA_EXCEEDED", "annotate")])
    with raises("cytetype-quota-exceeded"):
        job.run()
    path = job.question.artifacts["obs_duckdb"]
    path.write_bytes(b"x" * (SIZES["obs_duckdb"] + (0 if same_size else 1)))
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    before = job.server.n_events()
    job.run(resume=True)
    job.assert_uploaded()
    assert {event.get("kind") for event in job.server.events(after=before) if event["call"] == "chunk"} == {
        "obs_duckdb"
    }


def test_a_file_that_changes_while_it_is_uploaded_is_refused(job: Job) -> None:
    path = job.question.artifacts["vars_h5"]

    def change(progress: UploadProgress) -> None:
        os.utime(path, ns=(0, 0))

    with raises("artifact-changed", path="vars.h5"):
        job.run(on_upload=change)


def test_a_file_that_becomes_shorter_is_refused(job: Job) -> None:
    path = job.question.artifacts["vars_h5"]

    def cut(progress: UploadProgress) -> None:
        os.truncate(path, 100)

    with raises("artifact-changed", path="vars.h5"):
        job.run(on_upload=cut)


def test_a_file_that_becomes_shorter_while_a_chunk_is_read_is_refused(job: Job) -> None:
    """The body of a request ends early then, which is no fault of the network."""
    path = job.question.artifacts["vars_h5"]
    job.server.set(chunk_size=2**21)
    path.write_bytes(bytes(2**21))
    is_same = upload._is_same

    def cut(path: Path, file: FileState) -> bool:
        same = is_same(path, file)
        os.truncate(path, 2**20)
        return same

    with pytest.MonkeyPatch.context() as patch, raises("artifact-changed", path="vars.h5"):
        patch.setattr(upload, "_is_same", cut)
        job.run()


def test_a_file_beyond_the_servers_limit_is_refused_before_it_is_sent(job: Job) -> None:
    job.server.set(max_size=1000)
    with raises("artifact-too-large", SIZES["vars_h5"], 1000, path="vars.h5"):
        job.run()
    assert "chunk" not in job.server.calls()


def test_a_file_that_is_missing_is_refused_before_anything_is_sent(job: Job) -> None:
    job.question.artifacts["obs_duckdb"].unlink()
    with raises("artifact-missing", path="obs.duckdb"):
        job.run()
    assert job.server.calls() == []


def test_an_upload_that_is_over_is_made_anew_before_the_job_is_sent(job: Job) -> None:
    job.server.set(upload_seconds=30.0, rules=[rule("error:RATE_LIMIT_EXCEEDED", "annotate", times=None)])
    with raises("cytetype-rate-limit-exceeded"):
        job.run()
    job.server.set(rules=[], upload_seconds=86400.0)
    job.run(resume=True)
    assert len(job.server.events(call="initiate")) == 4


@pytest.mark.parametrize("fault", ["html", "truncated"])
def test_an_answer_that_is_cut_off_or_a_page_is_asked_for_again(job: Job, fault: str) -> None:
    job.server.set(rules=[rule(fault, call) for call in ("initiate", "complete")])
    job.run()
    job.assert_uploaded()


@pytest.mark.parametrize("call", ["initiate", "annotate"])
def test_an_answer_without_its_fields_ends_the_run(job: Job, call: str) -> None:
    job.server.set(rules=[rule("missing", call, times=None)])
    with raises("cytetype-invalid-response" if call == "initiate" else "cytetype-job-unknown"):
        job.run()


def test_so_many_chunks_are_in_flight_at_once(job: Job) -> None:
    job.server.set(rules=[rule("hold_done", kind="vars_h5", times=None)])
    work = threading.Thread(target=job.run, kwargs={"upload_workers": 3})
    work.start()
    job.server.wait_held(3)
    assert len(job.server.events(call="chunk")) == 3
    job.server.set(rules=[])
    job.server.release()
    work.join()
    job.assert_uploaded()


def test_an_empty_file_is_uploaded(job: Job) -> None:
    job.question.artifacts["obs_duckdb"].write_bytes(b"")
    job.run()
    job.assert_uploaded()


def test_without_artifacts_the_job_has_none(job: Job) -> None:
    job.question = replace(job.question, artifacts={})
    job.run()
    assert "uploaded_files" not in job.server.seen()["jobs"][0]["request"]


def test_a_job_goes_on_without_a_file_that_it_does_not_require(job: Job, caplog: pytest.LogCaptureFixture) -> None:
    job.server.set(rules=[rule("error:INVALID_REQUEST", "initiate", kind="obs_duckdb", times=None)])
    job.run(require_artifacts=False)
    assert list(job.server.seen()["jobs"][0]["request"]["uploaded_files"]) == ["vars_h5"]
    assert "obs.duckdb is not uploaded" in caplog.text


@pytest.mark.parametrize(
    "url", ["http://example.org/x", "https://169.254.169.254/x", "ftp://127.0.0.1/x", "https://[", "x", "http://[::1"]
)
def test_nothing_is_sent_to_such_an_address(url: str) -> None:
    with raises("cytetype-presigned-address") as caught:
        check_presigned(url)
    assert TOKEN not in str(caught.value)
    check_presigned("http://127.0.0.1:1/x?s=1")
    check_presigned("https://example.org/x?s=1")
