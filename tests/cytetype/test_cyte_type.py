"""The class CyteType: on this machine, and with a server of the protocol."""

from __future__ import annotations

import copy
import errno
import functools
import io
import json
import os
import pickle
import types
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest

import cassia_engine
from cassia_engine import CyteType
from cassia_engine.cytetype import arguments, errors, preparation, running
from cassia_engine.cytetype.job import JobOptions, run_job
from cassia_engine.cytetype.question import Question
from cassia_engine.cytetype.results import JobResults, read_results
from cassia_engine.errors import AccountError, UsageError
from tests.cytetype.runs import LLM_KEY, TOKEN, fake_clock
from tests.cytetype_server.running import Running
from tests.h5ad.files import B, T
from tests.mock_provider.running import Running as Mock
from tests.raising import raises

GENES = (*T, *B)
OBS = ["annotation", "cellOntologyTerm", "cellOntologyTermID", "cellState", "reviewerConfidence"]


class Cells(types.SimpleNamespace):
    """What is used of an AnnData object."""


def records(**fields: Any) -> Any:
    kind = "O" if isinstance(next(iter(fields.values()))[0], str) else "f4"
    made = np.empty(len(next(iter(fields.values()))), [(name, kind) for name in fields])
    for name, values in fields.items():
        made[name] = values
    return made


@pytest.fixture
def adata() -> Cells:
    """Ten cells of three clusters, one of none; the names of the clusters have more than three characters."""
    clusters = ["T cells"] * 4 + ["B cells"] * 3 + ["Doublets"] * 2 + [None]
    obs = pd.DataFrame(
        {"leiden": pd.Categorical(clusters), "donor": ["d1", "d2"] * 5}, index=[f"cell{n}" for n in range(10)]
    )
    x = np.zeros((10, 8), np.float32)
    x[:4, :4], x[4:7, 4:], x[7:9] = 2, 2, 1
    scores = np.arange(8, 0, -1, dtype=np.float32)
    names = {"B cells": [*B, *T], "Doublets": [*T[:2], *B[:2], *T[2:], *B[2:]], "T cells": [*T, *B]}
    ranked = {
        "params": {"groupby": "leiden", "reference": "rest", "method": "wilcoxon", "use_raw": False},
        "names": records(**names),
        **{name: records(**dict.fromkeys(names, scores)) for name in ("scores", "logfoldchanges")},
        **{name: records(**dict.fromkeys(names, scores / 1e6)) for name in ("pvals", "pvals_adj")},
    }
    return Cells(
        X=x,
        obs=obs,
        var=pd.DataFrame(index=list(GENES)),
        uns={"rank_genes_groups": ranked},
        obsm={"X_umap": np.arange(20, dtype=np.float32).reshape(10, 2)},
        layers={},
        raw=None,
    )


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[float]]:
    """A clock that does not wait, in a folder of its own."""
    clock, waits = fake_clock()
    monkeypatch.setattr(arguments, "JobOptions", functools.partial(JobOptions, clock=clock))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("CYTETYPE_AUTH_TOKEN", raising=False)
    yield waits


def at(server: Running, adata: Cells, **options: Any) -> CyteType:
    return CyteType(adata, "leiden", api_url=server.url, auth_token=TOKEN, **options)


def labels(adata: Cells, prefix: str = "cytetype") -> list[str]:
    return list(adata.obs[f"{prefix}_annotation_leiden"].astype(str))


def test_without_a_server_it_annotates_on_this_machine(adata: Cells) -> None:
    asked = CyteType(adata, group_key="leiden", rank_key="rank_genes_groups", n_top_genes=4)
    assert asked.run(study_context="Human PBMC", save_query=True) is adata
    assert labels(adata)[:4] == ["CD4-positive, alpha-beta T cell"] * 4
    assert labels(adata)[9] == "Unknown"  # the cell without a cluster
    assert [f"cytetype_{name}_leiden" for name in OBS] == [name for name in adata.obs if name.startswith("cytetype_")]
    assert adata.obs["cytetype_cellOntologyTermID_leiden"].iloc[0] == "CL:0000624"
    details = adata.uns["cytetype_jobDetails"]
    assert "no language model was asked" in details["notice"]
    assert Path(details["report_url"]).is_file()
    assert {path.name for path in Path().iterdir()} >= {"vars.h5", "obs.duckdb", "query.json", "cytetype_summary.csv"}
    found = asked.get_results()
    assert found is not None
    assert {one["clusterId"]: one["annotation"] for one in found["annotations"]}["T cells"] == labels(adata)[0]
    assert json.loads(adata.uns["cytetype_results"]["result"]) == found


def test_a_model_of_llm_configs_is_asked(adata: Cells, mock: Mock) -> None:
    config = {
        "provider": "openai",
        "name": "gpt-5",
        "apiKey": LLM_KEY,
        "baseUrl": f"{mock.url}/v1",
        "modelSettings": {"temperature": 0.5},
    }
    CyteType(adata, "leiden").run("mouse spleen", llm_configs=[config], results_prefix="mine")
    assert len(set(labels(adata, "mine"))) > 1
    assert mock.stats()["calls"] >= 3
    assert adata.uns["mine_jobDetails"]["job_id"] == "local"
    assert not holding(LLM_KEY, Path())


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"provider": "openai"}, "llm-config-incomplete"),
        ({"provider": "openai", "name": "a", "key": "b"}, "llm-config-field-unknown"),
        ({"provider": "openai", "name": "a", "modelSettings": {"top_k": 3}}, "llm-config-setting-unknown"),
        ({"provider": "bedrock", "name": "a", "awsAccessKeyId": "b"}, "llm-config-half-a-key"),
        ({"provider": "openai", "name": "a", "modelSettings": {"temperature": float("nan")}}, "llm-config-not-json"),
        ({"provider": "openai", "name": "a", "targetAgents": [object()]}, "llm-config-not-json"),
        ({"provider": "openai", "name": "a", "targetAgents": {1, 2}}, "llm-config-agents"),
        ({"provider": "openai", "name": "a", "targetAgents": ["reviewer"]}, "llm-config-no-annotator"),
        ({"provider": "openai", "name": "a", "apiKey": object()}, "llm-config-no-text"),
        ({"provider": "openai", "name": "a", "modelSettings": {"max_tokens": 100}}, "llm-config-few-tokens"),
        ({"provider": "openai", "name": "a", "modelSettings": {"reasoning_effort": ["low"]}}, "setting-invalid"),
    ],
)
def test_a_model_that_is_not_told_as_it_must_be(config: dict[str, Any], code: str, adata: Cells) -> None:
    with raises(code):
        CyteType(adata, "leiden").run("blood", llm_configs=[config])
    assert not any(Path().iterdir())


