"""The requests of CyteTypeR, NygenAnalytics' client for R, as the source of its release 0.4.1 states them.

R/cytetype.R and R/client.R say what is sent, in which order, and what is read of the answers; R/schema.R and
R/seurat_helpers.R the form of a question and what becomes of results. httr2 writes JSON so that a vector of one element
is its element, an empty list is [], and a NULL in a list is null.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from math import ceil
from typing import Any

import pytest

from tests.server.processes import MARKERS
from tests.server.running import PATIENCE_S, Answer, RunningApp, running_app
from tests.server.uploading import content

LABELS = {"1": "B", "2": "Mono", "3": "T cells"}
GENES = dict(zip(LABELS, (MARKERS["2"], MARKERS["1"], MARKERS["0"]), strict=True))
AWS = {"awsAccessKeyId": "AKIA", "awsSecretAccessKey": "s", "awsDefaultRegion": "eu-north-1"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A server that starts no run."""
    with running_app(tmp_path_factory.mktemp("idle") / "data", jobs=0) as running:
        yield running


def input_data(**other: Any) -> dict[str, Any]:
    """A question as PrepareCyteTypeR and CyteTypeR make it: clusters are numbered from 1, labels are texts."""
    return {
        "clusterLabels": LABELS,
        "clusterMetadata": {"1": {"donor": {"d1": 60, "d2": 40}}, "2": [], "3": {"donor": {"d1": 100}}},
        "markerGenes": GENES,
        "visualizationData": {"coordinates": [[-2.1, 1.5], [3.2, -0.8]], "clusters": ["1", "2"]},
        "expressionData": {"CD3D": {"1": 0.5, "2": 1.25, "3": 91}},
        "coordinates_key": "umap",
        "studyInfo": "Human blood",
        "infoTags": {},
        "nParallelClusters": 2,
        "clientInfo": {"clientType": "seurat", "clientVersion": "0.4.1"},
    } | other


def send(server: RunningApp, method: str, path: str, body: Any = None) -> Answer:
    """A request with a token, as the client sends one with auth_token."""
    kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    return server.request(method, path, token="any", headers={"Content-Type": kind}, body=body)


def upload(server: RunningApp, kind: str, data: bytes) -> str:
    """Initiate, chunks one by one, complete with an empty list of parts."""
    begun = send(server, "POST", f"/upload/{kind}/initiate", {"file_size_bytes": len(data)}).json()
    assert begun.get("presigned_urls") is None and len(data) <= begun["max_size_bytes"]
    size = begun["chunk_size_bytes"]
    for index in range(ceil(len(data) / size)):
        path = f"/upload/{begun['upload_id']}/chunk/{index}"
        assert 200 <= send(server, "PUT", path, data[index * size : (index + 1) * size]).status < 300
    done = send(server, "POST", f"/upload/{begun['upload_id']}/complete", b"[]")
    assert done.status == 200 and done.headers["content-type"].startswith("application/json")
    return str(done.json()["upload_id"])


def submit(server: RunningApp, **request: Any) -> Answer:
    return send(server, "POST", "/annotate", {"input_data": input_data(), "llm_configs": None} | request)


def poll(server: RunningApp, job: str) -> dict[str, Any]:
    """The status of a job that has ended; each one before is one that the client waits at."""
    end = time.monotonic() + PATIENCE_S
    while True:
        answer = send(server, "GET", f"/status/{job}")
        assert answer.status == 200 and answer.headers["content-type"].startswith("application/json")
        found = dict(answer.json())
        assert set(found["clusterStatus"].values()) <= {"pending", "processing", "completed", "failed"}
        if found["jobStatus"] in ("completed", "failed"):
            return found
        assert found["jobStatus"] in ("pending", "processing") and time.monotonic() < end
        time.sleep(0.05)


def rows_of(results: dict[str, Any], labels: dict[str, str]) -> dict[str, dict[str, str]]:
    """What the client makes a data frame of, by cluster: each field a single text, NULL where it is not there."""
    found = {}
    for cluster, one in results["annotations"].items():
        said = one["latest"]["annotation"]
        label = labels[said.get("clusterId") or cluster]
        assert label not in found, "names of rows are unique"
        found[label] = {
            "annotation": said.get("annotation", "Unknown"),
            "ontologyTerm": said.get("cellOntologyTermName") or said.get("cellOntologyTerm") or "Unknown",
            "ontologyTermID": said.get("cellOntologyTerm") or "Unknown",
            "supportingMarkers": "; ".join(said["supportingMarkers"]),
            "conflictingMarkers": "; ".join(said["conflictingMarkers"]),
        }
        names = ("granularAnnotation", "cellState", "justification", "missingExpression", "unexpectedExpression")
        found[label] |= {name: said.get(name, "") for name in names}
        assert all(isinstance(value, str) for value in found[label].values())
    return found


