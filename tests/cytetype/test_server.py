"""The protocol server of the tests: what it answers, and that a kill takes nothing from it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.cytetype_server.running import Running

INPUT = {"markerGenes": {"0": ["LYZ"]}, "clusterLabels": {}, "expressionData": {}, "nParallelClusters": 2}


def ask(
    server: Running, method: str, path: str, body: bytes | None = None, token: str | None = "t"
) -> tuple[int, dict[str, str], bytes]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    url = path if path.startswith("http") else f"{server.url}/{path}"
    request = urllib.request.Request(url, body, headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def said(server: Running, method: str, path: str, data: Any = None, token: str | None = "t") -> tuple[int, Any]:
    status, _, body = ask(server, method, path, None if data is None else json.dumps(data).encode(), token)
    return status, json.loads(body)


def upload(server: Running, kind: str, content: bytes) -> str:
    _, begun = said(server, "POST", f"upload/{kind}/initiate", {"file_size_bytes": len(content)})
    size = begun["chunk_size_bytes"]
    for index, at in enumerate(range(0, len(content), size)):
        status, _, _ = ask(server, "PUT", f"upload/{begun['upload_id']}/chunk/{index}", content[at : at + size])
        assert status == 200
    status, done = said(server, "POST", f"upload/{begun['upload_id']}/complete")
    assert status == 200
    assert {*done} == {"upload_id", "file_kind", "file_name", "size_bytes", "expires_at"}
    assert (done["file_kind"], done["size_bytes"]) == (kind, len(content))
    return str(done["upload_id"])


def test_a_whole_run_and_a_kill_at_each_step(server: Running) -> None:
    server.set(chunk_size=4, polls=2)
    content = b"0123456789"
    names = {"vars_h5": upload(server, "vars_h5", content)}
    server.restart()
    names["obs_duckdb"] = upload(server, "obs_duckdb", content[:8])
    status, job = said(server, "POST", "annotate", {"input_data": INPUT, "llm_configs": None, "uploaded_files": names})
    assert status == 200
    server.restart()
    name = job["job_id"]
    running = {"jobStatus": "processing", "clusterStatus": {"0": "processing"}}
    assert said(server, "GET", f"status/{name}") == (200, running)
    assert said(server, "GET", f"results/{name}")[1]["error_code"] == "JOB_PROCESSING"
    server.restart()
    assert said(server, "GET", f"status/{name}")[1] == {"jobStatus": "completed", "clusterStatus": {"0": "completed"}}
    status, found = said(server, "GET", f"results/{name}")
    assert {*found} == {"annotations", "summary", "clusterCategories", "studyContext"}
    assert found["annotations"]["0"]["latest"]["annotation"]["annotation"] == "monocyte"
    assert ask(server, "GET", f"report/{name}", token=None)[1]["Content-Type"] == "text/html"
    assert {*said(server, "GET", "auth/cli/credentials")[1]} == {"dashboardUrl", "tokenId", "userId", "email"}
    assert server.content("vars_h5") == content
    assert len(server.events("stored")) == 5


def test_presigned_parts_want_their_signature_and_no_token(server: Running) -> None:
    server.set(chunk_size=4, presigned=True)
    _, begun = said(server, "POST", "upload/vars_h5/initiate", {"file_size_bytes": 6})
    first, second = begun["presigned_urls"]
    assert ask(server, "PUT", first, b"0123")[0] == 400
    assert ask(server, "PUT", first.partition("?")[0], b"0123", token=None)[0] == 403
    tags = []
    for url, chunk in ((first, b"0123"), (second, b"45")):
        status, headers, _ = ask(server, "PUT", url, chunk, token=None)
        assert status == 200
        tags.append(headers["ETag"])
    place = f"upload/{begun['upload_id']}/complete"
    parts = [{"ETag": tag, "PartNumber": number} for number, tag in enumerate(tags, 1)]
    assert said(server, "POST", place, {"parts": parts[::-1]})[0] == 400
    assert said(server, "POST", place, {"parts": parts})[0] == 200


def test_errors_are_structured(server: Running) -> None:
    server.set(token="good")
    for token, code in ((None, "AUTHENTICATION_REQUIRED"), ("bad", "INVALID_TOKEN")):
        status, error = said(server, "GET", "status/x", token=token)
        assert (status, error["error_code"], {*error}) == (401, code, {"error_code", "message"})
    server.set(token="")
    assert said(server, "GET", "status/x")[1]["error_code"] == "JOB_NOT_FOUND"
    assert said(server, "PUT", "upload/x/chunk/0", {})[1]["error_code"] == "UPLOAD_NOT_FOUND"
    _, begun = said(server, "POST", "upload/vars_h5/initiate", {"file_size_bytes": 6})
    assert said(server, "POST", f"upload/{begun['upload_id']}/complete")[1]["error_code"] == "UPLOAD_INCOMPLETE"
    assert said(server, "POST", "annotate", {"input_data": {}})[1]["error_code"] == "INVALID_REQUEST"
    files = {"vars_h5": begun["upload_id"]}
    asked = {"input_data": INPUT, "llm_configs": None, "uploaded_files": files}
    assert said(server, "POST", "annotate", asked)[1]["error_code"] == "UPLOAD_NOT_FOUND"
    assert server.seen()["jobs"] == []


def test_an_upload_is_gone_after_its_time(server: Running) -> None:
    server.set(upload_seconds=-1.0)
    _, begun = said(server, "POST", "upload/vars_h5/initiate", {"file_size_bytes": 6})
    assert said(server, "PUT", f"upload/{begun['upload_id']}/chunk/0", {})[0] == 404


def test_faults_come_to_the_calls_that_are_named_and_as_often(server: Running) -> None:
    server.set(rules=[{"call": "status", "fault": "status:502", "skip": 1, "times": 2}])
    found = [ask(server, "GET", "status/x")[0] for _ in range(5)]
    assert found == [404, 502, 502, 404, 404]


@pytest.mark.parametrize(
    "wrong", [{"rules": [{"call": "status", "fault": "none"}]}, {"rules": [{"call": "x", "fault": "drop"}]}, {"x": 1}]
)
def test_a_setting_that_is_none_is_refused(server: Running, wrong: dict[str, Any]) -> None:
    with pytest.raises(urllib.error.HTTPError):
        server.set(**wrong)
