"""One job for one run, whatever becomes of the process and of the answers; and no key in any file or message."""

from __future__ import annotations

import asyncio
import logging
import re
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.cancellation import Cancellation
from cassia_engine.cytetype import errors, in_thread
from cassia_engine.cytetype.address import check_api_url
from cassia_engine.cytetype.job import look_up, run_job
from cassia_engine.cytetype.job_file import held
from cassia_engine.cytetype.upload_progress import UploadProgress
from cassia_engine.errors import AccountError, CassiaError, StoppedError, TemporaryError
from cassia_engine.secret import Secret
from tests.cytetype.runs import INPUT, LLM_CONFIGS, LLM_KEY, TOKEN, Job, acknowledged
from tests.raising import raises


def rule(fault: str, call: str = "annotate", **more: Any) -> dict[str, Any]:
    return {"call": call, "fault": fault, **more}


def test_the_server_gets_the_question_as_it_is(job: Job) -> None:
    job.question = replace(job.question, visibility="private")
    found = job.run()
    [request] = [one["request"] for one in job.server.seen()["jobs"]]
    assert request["input_data"] == INPUT
    assert request["llm_configs"] == LLM_CONFIGS
    assert request["visibility"] == "private"
    assert {event["token"] for event in job.server.events()} == {TOKEN}
    assert found.report_url == f"{job.server.url}/report/{found.job_id}"
    assert (job.state()["job_id"], job.state()["report_url"]) == (found.job_id, found.report_url)


@pytest.mark.parametrize("fault", ["lost", "drop", "drop_middle", "html", "truncated", "missing", "status:502"])
def test_a_job_whose_answer_was_lost_is_not_sent_again_by_itself(job: Job, fault: str) -> None:
    job.server.set(rules=[rule(fault)])
    with raises("cytetype-job-unknown", job.server.url, "resubmit=True"):
        job.run()
    with raises("job-maybe-submitted", job.server.url, "resubmit=True", path=job.path):
        job.run(resume=True)
    assert len(job.server.events(call="annotate")) == 1
    before = job.server.n_events()
    found = job.run(resubmit=True)
    assert set(job.server.calls(after=before)) == {"annotate", "status", "results"}  # uploads are used again
    assert job.state()["job_id"] == found.job_id


@pytest.mark.parametrize("fault", ["status:503", "status:429", "status:503:7", "error:RATE_LIMIT_EXCEEDED"])
def test_a_job_that_the_server_has_not_taken_is_sent_again(job: Job, fault: str) -> None:
    job.server.set(rules=[rule(fault, times=2)])
    job.run()
    assert len(job.server.seen()["jobs"]) == 1
    assert len(job.server.events(call="annotate")) == 3


def test_a_job_is_sent_again_where_no_connection_was_made(job: Job) -> None:
    clock = job.options.clock
    assert clock is not None
    n_waits = 0

    async def sleep(seconds: float) -> None:
        nonlocal n_waits
        n_waits += 1
        await clock.sleep(seconds)
        if n_waits == 2:
            job.server.restart()

    url = job.server.url
    job.question = replace(job.question, artifacts={})
    job.server.kill()
    assert job.run(clock=replace(clock, sleep=sleep)).report_url.startswith(url)
    assert len(job.server.seen()["jobs"]) == 1