def test_a_value_that_is_no_json_is_named(adata: Cells, server: Running) -> None:
    config = {"provider": "openai", "name": "a", "apiKey": LLM_KEY, "modelSettings": {"temperature": float("inf")}}
    with raises("llm-config-not-json", "llm_configs: modelSettings: temperature"):
        at(server, adata).run("blood", llm_configs=[config])
    assert not any(Path().iterdir())


@pytest.mark.parametrize("token", ["", " ", "cyt\n", "schlüssel"])
def test_a_token_that_cannot_be_sent_is_known_before_anything_is_written(
    token: str, adata: Cells, server: Running
) -> None:
    with raises("token-not-sendable"):
        CyteType(adata, "leiden", api_url=server.url, auth_token=token).run("blood")
    assert not any(Path().iterdir())


def test_a_server_needs_the_keys_of_its_models(adata: Cells, server: Running) -> None:
    with raises("llm-config-no-key"):
        at(server, adata).run("blood", llm_configs=[{"provider": "openai", "name": "gpt-5"}])
    assert not server.calls()
    assert not any(Path().iterdir())


def test_a_server_is_asked_and_its_results_are_stored(adata: Cells, server: Running) -> None:
    at(server, adata).run("human blood", metadata={"title": "PBMC"}, visibility="org")
    [job] = server.seen()["jobs"]
    asked = job["request"]
    assert asked["input_data"] == json.loads(Path("query.json").read_text())
    assert asked["input_data"]["clusterLabels"] == {name: name for name in ("B cells", "Doublets", "T cells")}
    assert (asked["input_data"]["infoTags"], asked["visibility"]) == ({"title": "PBMC"}, "org")
    assert server.content("vars_h5") == Path("vars.h5").read_bytes()
    assert server.content("obs_duckdb") == Path("obs.duckdb").read_bytes()
    said = {
        one["clusterId"]: one["annotation"]
        for one in json.loads(adata.uns["cytetype_results"]["result"])["annotations"]
    }
    assert labels(adata)[:9] == [said[cluster] for cluster in adata.obs["leiden"][:9]]
    details = adata.uns["cytetype_jobDetails"]
    assert details == {
        "job_id": job["id"],
        "report_url": f"{server.url}/report/{job['id']}",
        "api_url": server.url,
        "notice": details["notice"],
        "visibility": "org",
    }
    summary = pd.read_csv("cytetype_summary.csv", dtype=str, keep_default_na=False)
    assert dict(zip(summary["Cluster ID"], summary["Predicted Detailed Cell Type"], strict=True)) == said
    assert set(summary["Provider"]) == {"cytetype"}
    assert Path("cytetype_report.html").is_file()


