"""What a job's artifacts say, over HTTP, to those whose job it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from tests.server.artifact_files import CODES, GENES, LABELS, N_CELLS, UMAP, X, artifacts
from tests.server.processes import question
from tests.server.running import RunningApp, running_app
from tests.server.uploading import Answer, Client, new_client

CLUSTERS = list(LABELS.values())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("data"), jobs=0) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: RunningApp) -> Client:
    return new_client(server)


@pytest.fixture(scope="module")
def job(client: Client, tmp_path_factory: pytest.TempPathFactory) -> str:
    files = artifacts(tmp_path_factory.mktemp("artifacts"))
    return submitted(client, files.vars_h5, files.obs_duckdb)


def submitted(client: Client, vars_h5: Path | None, obs_duckdb: Path | None) -> str:
    given = {"vars_h5": vars_h5, "obs_duckdb": obs_duckdb}
    uploaded = {kind: client.upload(path.read_bytes(), kind) for kind, path in given.items() if path}
    asked = question({key: ["CD3D", "CD3E", "IL7R"] for key in LABELS}, clusterLabels=LABELS)
    answer = client.send("POST", "/annotate", json.dumps({"input_data": asked, "uploaded_files": uploaded}))
    assert answer.status == 200, answer.body
    return str(answer.data["job_id"])


def asked(client: Client, job: str, what: str, **query: str) -> Answer:
    return client.send("GET", f"/jobs/{job}/{what}?{urlencode(query)}")


def test_genes_and_expression(client: Client, job: str) -> None:
    assert asked(client, job, "genes").data == {"genes": GENES, "n_cells": N_CELLS}
    found = asked(client, job, "expression", gene="CD3D").data
    assert set(found) == {"gene", "clusters", "values"}
    np.testing.assert_allclose(found["values"], X[:, 0], atol=1e-4)
    assert [cluster["cluster"] for cluster in found["clusters"]] == CLUSTERS
    values = X[CODES == 0, 0]
    first: dict[str, Any] = found["clusters"][0]
    assert set(first) == {"cluster", "n_cells", "percent", "mean", "quartiles"}
    assert (first["n_cells"], len(first["quartiles"])) == (20, 3)
    assert first["mean"] == pytest.approx(values.mean(), rel=1e-5)


def test_the_embedding(client: Client, job: str) -> None:
    found = asked(client, job, "embedding").data
    np.testing.assert_allclose(np.column_stack([found.pop("x"), found.pop("y")]), UMAP, atol=1e-3)
    assert found == {"key": "umap", "cluster": CODES.tolist(), "clusters": CLUSTERS}


def test_columns_and_compositions(client: Client, job: str) -> None:
    found = asked(client, job, "columns").data
    assert found["cluster_column"] == "leiden"
    assert found["columns"][0] == {"name": "donor", "kind": "categorical", "n_values": 4}
    donors = asked(client, job, "composition", column="donor").data
    assert (donors["column"], donors["kind"], sorted(donors["values"])) == (
        "donor",
        "categorical",
        ["d1", "d2", "d3", "d4"],
    )
    assert set(donors["clusters"][0]) == {"cluster", "n_cells", "missing", "counts"}
    counts = asked(client, job, "composition", column="n_counts").data
    assert (counts["column"], counts["kind"]) == ("n_counts", "numeric")
    assert set(counts["clusters"][0]) == {"cluster", "n_cells", "missing", "quantiles"}


@pytest.mark.parametrize(
    ("what", "query", "refusal"),
    [
        ("expression", {"gene": "CD4"}, (404, "NOT_FOUND")),
        ("expression", {}, (400, "INVALID_REQUEST")),
        ("composition", {"column": "x"}, (404, "NOT_FOUND")),
        ("composition", {}, (400, "INVALID_REQUEST")),
    ],
)
def test_what_is_not_there(
    what: str, query: dict[str, str], refusal: tuple[int, str], client: Client, job: str
) -> None:
    assert asked(client, job, what, **query).refusal == refusal


def test_jobs_of_others_and_of_nobody(server: RunningApp, client: Client, job: str) -> None:
    for what in ("genes", "expression?gene=CD3D", "embedding", "columns", "composition?column=donor"):
        for caller, asked_job in (
            (new_client(server), job),
            (client, "0" * 32),
            (client, "..%2f"),
        ):
            assert caller.send("GET", f"/jobs/{asked_job}/{what}").refusal == (404, "JOB_NOT_FOUND"), what


def test_a_job_without_artifacts(client: Client) -> None:
    job = submitted(client, None, None)
    answer = asked(client, job, "genes")
    assert (answer.refusal, answer.data["message"]) == ((404, "NOT_FOUND"), "this job has no vars.h5")


def test_a_damaged_artifact(client: Client, tmp_path: Path) -> None:
    files = artifacts(tmp_path)
    files.vars_h5.write_bytes(files.vars_h5.read_bytes()[:2000])
    job = submitted(client, files.vars_h5, files.obs_duckdb)
    answer = asked(client, job, "genes")
    assert answer.refusal == (422, "ARTIFACT_UNREADABLE")
    assert answer.data["message"].startswith("vars.h5: damaged: ")
    assert asked(client, job, "columns").status == 200