@pytest.mark.parametrize(
    ("error_code", "kind", "exit_code"),
    [
        ("INVALID_TOKEN", errors.AuthenticationError, 77),
        ("TOKEN_INACTIVE", errors.AuthenticationError, 77),
        ("AUTHENTICATION_REQUIRED", errors.AuthenticationError, 77),
        ("ACCESS_DENIED", errors.AuthorizationError, 77),
        ("LICENSE_EXPIRED", errors.AuthorizationError, 77),
        ("VPN_BLOCKED", errors.AuthorizationError, 77),
        ("RATE_LIMIT_EXCEEDED", errors.RateLimitError, 75),
        ("QUOTA_EXCEEDED", errors.QuotaExceededError, 77),
        ("JOB_NOT_FOUND", errors.JobNotFoundError, 1),
        ("JOB_FAILED", errors.JobFailedError, 1),
        ("LLM_VALIDATION_FAILED", errors.LLMValidationError, 2),
        ("JOB_PROCESSING", errors.JobProcessingError, 75),
        ("JOB_NOT_COMPLETED", errors.JobNotCompletedError, 75),
        ("SOMETHING_NEW", errors.APIError, 1),
    ],
)
def test_each_code_of_the_protocol_is_an_error_of_its_own(
    job: Job, error_code: str, kind: type[errors.APIError], exit_code: int
) -> None:
    job.question = replace(job.question, artifacts={})
    job.server.set(rules=[rule(f"error:{error_code}", times=None)])
    code = f"cytetype-{error_code.lower().replace('_', '-')}"
    with raises(code, f"scripted {error_code}") as caught:
        job.run()
    assert type(caught.value) is kind
    assert (caught.value.error_code, caught.value.exit_code) == (error_code, exit_code)
    assert isinstance(caught.value, {75: TemporaryError, 77: AccountError}.get(exit_code, CassiaError))
    job.server.set(rules=[])
    job.run(resume=True)
    assert len(job.server.seen()["jobs"]) == 1


def test_errors_of_a_server_that_is_unwell_have_their_kinds(job: Job) -> None:
    job.question = replace(job.question, artifacts={})
    for fault, code in {"error:INTERNAL_ERROR": "cytetype-job-unknown", "error:CLIENT_DISCONNECTED": None}.items():
        job.server.set(rules=[rule(fault)])
        with raises(code or "cytetype-job-unknown"):
            job.run(resubmit=True)
    assert isinstance(errors.refusal("INTERNAL_ERROR", "", 500), errors.InternalServerError)
    assert isinstance(errors.refusal("CLIENT_DISCONNECTED", "", 499), errors.ClientDisconnectedError)


def test_files_that_the_server_has_no_longer_are_uploaded_anew_for_one_job(job: Job) -> None:
    job.server.set(rules=[rule("error:UPLOAD_NOT_FOUND")])
    job.run()
    job.assert_uploaded()
    assert len(job.server.events(call="initiate")) == 4


def test_a_job_that_has_not_ended_is_not_replaced(job: Job) -> None:
    job.server.set(polls=10**6)
    with raises("cytetype-job-timeout"):
        job.run()
    with raises("job-unfinished", "resume=True", path=job.path):
        job.run()
    job.server.set(polls=1)
    before = job.server.n_events()
    job.run(resume=True)
    assert job.server.calls(after=before) == ["status", "results"]
    assert job.waits[-1] == 0.0  # it looks at once


def test_a_job_that_has_ended_is_followed_by_another(job: Job) -> None:
    first = job.run()
    again = job.run(resume=True)
    assert (again.job_id, again.clusters) == (first.job_id, first.clusters)
    second = job.run()
    assert second.job_id != first.job_id


def test_a_job_is_resumed_for_the_same_question_only(job: Job) -> None:
    job.run()
    job.question = replace(job.question, input_data={**INPUT, "clientInfo": {}, "nParallelClusters": 9})
    job.run(resume=True)
    job.question = replace(job.question, input_data={**INPUT, "studyInfo": "another study"})
    with raises("job-of-other-question", path=job.path):
        job.run(resume=True)
    assert job.run(resubmit=True).raw["studyContext"] == "another study"


def test_a_job_is_resumed_at_the_same_server_only(job: Job) -> None:
    job.run()
    with raises("job-of-other-server", job.server.url, path=job.path):
        run_job(job.question, api_url="https://example.org", token=Secret(TOKEN), job_file=job.path, resume=True)


def test_two_processes_do_not_work_at_one_job(job: Job) -> None:
    with held(job.path), raises("job-file-in-use", path=job.path):
        job.run(resume=True)
    job.run(resume=True)
    assert not list(job.folder.glob(".*"))


@pytest.mark.parametrize("text", ["", "{}", "null", "[1", '{"schema_version": "9"}', "\x00"])
def test_another_file_of_that_name_is_left_alone(job: Job, text: str) -> None:
    job.path.write_text(text)
    with raises("job-file-unreadable", path=job.path):
        job.run(resume=True)
    assert job.path.read_text() == text


