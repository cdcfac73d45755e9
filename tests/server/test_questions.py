"""Questions in every form in which clients write them: taken and answered by the ids of the question, or refused."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cassia_engine.errors import UsageError
from cassia_engine.records import Dataset
from cassia_engine.server.specs import RESULTS, Spec, read_spec, settings_from
from cassia_engine.server.worker.local import run_here
from tests.server.processes import MARKERS, question
from tests.server.running import RunningApp, running_app

GENES = [gene for genes in MARKERS.values() for gene in genes]
STRANGE = (
    *("NA", "nan", "007", "7", "7_0", "", " ", "T cells", "T cells", "T  cells", "a,b", 'say "no"', "two\nlines"),
    *("=1+1", "@SUM(A1)", "-2", "x" * 500, "🧬", "cluster", "genes", "gene", "a\x00b", "a\tb", "a;b|c", "'", "1.0"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A server that starts no run."""
    with running_app(tmp_path_factory.mktemp("server") / "data", jobs=0) as running:
        yield running


def taken(server: RunningApp, asked: Any) -> str:
    answer = server.request("POST", "/annotate", body={"input_data": asked})
    assert answer.status == 200, answer.text
    return str(answer.json()["job_id"])


def results(server: RunningApp, job: str) -> dict[str, Any]:
    """What the run of a job makes, in this process; {} where it fails with a reason."""
    folder = server.state.jobs / job / "run"
    spec = read_spec(folder)
    try:
        outcome = run_here(folder, spec, settings_from(spec, None))
    except UsageError as error:
        assert str(error)
        return {}
    assert outcome.state == "completed" or (outcome.state == "failed" and outcome.reason)
    return dict(json.loads((folder / RESULTS).read_bytes()))["annotations"] if outcome.state == "completed" else {}


@pytest.mark.parametrize("labels", [["1.0"], ["1.0", "2.0"], ["1.0", "1"], ["1.0", "1.5"], ["0.0", "T cell"]])
def test_labels_that_are_whole_numbers_as_decimals_have_a_result_each(labels: list[str], server: RunningApp) -> None:
    ids = [str(number) for number in range(len(labels))]
    markers = dict(zip(ids, MARKERS.values(), strict=False))
    job = taken(server, {"markerGenes": markers, "clusterLabels": dict(zip(ids, labels, strict=True))})
    assert list(results(server, job)) == ids
    markers = dict(zip(labels, MARKERS.values(), strict=False))
    assert list(results(server, taken(server, {"markerGenes": markers}))) == labels


def test_a_setting_of_another_version_is_refused_not_left_out() -> None:
    spec = Spec(Dataset("job", "blood", "human"), "", {}, {"provider": "openai", "model": "m", "no_such": 1})
    with pytest.raises(UsageError, match="no_such"):
        settings_from(spec, None)