def test_a_job_with_artifacts_ends_with_a_row_for_each_label(server: RunningApp) -> None:
    files = {kind: upload(server, kind, content(kind, 70_000)) for kind in ("obs_duckdb", "vars_h5")}
    answer = submit(server, uploaded_files=files)
    job = answer.json()["job_id"]
    assert answer.status == 200 and isinstance(job, str) and job
    status = poll(server, job)
    assert status["jobStatus"] == "completed" and list(status["clusterStatus"]) == list(LABELS)
    results = send(server, "GET", f"/results/{job}").json()
    rows = rows_of(results, LABELS)
    assert list(rows) == list(LABELS.values())
    assert "B cell" in rows["B"]["annotation"] and rows["B"]["ontologyTermID"].startswith("CL:")
    assert "monocyte" in rows["Mono"]["annotation"] and "T cell" in rows["T cells"]["annotation"]
    assert isinstance(results["clusterCategories"], list)
    # GetResults(job_id = ) of another session asks once, without a token.
    again = server.request("GET", f"/results/{job}")
    assert again.status == 200 and again.json() == results
    assert send(server, "GET", f"/report/{job}").text.startswith("<!DOCTYPE html>")


def test_a_job_without_artifacts_of_an_early_release(idle: RunningApp) -> None:
    """They have no uploads, no number of parallel clusters, no client's name, and [] for objects without fields."""
    asked = input_data(infoTags=[], clusterMetadata=[])
    for name in ("nParallelClusters", "clientInfo", "coordinates_key"):
        del asked[name]
    assert submit(idle, input_data=asked).status == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"markerGenes": GENES | {"1": "MS4A1"}},
        {"markerGenes": GENES | {"1": []}},
        {"markerGenes": GENES | {"1": None}},
        {"markerGenes": GENES | {"1": ["MS4A1", "NA"]}},
        {"clusterLabels": {}, "expressionData": {}, "visualizationData": None},
        {"visualizationData": {"coordinates": [[0.5, 1, 2]], "clusters": "1"}},
        {"clientInfo": {"clientType": "seurat", "clientVersion": None}},
        {"studyInfo": "", "infoTags": {"DOI": "10.1038/x"}},
    ],
    ids=["one gene", "no genes", "null", "NA", "empty", "one cell", "no version", "tags"],
)
def test_a_question_in_the_forms_that_r_writes(fields: dict[str, Any], idle: RunningApp) -> None:
    answer = submit(idle, input_data=input_data(**fields))
    assert answer.status == 200, answer.text
    assert list(send(idle, "GET", f"/status/{answer.json()['job_id']}").json()["clusterStatus"]) == list(LABELS)


def config(**fields: Any) -> dict[str, Any]:
    """A model as LLMModelConfig makes it: fields that are NULL are left out, the others have defaults."""
    given = {"provider": "openai", "name": "gpt-4o-mini", "apiKey": "sk-r", "targetAgents": []}
    return given | {"skipValidation": False, "allowFallback": False} | fields


@pytest.mark.parametrize(
    "models",
    [
        [config()],
        [config(baseUrl="https://api.openai.com/v1", modelSettings={"temperature": 0, "max_tokens": 4096})],
        [config(targetAgents="annotator"), config(targetAgents=["reviewer", "chat"])],
        [config(modelSettings=[])],
        [config(provider="bedrock", apiKey=None, **AWS)],
        [],
    ],
    ids=["default", "documented", "agents", "no settings", "aws", "none"],
)
def test_models_as_the_client_names_them(models: list[dict[str, Any]], idle: RunningApp) -> None:
    assert submit(idle, llm_configs=models).status == 200


def test_errors_are_what_the_client_looks_for(idle: RunningApp) -> None:
    """At 404 of /status it waits; of errors it reads error_code and message, at the top or in "detail"."""
    assert send(idle, "GET", f"/status/{'0' * 32}").status == 404
    assert send(idle, "GET", f"/results/{'0' * 32}").status == 404
    refused = submit(idle, input_data=input_data(markerGenes={}))
    said = json.loads(refused.body)
    said = said.get("detail", said)
    assert refused.status == 400 and said["error_code"] == "INVALID_REQUEST" and "markerGenes" in said["message"]
    waiting = submit(idle).json()["job_id"]
    assert send(idle, "GET", f"/results/{waiting}").status == 409