def test_what_leaves_the_machine_is_said_before(
    adata: Cells, server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        at(server, adata).run("human blood")
    told = [message for message in caplog.messages if message.startswith(f"to be sent to {server.url}")]
    assert told == [
        f"to be sent to {server.url}: marker genes, percent expressed, shares of metadata and sampled coordinates of "
        "clusters, expression and raw counts of all cells, all columns of obs"
    ]


def holding(text: str, folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_no_key_is_in_any_file_nor_in_a_pickle(adata: Cells, server: Running) -> None:
    asked = at(server, adata)
    asked.run("human blood", llm_configs=[{"provider": "openai", "name": "gpt-5", "apiKey": LLM_KEY}])
    [job] = server.seen()["jobs"]
    assert job["request"]["llm_configs"][0]["apiKey"] == LLM_KEY  # the server alone has it
    asked.adata = None  # which cannot be pickled here
    asked._data = None  # type: ignore[assignment]
    for secret in (TOKEN, LLM_KEY):
        assert not holding(secret, Path())
        assert secret.encode() not in pickle.dumps(asked)
        assert secret not in repr(adata.uns)
    assert asked.auth_token == TOKEN
    assert pickle.loads(pickle.dumps(asked)).auth_token is None


def test_the_same_run_again_goes_on_with_its_job(adata: Cells, server: Running) -> None:
    server.set(rules=[{"call": "results", "fault": "error:JOB_FAILED", "times": 1}])
    with pytest.raises(errors.JobFailedError):
        at(server, adata).run("human blood", results_prefix="first")
    server.set(rules=[{"call": "status", "fault": "error:ACCESS_DENIED", "times": 1}])
    with pytest.raises(errors.AuthorizationError):
        at(server, adata).run("human blood")
    before, files = server.n_events(), Path("vars.h5").stat().st_mtime_ns
    at(server, adata).run("human blood")
    assert "annotate" not in server.calls(after=before)
    assert "initiate" not in server.calls(after=before)
    assert Path("vars.h5").stat().st_mtime_ns >= files


def test_what_is_not_made_again_is_said(adata: Cells, server: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    adata.layers["counts"] = np.ones((10, 8), np.float32)
    server.set(rules=[{"call": "initiate", "kind": "obs_duckdb", "fault": "error:ACCESS_DENIED", "times": 1}])
    with pytest.raises(errors.AuthorizationError):
        at(server, adata).run("human blood")
    adata.layers["counts"] = 2 * adata.layers["counts"]  # of which the question says nothing
    server.set(rules=[{"call": "status", "fault": "error:ACCESS_DENIED", "times": 1}])
    with pytest.raises(errors.AuthorizationError):
        at(server, adata).run("human blood")
    since = f"{datetime.fromtimestamp(Path('vars.h5').stat().st_mtime, UTC):%Y-%m-%d %H:%M:%S}"
    [told] = [message for message in caplog.messages if message.startswith("vars.h5 of")]
    assert told == (
        f"vars.h5 of {since} UTC is taken as it is, and not made again; remove it if the AnnData has changed since"
    )
    at(server, adata).run("human blood")
    assert "the job job-1 goes on with the data that were sent for it; resubmit=True sends them anew" in caplog.messages


def test_a_failed_job_says_how_it_is_submitted_anew(adata: Cells, server: Running) -> None:
    server.set(failed_clusters=["B cells"])
    for _ in range(2):
        with raises("cytetype-job-ended-failed", "resubmit=True submits it anew"):
            at(server, adata).run("human blood")
    with raises("cytetype-job-failed", "resubmit=True"):
        at(server, adata).get_results()
    server.set(failed_clusters=None)
    at(server, adata).run("human blood", resubmit=True)
    assert len(server.seen()["jobs"]) == 2


@pytest.mark.parametrize("in_uns", [True, False])
def test_results_of_another_process(in_uns: bool, adata: Cells, server: Running) -> None:
    server.set(polls=3)
    server.set(rules=[{"call": "status", "fault": "error:ACCESS_DENIED", "times": 1}])
    with pytest.raises(errors.AuthorizationError):
        at(server, adata).run("human blood")
    [job] = server.seen()["jobs"]
    assert adata.uns["cytetype_jobDetails"]["job_id"] == job["id"]
    if not in_uns:
        del adata.uns["cytetype_jobDetails"]
    elsewhere = CyteType(adata, "leiden", api_url="https://example.org", auth_token=TOKEN)
    if in_uns:
        with raises("cytetype-job-elsewhere", server.url):
            elsewhere.get_results()  # whose token is not for that server
    else:
        assert elsewhere.get_results() is None
    later = CyteType(adata, "leiden", api_url=server.url, auth_token=TOKEN)
    assert later.get_results() is None
    server.set(polls=0)
    found = later.get_results()
    assert found is not None
    assert len(found["annotations"]) == 3
    assert labels(adata)[0] == {one["clusterId"]: one["annotation"] for one in found["annotations"]}["T cells"]


def test_results_are_of_the_job_of_these_clusters(adata: Cells, server: Running) -> None:
    """Other prefixes, other cells and other servers may have job files in the same folder."""
    other = copy.deepcopy(adata)
    other.X[:4] = 0
    fault = {"call": "status", "fault": "error:ACCESS_DENIED", "times": 1}
    for cells, prefix in ((adata, "cytetype"), (other, "cytetype"), (adata, "cytetype_2")):
        server.set(rules=[fault])
        with pytest.raises(errors.AuthorizationError):
            at(server, cells).run("human blood", results_prefix=prefix, query_filename="out/query.json")
    for prefix in ("cytetype", "cytetype_2"):
        del adata.uns[f"{prefix}_jobDetails"]  # as in an AnnData that was read anew
    asked = at(server, adata)
    assert asked.get_results() is None
    elsewhere = CyteType(adata, "leiden", api_url="http://127.0.0.1:9", auth_token=TOKEN)
    assert elsewhere.get_results(query_filename="out/query.json") is None
    assert asked.get_results(query_filename="out/query.json") is not None
    assert adata.uns["cytetype_jobDetails"]["job_id"] == server.seen()["jobs"][0]["id"]


def test_without_results_there_are_none(adata: Cells, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    asked = CyteType(adata, "leiden")
    with caplog.at_level("INFO"):
        assert asked.get_results(query_filename="out/query.json") is None
    assert f"{tmp_path / 'out'} has no file cytetype_..._job.json" in caplog.text
    adata.uns["cytetype_results"] = {"job_id": "old", "result": "{["}
    assert asked.get_results() is None
    assert "the stored results cannot be read" in caplog.messages
    adata.uns["cytetype_results"] = {"job_id": "old", "result": {"annotations": []}}
    assert asked.get_results() == {"annotations": []}


def test_results_are_not_replaced_unless_it_is_wanted(adata: Cells, server: Running) -> None:
    asked = at(server, adata)
    asked.run("human blood")
    with raises("cytetype-results-exist", "override_existing_results=True"):
        asked.run("human blood")
    asked.run("human blood", override_existing_results=True)
    asked.run("human blood", results_prefix="second")
    assert len(server.seen()["jobs"]) == 3
    assert adata.uns["cytetype_jobDetails"]["job_id"] != server.seen()["jobs"][0]["id"]


def test_a_run_that_the_server_refuses_leaves_the_earlier_job(adata: Cells, server: Running) -> None:
    at(server, adata).run("human blood")
    [job_file] = Path().glob("*_job.json")
    results, job = dict(adata.uns), job_file.read_bytes()
    server.set(token="another")
    with pytest.raises(errors.AuthenticationError):
        at(server, adata).run("human blood", override_existing_results=True)
    assert adata.uns.keys() == results.keys() and job_file.read_bytes() == job
    assert adata.uns["cytetype_results"] == results["cytetype_results"]
    server.set(token="", rules=[{"call": "annotate", "fault": "error:QUOTA_EXCEEDED"}])
    with pytest.raises(errors.QuotaExceededError):
        at(server, adata).run("human blood", override_existing_results=True)
    for name in ("results", "jobDetails"):
        del adata.uns[f"cytetype_{name}"]  # as in an AnnData that was read anew
    found = at(server, adata).get_results()
    assert found is not None and len(found["annotations"]) == 3


def test_a_run_that_the_job_file_forbids_writes_nothing(adata: Cells, server: Running) -> None:
    server.set(rules=[{"call": "annotate", "fault": "lost"}])
    with raises("cytetype-job-unknown"):
        at(server, adata).run("human blood")
    before = {path.name: path.stat().st_mtime_ns for path in Path().iterdir()}
    with raises("job-maybe-submitted", path=next(Path().glob("*_job.json"))):
        at(server, adata).run("human blood")
    assert {path.name: path.stat().st_mtime_ns for path in Path().iterdir()} == before


def test_both_forms_of_arguments_are_taken(adata: Cells, server: Running) -> None:
    CyteType(adata, "leiden").run(
        study_context="human blood",
        metadata=None,
        save_query=False,
        query_filename="query.json",
        show_progress=False,
        llm_configs=None,
        auth_token=TOKEN,
        vars_h5_path="files/x.h5",
        obs_duckdb_path="files/o.duckdb",
        upload_timeout_seconds=3600,
        cleanup_artifacts=True,
        require_artifacts=True,
        poll_interval_seconds=30,
        timeout_seconds=7200,
        api_url=server.url,
        results_prefix="cytetype",
        n_parallel_clusters=5,
        override_existing_results=False,
    )
    [job] = server.seen()["jobs"]
    assert job["request"]["input_data"]["nParallelClusters"] == 5
    assert not list(Path("files").iterdir())
    assert not Path("query.json").exists()


@pytest.mark.parametrize("aggregate", [True, False])
def test_all_documented_arguments_of_the_constructor_take_effect(aggregate: bool, adata: Cells) -> None:
    ids = {gene: f"ENSG{number:011d}" for number, gene in enumerate(GENES)}
    adata.var = pd.DataFrame({"name": list(GENES), "other": [f"{gene}L9" for gene in GENES]}, index=list(ids.values()))
    ranked = adata.uns["t_test"] = adata.uns.pop("rank_genes_groups")
    ranked["params"]["groupby"] = "types"
    for cluster in ranked["names"].dtype.names:
        ranked["names"][cluster] = [ids[gene] for gene in ranked["names"][cluster]]
    adata.obs = adata.obs.rename(columns={"leiden": "types"})
    adata.obsm = {"X_umap": np.zeros((10, 2), np.float32), "X_own": adata.obsm["X_umap"]}
    asked = CyteType(
        adata=adata,
        group_key="types",
        rank_key="t_test",
        gene_symbols_column="other",
        n_top_genes=3,
        aggregate_metadata=aggregate,
        min_percentage=60,
        pcent_batch_size=2,
        coordinates_key="X_own",
        max_cells_per_group=2,
    )
    assert asked.adata is adata
    assert asked.clusters == ["T cells"] * 4 + ["B cells"] * 3 + ["Doublets"] * 2 + [""]
    assert {name: list(genes) for name, genes in asked.marker_genes.items()} == {
        "T cells": [f"{gene}L9" for gene in T[:3]],
        "B cells": [f"{gene}L9" for gene in B[:3]],
        "Doublets": [f"{gene}L9" for gene in (*T[:2], B[0])],
    }
    # Two of three B cells; elsewhere each donor has half of the cells, which is under `min_percentage`.
    shares = {"B cells": {"donor": {"d1": 66}}, "Doublets": {}, "T cells": {}}
    assert asked.group_metadata == (shares if aggregate else {})
    # Of all cells, however small `pcent_batch_size` is.
    assert asked.expression_percentages[f"{T[0]}L9"] == {"T cells": 100, "B cells": 0, "Doublets": 100}
    shown = asked.visualization_data
    assert (asked.coordinates_key, sorted(shown["clusters"])) == (
        "X_own",
        ["B cells"] * 2 + ["Doublets"] * 2 + ["T cells"] * 2,
    )
    assert {tuple(place) for place in shown["coordinates"]} <= {tuple(place) for place in adata.obsm["X_own"].tolist()}


def test_a_file_that_cannot_be_written_ends_the_run_unless_it_may_be_missing(
    adata: Cells, server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    adata.X = np.array([["a"] * 8] * 10)
    adata.layers["counts"] = np.ones((10, 8), np.float32)
    adata.uns["rank_genes_groups"]["params"]["layer"] = "counts"
    asked = at(server, adata)
    with raises("matrix-unreadable", path="the AnnData"):
        asked.run("human blood")
    assert "report this as an issue" in caplog.text
    assert not server.seen()["jobs"]
    asked.run("human blood", require_artifacts=False)
    [job] = server.seen()["jobs"]
    assert list(job["request"]["uploaded_files"]) == ["obs_duckdb"]
    assert "lacks what it has" in caplog.text


def test_a_label_for_cells_without_one(adata: Cells) -> None:
    adata.obs["leiden"] = adata.obs["leiden"].cat.rename_categories({"Doublets": "Unknown"})
    names = adata.uns["rank_genes_groups"]["names"]
    names.dtype.names = ("B cells", "Unknown", "T cells")
    for name in ("scores", "logfoldchanges", "pvals", "pvals_adj"):
        adata.uns["rank_genes_groups"][name].dtype.names = ("B cells", "Unknown", "T cells")
    assert CyteType(adata, "leiden", label_na=True).clusters[8:] == ["Unknown", "Unknown 2"]
    assert CyteType(adata, "leiden").clusters[8:] == ["Unknown", ""]


@pytest.mark.parametrize("url", ["http://example.com", "https://user@example.com", "ftp://example.com", "example"])
def test_a_url_that_nothing_may_be_sent_to(url: str, adata: Cells) -> None:
    with pytest.raises(cassia_engine.UsageError):
        CyteType(adata, "leiden", api_url=url)


def test_the_token_is_that_of_the_caller_the_environment_or_the_client(
    adata: Cells, server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = CyteType(adata, "leiden", api_url=server.url)
    with pytest.raises(AccountError, match="CYTETYPE_AUTH_TOKEN"):
        asked.run("human blood")
    assert not any(path.suffix == ".h5" for path in tmp_path.iterdir())
    kept = tmp_path / "config" / "cytetype" / "credentials.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps({"apiUrl": server.url, "apiToken": "cyt_kept"}))
    asked.run("human blood", results_prefix="a")
    monkeypatch.setenv("CYTETYPE_AUTH_TOKEN", "cyt_set")
    asked.run("human blood", results_prefix="b")
    asked.run("human blood", results_prefix="c", auth_token="cyt_given")
    tokens = [event["token"] for event in server.events(call="annotate")]
    assert tokens == ["cyt_kept", "cyt_set", "cyt_given"]


def test_errors_are_those_that_scripts_for_the_client_catch(adata: Cells) -> None:
    import cassia_engine.cytetype as package

    assert package.CyteType is CyteType
    names = ("JobNotFoundError", "ClientDisconnectedError", "CyteTypeTimeoutError")
    assert all(issubclass(getattr(package, name), package.CyteTypeError) for name in names)
    assert set(names) <= set(package.__all__)
    with pytest.raises(KeyError) as missing:
        CyteType(adata, "leidn")
    assert str(missing.value).startswith("the AnnData: group_key=")
    with pytest.raises(KeyError):
        CyteType(adata, "leiden", rank_key="other")
    with pytest.raises(ValueError, match="n_top_genes=0: expected a whole number"):
        CyteType(adata, "leiden", n_top_genes=0)
    with pytest.raises(ValueError, match="visibility"):
        CyteType(adata, "leiden").run("blood", visibility="all")


@pytest.mark.parametrize(
    ("config", "code", "said"),
    [
        ({"provider": "openay", "name": "a"}, "provider-unknown", 'llm_configs[0]["provider"]="openay"'),
        ({"provider": "openai", "name": "gpt-5"}, "key-missing", 'give llm_configs[0]["apiKey"], or set'),
        ({"provider": "openai", "name": "a b", "apiKey": "k"}, "model-malformed", 'llm_configs[0]["name"]="a b"'),
        (
            {"provider": "openai", "name": "a", "apiKey": "k", "baseUrl": "http://example.org"},
            "url-not-https",
            "use https",
        ),
    ],
)
def test_a_model_that_cannot_be_asked_is_known_before_anything_is_written(
    config: dict[str, Any], code: str, said: str, adata: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with raises(code, said) as caught:
        CyteType(adata, "leiden").run("blood", llm_configs=[config])
    assert "offline" not in str(caught.value).partition("choose from")[0]
    assert "allow_http" not in str(caught.value)
    assert not any(Path().iterdir())


def test_messages_advise_arguments_that_there_are(
    adata: Cells, server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    ribosomal = ["RPL3", "RPL4", "RPS3", "RPS4X"]
    adata.var.index = [*ribosomal, *B]
    for name in ("B cells", "Doublets", "T cells"):
        old = adata.uns["rank_genes_groups"]["names"][name]
        old[:] = [dict(zip(T, ribosomal, strict=True)).get(gene, gene) for gene in old]
    with caplog.at_level("INFO"):
        CyteType(adata, "leiden").run("human blood", results_prefix="here")
        assert "technical genes are set aside" in caplog.text
        caplog.clear()
        at(server, adata).run("human blood")
        assert "technical" not in caplog.text  # the server is asked about them
    assert "gene_filter" not in caplog.text
    summary = pd.read_csv("cytetype_summary.csv", dtype=str, keep_default_na=False)
    assert "RPL3" in summary.to_csv()


def test_what_the_anndata_is_like_is_said_once(adata: Cells, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        CyteType(adata, "leiden", label_na=True).run("human blood")
    said = [record.getMessage() for record in caplog.records if record.name.startswith("cassia_engine.h5ad")]
    assert any("are counted in" in line for line in said) and any("without a cluster" in line for line in said)
    assert len(said) == len(set(said))


def test_a_job_that_the_server_does_not_know_is_said(adata: Cells, server: Running) -> None:
    adata.uns["cytetype_jobDetails"] = {"job_id": "gone", "report_url": "", "api_url": server.url}
    with pytest.raises(errors.JobNotFoundError, match=f"{server.url} does not know the job gone"):
        at(server, adata).get_results()


def test_what_is_wrong_is_said_at_once(adata: Cells) -> None:
    with raises("cytetype-no-anndata"):
        CyteType("a.h5ad", "leiden")
    with raises("group-key-not-found", "leidn", path="the AnnData"):
        CyteType(adata, "leidn")
    with raises("visibility-unknown"):
        CyteType(adata, "leiden").run("blood", visibility="all")
    with raises("cytetype-not-whole"):
        CyteType(adata, "leiden").run("blood", n_parallel_clusters=51)
    del adata.uns["rank_genes_groups"]
    with raises("h5ad-not-ranked", "rank=True", path="the AnnData"):
        CyteType(adata, "leiden")
    adata.X = np.log1p(adata.X)
    assert set(CyteType(adata, "leiden", rank=True).marker_genes) == {"T cells", "B cells", "Doublets"}


def answered(names: Mapping[str, str]) -> dict[str, Any]:
    """An answer of a server: clusters by their ids, with their types."""
    said = {name: {"latest": {"annotation": {"annotation": kind}}} for name, kind in names.items()}
    return {"annotations": said}


def note_job_of_client(adata: Cells, server: Running, clusters: list[str]) -> None:
    """A job as the client submits and notes it: its ids are those of `clusters`."""
    kinds = dict(zip(clusters, (["MS4A1"], ["LYZ"], ["CD3D"], ["NKG7"]), strict=False))
    asked = {"markerGenes": kinds, "clusterLabels": {}, "expressionData": {}, "nParallelClusters": 2}
    http = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    body = json.dumps({"input_data": asked}).encode()
    sent = urllib.request.Request(f"{server.url}/annotate", body, {"Authorization": f"Bearer {TOKEN}"}, method="POST")
    with http.open(sent, timeout=10) as answer:
        job_id = json.load(answer)["job_id"]
    url = f"{server.url}/report/{job_id}"
    adata.uns["cytetype_jobDetails"] = {"job_id": job_id, "report_url": url, "api_url": server.url}


def test_clusters_of_a_job_of_the_client_are_its_numbers(adata: Cells, server: Running) -> None:
    # The client numbers B cells, Doublets, T cells, as they are sorted; clusters without cells have no number.
    adata.obs["leiden"] = adata.obs["leiden"].cat.add_categories(["Astrocytes"])
    note_job_of_client(adata, server, ["0", "1", "2"])
    asked, noted = at(server, adata), dict(adata.uns["cytetype_jobDetails"])
    found = asked.get_results()
    assert found is not None and [one["clusterId"] for one in found["annotations"]] == ["0", "1", "2"]
    assert labels(adata) == ["T cell"] * 4 + ["B cell"] * 3 + ["monocyte"] * 2 + ["Unknown"]
    assert adata.uns["cytetype_jobDetails"] == noted


def test_numbers_of_the_client_count_also_where_clusters_are_called_so(
    adata: Cells, server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    rename(adata, {"B cells": "1", "Doublets": "2", "T cells": "Doublets"})
    note_job_of_client(adata, server, ["1", "2"])  # which has not answered of number 0, the cluster 1
    assert at(server, adata).get_results() is not None
    assert labels(adata) == ["monocyte"] * 4 + ["Unknown"] * 3 + ["B cell"] * 2 + ["Unknown"]
    assert "clusters without an annotation, whose cells are called Unknown: 1" in caplog.messages


def rename(adata: Cells, names: dict[str, str]) -> None:
    adata.obs["leiden"] = adata.obs["leiden"].cat.rename_categories(names)
    for values in adata.uns["rank_genes_groups"].values():
        if isinstance(values, np.ndarray):
            values.dtype.names = tuple(names[name] for name in values.dtype.names)


@pytest.mark.parametrize("by_file", [True, False])
def test_clusters_of_a_job_of_ours_are_their_labels(by_file: bool, adata: Cells, server: Running) -> None:
    rename(adata, {"B cells": "1", "Doublets": "2", "T cells": "Doublets"})
    server.set(rules=[{"call": "status", "fault": "error:ACCESS_DENIED", "times": 1}])
    with pytest.raises(errors.AuthorizationError):
        at(server, adata).run("human blood")
    if by_file:
        del adata.uns["cytetype_jobDetails"]["notice"]
    else:
        next(Path().glob("*_job.json")).unlink()
    found = at(server, adata).get_results()
    assert found is not None
    said = {one["clusterId"]: one["annotation"] for one in found["annotations"]}
    assert labels(adata)[:9] == [said[cluster] for cluster in adata.obs["leiden"][:9]]


@pytest.mark.parametrize(
    ("ids", "unnamed", "others"),
    [
        ({"B cells": "b", "T cells": "t", "Doublets": "d", "Zed": "z"}, [], "Zed"),
        ({"0": "b", "1": "d", "2": "t"}, ["B cells", "Doublets", "T cells"], "0, 1, 2"),
    ],
)
def test_obs_and_outputs_say_the_same_of_clusters_that_were_not_asked_about(
    ids: dict[str, str],
    unnamed: list[str],
    others: str,
    adata: Cells,
    server: Running,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(running, "run_job", lambda *_, **__: read_results(answered(ids), "j", ""))
    at(server, adata).run("human blood")
    said = {name: kind for name, kind in ids.items() if name in {"B cells", "T cells", "Doublets"}}
    assert labels(adata)[:9] == [said.get(cluster, "Unknown") for cluster in adata.obs["leiden"][:9]]
    summary = pd.read_csv("cytetype_summary.csv", dtype=str, keep_default_na=False)
    found = dict(zip(summary["Cluster ID"], summary["Predicted Detailed Cell Type"], strict=True))
    assert {name for name, kind in found.items() if not kind} == set(unnamed)
    assert {name: kind for name, kind in found.items() if kind} == said
    assert caplog.messages.count(f"the server's answer has clusters that were not asked about: {others}") == 1


@pytest.mark.parametrize("name", ["job_id", "api_url"])
def test_a_noted_job_that_cannot_be_read_is_said(name: str, adata: Cells) -> None:
    adata.uns["cytetype_jobDetails"] = {"job_id": "j", name: np.array(["a", "b"])}
    with raises("cytetype-noted-job", "cytetype_jobDetails", name, path="the AnnData"):
        CyteType(adata, "leiden").get_results()


@pytest.mark.parametrize("local", [True, False])
def test_markers_that_cannot_be_used_are_known_before_a_job_is_sent(local: bool, adata: Cells, server: Running) -> None:
    del adata.uns["rank_genes_groups"]["scores"]
    asked = CyteType(adata, "leiden") if local else at(server, adata)
    with raises("cytetype-no-scores", "rank_genes_groups", path="the AnnData"):
        asked.run("human blood")
    assert not server.calls() and (local or not any(Path().iterdir()))


@pytest.mark.parametrize(
    ("name", "code"), [(" ", "group-nameless"), ("a\0b", "group-no-text"), ("a\ud800b", "group-no-text")]
)
def test_clusters_without_a_usable_name(name: str, code: str, adata: Cells) -> None:
    rename(adata, {"B cells": name, "Doublets": "2", "T cells": "T cells"})
    with raises(code, "obs['leiden']", repr(name), path="the AnnData"):
        CyteType(adata, "leiden")


def test_a_text_of_the_data_that_no_file_can_hold(adata: Cells) -> None:
    adata.obs["donor"] = ["d\ud800", "d2"] * 5
    with raises("question-no-text", "'d\\ud800'", path="the AnnData"):
        CyteType(adata, "leiden")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((5,), "cytetype-not-text"),
        (("zz", None), "cytetype-no-path"),
        (("zz", "x/" * 3000), "cytetype-path-unusable"),
        (("zz", "a\0"), "cytetype-path-unusable"),
    ],
)
def test_what_get_results_does_not_take(arguments: Any, code: str, adata: Cells) -> None:
    with raises(code):
        CyteType(adata, "leiden").get_results(*arguments)


@pytest.mark.parametrize("name", ["vars_h5_path", "obs_duckdb_path", "query_filename"])
def test_a_url_is_no_path_to_write(name: str, adata: Cells, server: Running) -> None:
    given: dict[str, Any] = {name: "s3://bucket/x"}
    with raises("path-is-url", f"{name}: s3://bucket/x: this is a URL (s3)"):
        at(server, adata).run("human blood", **given)
    assert not server.calls() and not any(Path().iterdir())


def test_a_job_without_a_server_is_said(adata: Cells, caplog: pytest.LogCaptureFixture) -> None:
    adata.uns["cytetype_jobDetails"] = {"job_id": "j7", "report_url": ""}
    with caplog.at_level("INFO"):
        assert CyteType(adata, "leiden").get_results() is None
    told = "the AnnData: uns['cytetype_jobDetails'] names the job j7 and no server; give api_url to ask for its results"
    assert told in caplog.messages


def test_noted_jobs_that_are_no_mapping_are_said(adata: Cells) -> None:
    adata.uns["cytetype_jobDetails"] = "j7"
    told = "uns['cytetype_jobDetails']: expected a mapping with job_id and api_url, found str; correct or remove it"
    with raises("cytetype-noted-no-mapping", told, path="the AnnData"):
        CyteType(adata, "leiden").get_results()


@pytest.mark.parametrize("kept", [True, False])
def test_damaged_job_files_are_said_where_no_other_has_the_job(
    kept: bool, adata: Cells, server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    server.set(rules=[{"call": "status", "fault": "error:ACCESS_DENIED", "times": 1}])
    with pytest.raises(errors.AuthorizationError):
        at(server, adata).run("human blood")
    del adata.uns["cytetype_jobDetails"]["notice"]
    job_id = adata.uns["cytetype_jobDetails"]["job_id"]
    Path("a_job.json").write_text("{")
    if not kept:
        next(Path().glob("cytetype_*_job.json")).write_text("[]")
    at(server, adata).get_results()
    told = [message for message in caplog.messages if "a_job.json" in message]
    if kept:
        assert told == []
    else:
        [line] = told
        assert "cytetype_" in line and f"whether cassia has submitted the job {job_id} is not known" in line


def test_vars_h5_has_what_the_object_has(adata: Cells, server: Running) -> None:
    at(server, adata).run("human blood")
    with h5py.File("vars.h5") as file:
        assert file["vars"].attrs["n_obs"] == 10
        assert len(file["vars/data"]) == np.count_nonzero(adata.X)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"vars_h5_path": "data.h5ad"}, "cytetype-output-is-input"),
        ({"obs_duckdb_path": "./data.h5ad"}, "cytetype-output-is-input"),
        ({"query_filename": Path("data.h5ad")}, "cytetype-output-is-input"),
        ({"vars_h5_path": "x", "obs_duckdb_path": "./x"}, "cytetype-same-output"),
        ({"query_filename": "vars.h5"}, "cytetype-same-output"),
    ],
)
def test_no_file_takes_the_place_of_another(options: dict[str, Any], code: str, adata: Cells) -> None:
    Path("data.h5ad").write_bytes(b"all cells")
    adata.filename = "data.h5ad"
    with pytest.raises(UsageError) as caught:
        CyteType(adata, "leiden").run("human blood", cleanup_artifacts=True, **options)
    assert caught.value.code == code
    assert [(path.name, path.read_bytes()) for path in Path().iterdir()] == [("data.h5ad", b"all cells")]


@pytest.mark.parametrize("name", ["vars_h5_path", "obs_duckdb_path", "query_filename"])
@pytest.mark.parametrize("local", [True, False])
def test_what_is_no_file_is_replaced_by_none(name: str, local: bool, adata: Cells, server: Running) -> None:
    os.mkfifo("pipe")
    Path("loop").symlink_to("loop")
    Path("folder").mkdir()
    Path("file").touch()
    asked = CyteType(adata, "leiden") if local else at(server, adata)
    codes = {"pipe": "output-is-device", "folder": "output-is-folder", "loop": "cytetype-path-loop"}
    for place, code in codes.items():
        given: dict[str, Any] = {name: place}
        with raises(code, path=place):
            asked.run("human blood", **given)
    given = {name: "file/x"}
    with raises("output-not-writable", path="file"):
        asked.run("human blood", **given)
    assert not server.calls()
    assert {path.name for path in Path().iterdir()} == {"pipe", "folder", "file", "loop"}
    assert Path("pipe").is_fifo()


@pytest.mark.parametrize("output", ["cytetype_summary.csv", "cytetype_report.html", "cytetype_full.csv"])
def test_outputs_that_cannot_be_written_are_known_before_a_job_is_sent(
    output: str, adata: Cells, server: Running
) -> None:
    Path(output).mkdir()
    with raises("output-is-folder", path=output):
        at(server, adata).run("human blood")
    assert (server.calls(), [path.name for path in Path().iterdir()]) == ([], [output])


@pytest.mark.parametrize("name", ["cytetype_summary.csv", "./cytetype_report.html", "cytetype_0123abcd_job.json"])
def test_no_argument_names_another_file_of_the_run(name: str, adata: Cells) -> None:
    for argument in ("vars_h5_path", "obs_duckdb_path", "query_filename"):
        given: dict[str, Any] = {argument: name}
        with raises("cytetype-output-of-run", argument, path=Path(name).name):
            CyteType(adata, "leiden").run("human blood", **given)
    assert not any(Path().iterdir())


def test_cleanup_removes_what_this_object_has_written_alone(adata: Cells) -> None:
    Path("vars.h5").write_bytes(b"of another run")
    asked = CyteType(adata, "leiden")
    asked.cleanup()
    assert Path("vars.h5").read_bytes() == b"of another run"
    asked.run("human blood")
    asked.cleanup()
    assert not Path("vars.h5").exists()
    assert not Path("obs.duckdb").exists()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"group_key": 5}, "cytetype-not-text"),
        ({"coordinates_key": 3}, "cytetype-not-text"),
        ({"rank_key": 5}, "cytetype-not-text"),
        ({"gene_symbols_column": ["a"]}, "cytetype-not-text"),
        ({"group_key": "a\ud800"}, "cytetype-not-unicode"),
        ({"vars_h5_path": "a\0b"}, "cytetype-path-unusable"),
        ({"obs_duckdb_path": "\ud800"}, "cytetype-path-unusable"),
        ({"vars_h5_path": "x/" * 3000}, "cytetype-path-unusable"),
        ({"n_top_genes": -1}, "cytetype-not-whole"),
        ({"n_top_genes": "50"}, "cytetype-not-whole"),
        ({"min_percentage": 101}, "cytetype-not-whole"),
        ({"max_metadata_categories": None}, "cytetype-not-whole"),
        ({"max_cells_per_group": 0}, "cytetype-not-whole"),
        ({"vars_h5_path": None}, "cytetype-no-path"),
        ({"api_url": 3}, "cytetype-not-text"),
        ({"auth_token": 3}, "cytetype-not-text"),
    ],
)
def test_what_the_constructor_does_not_take(options: dict[str, Any], code: str, adata: Cells) -> None:
    with raises(code):
        CyteType(adata, **{"group_key": "leiden", **options})


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"study_context": None}, "cytetype-not-text"),
        ({"results_prefix": 5}, "cytetype-not-text"),
        ({"metadata": ["a"]}, "cytetype-metadata-no-texts"),
        ({"metadata": {"a": {}}}, "cytetype-metadata-no-texts"),
        ({"metadata": {"a": "\ud800"}}, "cytetype-not-unicode"),
        ({"metadata": {"\ud800": 1}}, "cytetype-not-unicode"),
        ({"study_context": "blood \udc00"}, "cytetype-not-unicode"),
        ({"query_filename": "a\0"}, "cytetype-path-unusable"),
        ({"vars_h5_path": "x" * 300}, "cytetype-path-unusable"),
        ({"n_parallel_clusters": "2"}, "cytetype-not-whole"),
        ({"n_parallel_clusters": 51}, "cytetype-not-whole"),
        ({"upload_max_workers": 0}, "cytetype-not-whole"),
        ({"poll_interval_seconds": 0}, "cytetype-not-seconds"),
        ({"timeout_seconds": float("nan")}, "cytetype-not-seconds"),
        ({"query_filename": None}, "cytetype-no-path"),
        ({"query_filename": ""}, "cytetype-no-path"),
        ({"auth_token": 3}, "cytetype-not-text"),
        ({"api_url": 3}, "cytetype-not-text"),
        ({"llm_configs": {"provider": "openai", "apiKey": LLM_KEY}}, "llm-configs-no-list"),
        ({"llm_configs": LLM_KEY}, "llm-configs-no-list"),
        ({"llm_configs": [LLM_KEY]}, "llm-configs-no-list"),
        ({"llm_configs": [{"modelSettings": LLM_KEY}]}, "llm-config-settings-no-mapping"),
    ],
)
def test_what_run_does_not_take(options: dict[str, Any], code: str, adata: Cells) -> None:
    with raises(code) as caught:
        CyteType(adata, "leiden").run(**{"study_context": "human blood", **options})
    assert LLM_KEY not in str(caught.value)
    assert not any(Path().iterdir())


def test_two_runs_in_one_folder_do_not_meet(
    adata: Cells, server: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While one run is between writing its files and having uploaded them, another may not write them."""
    other = copy.deepcopy(adata)
    other.X, other.var = other.X[:, :4], other.var.iloc[:4]
    first, second = at(server, adata), at(server, other)

    def meanwhile(question: Question, **options: Any) -> JobResults:
        if question.input_data["studyInfo"] == "human blood":
            with raises("artifact-in-use", path="vars.h5"):
                second.run("mouse blood", results_prefix="second")
        return run_job(question, **options)

    monkeypatch.setattr(running, "run_job", meanwhile)
    first.run("human blood")
    with h5py.File(io.BytesIO(server.content("vars_h5"))) as file:
        assert file["vars"].attrs["n_vars"] == 8
    second.run("mouse blood", results_prefix="second")
    assert not list(Path().glob(".*.lock"))


def test_who_has_a_full_disk_is_not_sent_to_report_it(
    adata: Cells, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "vars.h5")

    monkeypatch.setattr(preparation, "write_vars_h5", full)
    with pytest.raises(OSError, match="No space left"):
        CyteType(adata, "leiden").run("human blood")
    assert "require_artifacts=False" in caplog.text
    assert "report this" not in caplog.text