def test_a_job_is_looked_up_by_its_id_alone(job: Job) -> None:
    first = job.run()
    found = look_up(job.server.url, first.job_id, Secret(TOKEN))
    assert found and found.clusters == first.clusters
    with raises("cytetype-no-such-job", "unknown", job.server.url) as caught:
        look_up(job.server.url, "unknown", Secret(TOKEN))
    assert isinstance(caught.value, errors.JobNotFoundError)
    job.server.set(polls=10**6)
    assert look_up(job.server.url, first.job_id, Secret(TOKEN)) is None


def test_a_request_to_stop_ends_an_upload_and_keeps_what_was_sent(job: Job) -> None:
    stop = Cancellation()

    def ask(progress: UploadProgress) -> None:
        if progress.kind == "vars_h5" and progress.sent > 200_000:
            stop.request()

    with raises("job-stopped", "resume=True") as caught:
        job.run(stop=stop, on_upload=ask)
    assert isinstance(caught.value, StoppedError)
    known, before = acknowledged(job.state()), job.server.n_events()
    assert known == set(job.server.chunk_counts())  # those in flight were waited for
    job.run(resume=True)
    assert not known & set(job.server.chunk_counts(after=before))
    job.assert_uploaded()


def test_a_request_to_stop_ends_the_wait_for_a_job(job: Job) -> None:
    job.server.set(polls=10**9)
    stop = Cancellation()
    caught: list[BaseException] = []

    def work() -> None:
        try:
            job.run(stop=stop, clock=None, poll_interval=1000.0)
        except StoppedError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    job.server.wait(lambda: "annotate" in job.server.calls())
    stop.request()
    thread.join(30)
    assert [type(error) for error in caught] == [StoppedError]


@pytest.mark.parametrize("by_interrupt", [False, True])
@pytest.mark.parametrize("call", ["chunk", "status", "results", "annotate"])
def test_who_asks_to_stop_does_not_wait_for_a_request_that_hangs(
    job: Job, call: str, by_interrupt: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_thread, "GRACE_SECONDS", 0.05)
    job.server.set(rules=[rule("hold", call, skip=1 if call == "chunk" else 0, times=None)])
    stop = Cancellation()

    def ask() -> None:
        job.server.wait_held()
        if by_interrupt:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        else:
            stop.request()

    asks = threading.Thread(target=ask)
    asks.start()
    if by_interrupt:
        with pytest.raises(KeyboardInterrupt):
            job.run()
    else:
        with raises("job-stopped", "job file"):
            job.run(stop=stop)
    asks.join()
    known, before = acknowledged(job.state()), job.server.n_events()
    job.server.set(rules=[])
    job.server.release()
    if call == "annotate":
        with raises("job-maybe-submitted", path=job.path):
            job.run(resume=True)
        return
    job.run(resume=True)
    assert known and not known & set(job.server.chunk_counts(after=before))
    job.assert_uploaded()


