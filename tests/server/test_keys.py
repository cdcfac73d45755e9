"""Keys of models: in memory only, gone with the server, given again, and in nothing that anybody can read."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.mock_provider.running import Running, running_mock
from tests.server.processes import MARKERS, Serving, serving
from tests.server.test_jobs import worker_of

pytestmark = pytest.mark.slow

KEY = "sk-canary-7d1f4b8e2c9a6350"
AWS = {"awsAccessKeyId": "AKIACANARY5D2E7F", "awsSecretAccessKey": KEY, "awsDefaultRegion": "eu-north-1"}
NEEDS = "give the job's keys again"


def of_mock(mock: Running, **fields: Any) -> dict[str, Any]:
    return {"provider": "openai", "name": "mock", "apiKey": KEY, "baseUrl": f"{mock.url}/v1"} | fields


def by_aws(mock: Running) -> dict[str, Any]:
    return {"provider": "bedrock", "name": "mock", "baseUrl": mock.url, **AWS}


def give(server: Serving, job: str, *configs: dict[str, Any]) -> tuple[int, Any]:
    return server.call("POST", f"/jobs/{job}/keys", {"llm_configs": list(configs)})


def test_a_job_waits_for_its_keys_after_a_restart_and_goes_on_with_them(tmp_path: Path) -> None:
    with running_mock(tmp_path, latency=0.2, require_key=KEY) as mock:
        with serving(tmp_path / "data") as server:
            job = server.submit(configs=[of_mock(mock)])
            mock.wait_for("calls", 1)
            assert server.stop() == 0
        with serving(tmp_path / "data") as server:
            status = server.wait_for(job, lambda found: "message" in found)
            assert status["jobStatus"] == "pending" and NEEDS in status["message"]
            assert server.call("GET", f"/results/{job}")[1]["error_code"] == "JOB_PROCESSING"
            for wrong in ([], [of_mock(mock, name="other")], [of_mock(mock, provider="groq")]):
                code, answer = give(server, job, *wrong)
                assert (code, answer["error_code"]) == (422, "LLM_VALIDATION_FAILED")
                assert "\n" not in answer["message"] and KEY not in answer["message"]
            assert server.call("POST", f"/jobs/{'0' * 32}/keys", {"llm_configs": [of_mock(mock)]})[0] == 404
            assert give(server, job, of_mock(mock)) == (200, {"job_id": job})
            assert server.wait(job) == {
                "jobStatus": "completed",
                "clusterStatus": dict.fromkeys(MARKERS, "completed"),
            }
        assert mock.stats()["repeats"] == 0


def test_a_wrong_key_fails_the_job_with_the_providers_reason(tmp_path: Path) -> None:
    with running_mock(tmp_path, require_key=KEY) as mock, serving(tmp_path / "data") as server:
        ended = server.wait(server.submit(configs=[of_mock(mock, apiKey="sk-another-key-0123456789")]))
        assert ended["jobStatus"] == "failed" and "key" in ended["message"]


@pytest.mark.parametrize("model", [of_mock, by_aws], ids=["plain", "aws"])
def test_a_key_is_nowhere(model: Any, tmp_path: Path) -> None:
    """Whatever the provider sends back of it: faults of the mock put it into their messages."""
    with running_mock(tmp_path) as mock, serving(tmp_path / "data") as server:
        mock.post("/hold", {"after": 1})
        job = server.submit(configs=[model(mock)])
        mock.wait_for("held", 1)
        for process in (worker_of(server, job), server.process.pid):
            assert not has_key(Path(f"/proc/{process}/cmdline").read_bytes())
            assert not has_key(Path(f"/proc/{process}/environ").read_bytes())
        mock.post("/release")
        assert server.wait(job)["jobStatus"] == "completed"
        failed = [
            server.submit(configs=[model(mock) | {"name": f"mock-fault-{name}"}])
            for name in ("echo_key", "echo_key_400")
        ]
        ended = [server.wait(one) for one in failed]
        assert [one["jobStatus"] for one in ended] == ["failed", "failed"]
        assert all(one["message"] for one in ended)
        paths = [f"/results/{job}", f"/report/{job}", f"/jobs/{job}/revisions", f"/results/{failed[0]}", "/metrics"]
        assert not has_key(repr([ended, [server.call("GET", path) for path in paths]]).encode())
        assert mock.stats()["calls"] >= len(MARKERS) + len(failed)
    found = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and has_key(path.read_bytes())]
    assert found == [] and not has_key(server.log.read_bytes())


def has_key(data: bytes) -> bool:
    """Whether a key is in something, as it is or in base64 at any place of it."""
    coded = [base64.b64encode(b"." * skipped + KEY.encode())[4:-4] for skipped in range(3)]
    parts = [KEY.encode(), AWS["awsAccessKeyId"].encode(), *coded]
    return any(part.lower() in data.lower() for part in parts)


def test_a_job_says_that_it_lacks_its_keys_while_others_are_at_work(tmp_path: Path) -> None:
    with running_mock(tmp_path) as mock:
        mock.post("/hold", {"after": 1})
        own = ("--provider", "custom", "--model", "mock", "--base_url", f"{mock.url}/v1", "--jobs", "1")
        with serving(tmp_path / "data", *own) as server:
            first = server.submit()
            mock.wait_for("held", 1)
            job = server.submit(configs=[of_mock(mock)])
            server.kill()
        with serving(tmp_path / "data", *own) as server:
            assert NEEDS in server.wait_for(job, lambda found: "message" in found)["message"]
            assert give(server, job, of_mock(mock))[0] == 200
            server.wait_for(job, lambda found: found["jobStatus"] == "pending" and "message" not in found)
            assert server.call("GET", f"/status/{first}")[1]["jobStatus"] == "processing"
            mock.post("/release")
            assert server.wait(job)["jobStatus"] == "completed"
