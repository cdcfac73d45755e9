"""A job is waited for until it ends; only what is final ends the wait before its time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cassia_engine.cytetype import errors
from tests.cytetype.runs import Job
from tests.raising import raises


@pytest.fixture(autouse=True)
def without_files(job: Job) -> None:
    job.question = replace(job.question, artifacts={})


def rule(fault: str, call: str = "status", **more: Any) -> dict[str, Any]:
    return {"call": call, "fault": fault, **more}


def test_looks_come_after_5_seconds_and_then_at_the_interval(job: Job, caplog: pytest.LogCaptureFixture) -> None:
    job.server.set(polls=4)
    with caplog.at_level("INFO"):
        job.run(poll_interval=20.0)
    assert job.waits == [5.0, 20.0, 20.0, 20.0]
    told = [message for message in caplog.messages if message.startswith("clusters done")]
    assert told == [f"clusters done: {number} of 3" for number in (0, 1, 2, 3)]


@pytest.mark.parametrize(
    "fault",
    [
        *("status:404", "status:502", "status:503", "status:500", "status:429", "status:403", "status:400"),
        *("drop", "lost", "missing"),
        *("error:INTERNAL_ERROR", "error:RATE_LIMIT_EXCEEDED", "error:JOB_PROCESSING", "error:JOB_NOT_COMPLETED"),
        *("error:JOB_NOT_FOUND", "error:CLIENT_DISCONNECTED", "error:SOMETHING_NEW:503"),
    ],
)
def test_what_passes_does_not_end_the_wait(job: Job, fault: str) -> None:
    job.server.set(rules=[rule(fault, times=7)])
    found = job.run()
    assert len(found.clusters) == 3
    assert len(job.server.events(call="status")) == 8


@pytest.mark.parametrize(
    "fault",
    [
        *("status:404", "status:502", "status:503", "drop"),
        *("error:INTERNAL_ERROR", "error:JOB_PROCESSING", "error:JOB_NOT_FOUND"),
    ],
)
def test_what_passes_does_not_end_the_wait_for_results(job: Job, fault: str) -> None:
    job.server.set(rules=[rule(fault, "results", times=7)])
    assert len(job.run().clusters) == 3


@pytest.mark.parametrize("call", ["status", "results"])
@pytest.mark.parametrize("fault", ["html", "truncated"])
def test_answers_that_stay_without_sense_end_the_wait(job: Job, call: str, fault: str) -> None:
    job.server.set(rules=[rule(fault, call, times=None)])
    with raises("cytetype-no-json", job.server.url):
        job.run()
    assert len(job.server.events(call=call)) == 5
    job.server.set(rules=[rule(fault, call, times=4)])
    assert len(job.run(resume=True).clusters) == 3


@pytest.mark.parametrize("call", ["status", "results"])
def test_a_redirect_ends_the_wait_at_once(job: Job, call: str) -> None:
    job.server.set(rules=[rule("redirect", call, times=None)])
    with raises("cytetype-redirect", 302):
        job.run()
    assert len(job.server.events(call=call)) == 1
    assert job.state()["phase"] == "submitted"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("error:INVALID_TOKEN", errors.AuthenticationError),
        ("error:ACCESS_DENIED", errors.AuthorizationError),
        ("error:QUOTA_EXCEEDED", errors.QuotaExceededError),
        ("error:JOB_FAILED", errors.JobFailedError),
        ("error:JOB_FAILED:500", errors.JobFailedError),
        ("error:LLM_VALIDATION_FAILED", errors.LLMValidationError),
        ("error:SOMETHING_NEW", errors.APIError),
        ("status:401", errors.AuthenticationError),
    ],
)
def test_what_stays_ends_the_wait_and_the_job_can_be_resumed(
    job: Job, fault: str, kind: type[errors.CyteTypeError]
) -> None:
    job.server.set(rules=[rule(fault)])
    with pytest.raises(kind):
        job.run()
    assert len(job.run(resume=True).clusters) == 3
    assert len(job.server.seen()["jobs"]) == 1


def test_results_that_stay_without_annotations_end_the_wait(job: Job) -> None:
    job.server.set(rules=[rule("missing", "results", times=None)])
    with raises("cytetype-invalid-response"):
        job.run()
    assert len(job.server.events(call="results")) == 5


def test_a_job_is_not_known_for_a_while(job: Job) -> None:
    job.server.set(not_found=6, polls=2)
    job.run()
    assert len(job.server.events(call="status")) == 8


def test_a_failed_job_says_how_many_clusters_failed_and_where_its_report_is(job: Job) -> None:
    job.server.set(failed_clusters=["1", "7"])
    with raises("cytetype-job-ended-failed", "2 of 3 clusters", f"{job.server.url}/report/job-1") as caught:
        job.run()
    assert isinstance(caught.value, errors.JobFailedError)
    assert job.state()["phase"] == "failed"
    job.server.set(failed_clusters=None)
    job.run()
    assert len(job.server.seen()["jobs"]) == 2


def test_the_wait_ends_at_its_time(job: Job) -> None:
    job.server.set(polls=10**6)
    with raises("cytetype-job-timeout", "job-1", job.server.url) as caught:
        job.run(timeout=100.0, poll_interval=30.0)
    assert isinstance(caught.value, errors.TimeoutError)
    assert caught.value.exit_code == 75
    assert job.waits == [5.0, 30.0, 30.0, 30.0, 5.0]
    assert job.state()["phase"] == "submitted"


def test_the_wait_ends_at_its_time_where_the_server_never_answers(job: Job) -> None:
    job.server.set(rules=[rule("status:503:40", times=None)])
    with raises(
        "cytetype-job-timeout", "check the token", "the last look: the CyteType server answers with status 503"
    ):
        job.run(timeout=100.0, poll_interval=30.0)
    assert job.waits == [5.0, 40.0, 40.0, 15.0]


def test_a_server_that_is_killed_and_comes_back_is_waited_for(job: Job) -> None:
    clock = job.options.clock
    assert clock is not None
    job.server.set(polls=3, rules=[rule("kill", skip=1)])

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        if len(job.waits) == 4:
            job.server.wait_killed()
            job.server.restart()

    assert len(job.run(clock=replace(clock, sleep=sleep)).clusters) == 3
    assert len(job.server.seen()["jobs"]) == 1


def test_all_forms_of_results_say_the_same(job: Job) -> None:
    found = {}
    for form in ("legacy", "full", "both"):
        job.server.set(form=form)
        found[form] = job.run().clusters
    assert found["legacy"] == found["full"] == found["both"]
    first, _, last = found["full"]
    assert (first.id, first.annotation, first.term_name, first.term_id) == ("0", "B cell", "B cell", "CL:0000236")
    assert (first.state, first.granular_annotation) == ("resting", "B cell, MS4A1 high")
    assert first.justification == "MS4A1 speaks for B cell."
    assert first.supporting_markers == ("MS4A1", "CD74", "HLA-DRA")
    assert first.conflicting_markers == ("LYZ",)
    assert (first.missing_expression, first.unexpected_expression) == ("CD8A is missing.", "LYZ")
    assert (first.review_confidence, first.heterogeneous, first.heterogeneity_type) == ("High", False, "none")
    assert (last.review_confidence, last.heterogeneous, last.heterogeneity_type) == ("Low", True, "mixed")