def test_no_token_and_no_key_is_in_a_file_or_a_message(job: Job, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    job.server.set(token="another", presigned=True)
    with raises("cytetype-invalid-token") as caught:  # the server says which token it got
        job.run()
    job.server.set(token="", rules=[rule("status:502", "part"), rule("status:503", "status"), rule("lost")])
    with raises("cytetype-job-unknown"):
        job.run(resume=True)
    job.run(resubmit=True)
    said = f"{caught.value} {caught.value!r} {caplog.text} {job.question!r} {job.options!r}"
    for text in (said, *(path.read_bytes().decode("latin-1") for path in job.folder.rglob("*") if path.is_file())):
        assert TOKEN not in text and LLM_KEY not in text and "canary" not in text


def test_what_a_server_sends_back_of_token_and_keys_is_masked(job: Job) -> None:
    job.question = replace(job.question, input_data={**INPUT, "studyInfo": f"{TOKEN}, {LLM_KEY} and blood"})
    found = job.run()
    assert found.raw["studyContext"] == "***, *** and blood"
    job.server.set(rules=[rule(f"id:{TOKEN}")])
    with raises("cytetype-job-unknown"):
        job.run()
    assert not [path for path in job.folder.iterdir() if TOKEN.encode() in path.read_bytes()]


@pytest.mark.parametrize("token", ["", "  ", "a\nb", "schlüssel"])
def test_a_token_that_cannot_be_sent_is_refused(job: Job, token: str) -> None:
    with raises("token-not-sendable"):
        job.run(token=token)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://example.org", "api-url-not-https"),
        ("http://10.0.0.1:8000", "api-url-not-https"),
        ("http://127.0.0.1.example.org", "api-url-not-https"),
        ("ftp://localhost", "url-scheme"),
        ("https://me:pw@example.org", "url-with-password"),
        ("https://example.org/?x=1", "url-with-query"),
        ("https://example.org/v1/", "api-url-with-path"),
        ("example.org", "url-scheme"),
        ("http://169.254.169.254", "url-of-metadata"),
    ],
)
def test_nothing_is_sent_to_such_a_server(url: str, code: str) -> None:
    with raises(code, "api_url") as caught:
        check_api_url(url)
    assert "pw" not in re.sub("https?", "", str(caught.value)).split("password")[0]


@pytest.mark.parametrize(
    "url", ["https://example.org/", "http://localhost:80", "http://[::1]:9", "http://127.0.0.1:9/"]
)
def test_a_server_may_be_there(url: str) -> None:
    assert check_api_url(url) == url.rstrip("/")


def test_it_works_where_an_event_loop_runs(job: Job) -> None:
    async def notebook() -> int:
        return len(job.run().clusters)

    assert asyncio.run(notebook()) == 3


def test_a_redirect_is_not_followed(job: Job) -> None:
    job.server.set(rules=[rule("redirect", "initiate")])
    with raises("cytetype-redirect", 302):
        job.run()


def test_a_server_without_tls_is_not_asked_again(job: Job) -> None:
    url = job.server.url.replace("http:", "https:")
    with raises("cytetype-connection", f'api_url="{url}"'):
        run_job(job.question, api_url=url, token=Secret(TOKEN), job_file=job.path, options=job.options)
    assert job.waits == []


def test_a_server_that_is_not_there_is_named_with_its_port(job: Job) -> None:
    job.server.kill()
    with raises("cytetype-connection", "refused", f'api_url="{job.server.url}"'):
        job.run()
    job.server.restart()


@pytest.mark.parametrize("token", ["wrong", TOKEN])
def test_the_token_is_masked_where_the_server_says_it(job: Job, token: str) -> None:
    job.server.set(token="another")
    with raises("cytetype-invalid-token", "Unknown token ***") as caught:
        job.run(token=token)
    assert token not in str(caught.value)


def test_a_question_that_is_no_json_is_refused_before_anything_is_sent(job: Job) -> None:
    job.question = replace(job.question, input_data={**INPUT, "expressionData": {"G": {"0": float("nan")}}})
    with raises("question-not-json"):
        job.run()
    assert job.server.calls() == []


def test_a_job_file_may_be_in_a_folder_to_come(job: Job, tmp_path: Path) -> None:
    place = tmp_path / "journal" / "s" / "x_job.json"
    run_job(job.question, api_url=job.server.url, token=Secret(TOKEN), job_file=place, options=job.options)
    assert place.exists()


def test_a_mistyped_server_that_got_nothing_stands_in_no_ones_way(job: Job, tmp_path: Path) -> None:
    with pytest.raises(errors.CyteTypeError):
        run_job(
            job.question,
            api_url="http://127.0.0.1:9",
            token=Secret(TOKEN),
            job_file=job.path,
            resume=True,
            options=job.options,
        )
    assert job.run(resume=True).clusters


def test_a_job_at_another_server_is_named(job: Job) -> None:
    job.run()
    with raises("job-of-other-server", f'api_url="{job.server.url}"', path=job.path):
        run_job(job.question, api_url="http://127.0.0.1:9", token=Secret(TOKEN), job_file=job.path, resume=True)