def test_clusters_with_strange_labels_have_one_result_each_by_their_ids(server: RunningApp) -> None:
    ids = [str(number) for number in range(len(STRANGE))]
    kinds = list(MARKERS.values())
    markers = {cluster: kinds[number % len(kinds)] for number, cluster in enumerate(ids)}
    job = taken(server, {"markerGenes": markers, "clusterLabels": dict(zip(ids, STRANGE, strict=True))})
    found = results(server, job)
    assert list(found) == ids
    assert [one["latest"]["annotation"]["clusterId"] for one in found.values()] == ids
    labels = [one["latest"]["annotation"]["annotation"] for one in found.values()]
    assert labels[: len(kinds)] * (len(ids) // len(kinds)) == labels[: len(ids) // len(kinds) * len(kinds)]
    assert list(server.request("GET", f"/status/{job}").json()["clusterStatus"]) == ids


def test_ids_may_be_as_strange_as_labels(server: RunningApp) -> None:
    kinds = list(MARKERS.values())
    ids = list(dict.fromkeys(STRANGE))
    markers = {cluster: kinds[number % len(kinds)] for number, cluster in enumerate(ids)}
    found = results(server, taken(server, {"markerGenes": markers}))
    assert list(found) == ids


@pytest.mark.parametrize(
    ("asked", "clusters"),
    [
        ({"markerGenes": {"1": MARKERS["0"], "2": []}}, ["1"]),
        ({"markerGenes": {"1": MARKERS["0"], "2": None, "3": {}}}, ["1"]),
        ({"markerGenes": {"1": MARKERS["0"], "2": "MS4A1"}}, ["1", "2"]),
        ({"markerGenes": {"1": [*MARKERS["0"], None, "", 3, 2.5, True]}}, ["1"]),
        ({"markerGenes": {"1": MARKERS["0"], "2": MARKERS["1"]}, "clusterLabels": {"1": 1, "2": 2.0}}, ["1", "2"]),
        ({"markerGenes": {"1": MARKERS["0"]}, "clusterLabels": [], "studyInfo": None}, ["1"]),
        ({"markerGenes": {"1": MARKERS["0"]}, "clusterLabels": None, "nParallelClusters": None}, ["1"]),
        ({"markerGenes": {"1": MARKERS["0"]}, "nParallelClusters": 4.0, "infoTags": [], "clusterMetadata": []}, ["1"]),
    ],
    ids=["no genes", "null", "one gene", "odd genes", "numbers", "empty objects", "nulls", "floats"],
)
def test_forms_of_a_question(asked: dict[str, Any], clusters: list[str], server: RunningApp) -> None:
    job = taken(server, asked)
    assert list(results(server, job)) == clusters
    states = server.request("GET", f"/status/{job}").json()["clusterStatus"]
    assert {cluster: states[cluster] for cluster in asked["markerGenes"]} == {
        cluster: "completed" if cluster in clusters else "failed" for cluster in asked["markerGenes"]
    }


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"markerGenes": []}, "markerGenes has no cluster"),
        ({"markerGenes": {"1": [], "2": None}}, "markerGenes has no gene"),
        ({"markerGenes": {"1": {"CD3D": 2.5}}}, "$.markerGenes"),
        ({"markerGenes": {"1": ["CD3D"]}, "clusterLabels": {"1": ["a"]}}, "$.clusterLabels"),
        ({"markerGenes": {"1": ["CD3D"]}, "nParallelClusters": 2.5}, "nParallelClusters"),
        ({"markerGenes": {"1": ["CD3D"]}, "nParallelClusters": 51}, "nParallelClusters"),
        ({"markerGenes": {"1": ["CD3D"] * 2001}}, "2,001 marker genes"),
        ({"markerGenes": {"1": ["CD3D", "x" * 1001]}}, "a gene of 1,001 characters"),
        ({"markerGenes": {"1": ["CD3D"]}, "studyInfo": "x" * 100_001}, "studyInfo has 100,001 characters"),
        ({"markerGenes": {str(number): ["CD3D"] for number in range(10_001)}}, "10,001 clusters"),
    ],
)
def test_what_cannot_be_annotated_is_refused_in_a_line(asked: dict[str, Any], said: str, server: RunningApp) -> None:
    answer = server.request("POST", "/annotate", body={"input_data": asked})
    assert (answer.status, answer.code) == (400, "INVALID_REQUEST")
    assert said in answer.json()["message"] and "\n" not in answer.json()["message"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"input_data": {"markerGenes": {"a": ["\xff"]}}}',
        b'{"input_data": {"markerGenes": {"\\ud800": ["CD3D"]}}}',
        b'{"input_data": {"markerGenes": {"a": [1e999]}}}',
        b'{"input_data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"input_data": {"x": ' + b"[" * 100_000 + b"]" * 100_000 + b', "markerGenes": {"a": ["CD3D"]}}}',
        b'{"input_data": {"markerGenes": NaN}}',
        b'{"input_data": {"markerGenes": {"a": ["CD3D"]}}, "llm_configs": {}}',
        b'{"input_data": {"markerGenes": {"a": ["CD3D"]}}, "uploaded_files": [1]}',
        b"",
    ],
    ids=["no UTF-8", "half a pair", "infinity", "deep", "deep beside", "NaN", "configs", "files", "empty"],
)
def test_what_is_no_request_is_refused(body: bytes, server: RunningApp) -> None:
    answer = server.request("POST", "/annotate", body=body)
    assert (answer.status, answer.code) == (400, "INVALID_REQUEST")
    assert "\n" not in answer.json()["message"]


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=20)
)
WILD = st.recursive(
    SCALARS, lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3), max_leaves=5
)
TEXTS = st.sampled_from(STRANGE) | st.text(max_size=30)
OF_CLUSTER = st.lists(st.sampled_from(GENES) | TEXTS | SCALARS, max_size=8) | SCALARS | st.sampled_from(GENES)
QUESTIONS = st.fixed_dictionaries(
    {"markerGenes": st.dictionaries(TEXTS, OF_CLUSTER, max_size=5)},
    optional={
        "clusterLabels": st.dictionaries(TEXTS, TEXTS | SCALARS, max_size=5) | st.just([]),
        "studyInfo": st.text(max_size=50) | st.none(),
        "nParallelClusters": st.integers(0, 60) | st.none(),
        "infoTags": WILD,
        "clusterMetadata": WILD,
        "expressionData": WILD,
        "visualizationData": WILD,
        "clientInfo": WILD,
    },
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=QUESTIONS)
def test_any_question_is_annotated_or_refused(asked: dict[str, Any], server: RunningApp) -> None:
    answer = server.request("POST", "/annotate", body={"input_data": asked})
    assert answer.status in (200, 400), answer.text
    if answer.status == 400:
        assert answer.json()["message"]
        return
    job = answer.json()["job_id"]
    found = results(server, job)
    assert set(found) <= set(asked["markerGenes"])
    states = server.request("GET", f"/status/{job}").json()["clusterStatus"]
    assert list(states) == list(asked["markerGenes"])
    assert not found or {cluster for cluster, state in states.items() if state == "completed"} == set(found)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=WILD, configs=WILD, files=WILD)
def test_any_json_is_answered(asked: Any, configs: Any, files: Any, server: RunningApp) -> None:
    body = {"input_data": asked, "llm_configs": configs, "uploaded_files": files}
    assert server.request("POST", "/annotate", body=body).status in (200, 400, 404, 422)
    assert server.request("POST", "/annotate", body=configs).status in (200, 400)


def test_the_names_of_a_job_s_files_are_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As its row is, which a power cut leaves: each folder on the way is synced when it has all its names."""
    synced: dict[Path, set[str]] = {}

    def fsync(descriptor: int) -> None:
        for folder in (path for path in tmp_path.rglob("*") if path.is_dir()):
            if os.path.samestat(os.fstat(descriptor), folder.stat()):
                synced[folder] = {path.name for path in folder.iterdir()}

    with running_app(tmp_path, jobs=0) as server:
        monkeypatch.setattr(os, "fsync", fsync)
        job = server.request("POST", "/annotate", body={"input_data": question()}).json()["job_id"]
    jobs = tmp_path / "jobs"
    assert synced[jobs] == {job}
    assert synced[jobs / job] == {"query.json", "run"}
    assert synced[jobs / job / "run"] == {"markers.csv", "spec.json"}
