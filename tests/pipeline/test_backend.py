"""--backend cytetype: what a launch must have, and a run against a server of the protocol."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cassia_engine.cytetype.protocol import MOST_BYTES
from cassia_engine.cytetype.question import contents_of
from tests.conftest import EXAMPLES, ROOT
from tests.cytetype.runs import acknowledged
from tests.cytetype_server.running import Running, running_server
from tests.pipeline.launch import TIMEOUT_S, Launcher
from tests.pipeline.test_parameters import words_after_launch

TOKEN = "cyt_p_canary0a1b2c3d4e5f6789"
VARIABLE = "CYTETYPE_AUTH_TOKEN"
SERVER = "https://cytetype.example.org"
H5AD = EXAMPLES / "pbmc68k.h5ad"
OF_A_SAMPLE = ("--tissue", "blood", "--species", "human", "--outdir", "out", "--backend", "cytetype")
DATA = ("--input", H5AD, "--rank", "--group_key", "louvain", *OF_A_SAMPLE)
N_CLUSTERS = 11


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_server(tmp_path_factory.mktemp("server") / "state", token=TOKEN) as running:
        yield running


def assert_nowhere(folder: Path, said: str) -> None:
    """The token is in nothing that the run has left behind."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {".nextflow.log", "trace.txt", "params.json", ".command.run"} <= {path.name for path in files}
    assert TOKEN not in said
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []


# What the pipeline finds wrong with options and samples, each a name with its files.
SCRIPT = """\
include {{ checkBackend         }} from '{here}/subworkflows/local/utils_cassia/backend'
include {{ checkToken           }} from '{here}/subworkflows/local/utils_cassia/key'
include {{ readSchema ; specsOf }} from '{here}/subworkflows/local/utils_cassia/parameters'

workflow {{
    specs = specsOf(readSchema(file('{here}/nextflow_schema.json')))
    defaults = specs.collectEntries {{ name, spec -> [name, spec['default']] }}
    new groovy.json.JsonSlurper().parse(file('{cases}').toFile()).each {{ given, samples ->
        problems = []
        read = samples.collect {{ id, names ->
            tables = names.collect {{ name -> file(name) }}
            [[id: id], tables.size() == 1 ? tables[0] : tables, [], [], [], []]
        }}
        checkBackend(defaults + given, specs, read, problems)
        if (!problems) {{
            checkToken(defaults + given, problems)
        }}
        println("found " + groovy.json.JsonOutput.toJson(problems))
    }}
}}
"""
ALLOWED = {"backend": "cytetype", "api_url": SERVER, "allow_upload": True}
ONE: list[tuple[str, list[str]]] = [("a", ["a.h5ad"])]
CASES: list[tuple[dict[str, object], list[tuple[str, list[str]]], list[str]]] = [
    (
        {"backend": "cytetype", "api_url": SERVER},
        [(f"s{n}", [f"s{n}.h5ad"]) for n in range(7)],
        [
            f"--allow_upload is missing: --backend cytetype would send {contents_of(MOST_BYTES)} "
            "of s0 (s0.h5ad), s1 (s1.h5ad), s2 (s2.h5ad), s3 (s3.h5ad), s4 (s4.h5ad), 2 more to "
            "cytetype.example.org; add it if they may leave"
        ],
    ),
    (
        {"backend": "cytetype", "allow_upload": True},
        ONE,
        ["--api_url is missing: --backend cytetype needs the URL of its server"],
    ),
    (
        {**ALLOWED, "api_url": "http://cytetype.example.org"},
        ONE,
        [
            "--api_url http://cytetype.example.org: http would show the token and the data to everyone on the way; use "
            "https, which only a server on this machine can do without"
        ],
    ),
    (
        {**ALLOWED, "api_url": "https://["},
        ONE,
        ["--api_url https://[: expected the URL of a server, such as https://cytetype.example.org"],
    ),
    (
        {**ALLOWED, "api_url": "https://cytetype.example.org/v1"},
        ONE,
        [
            "--api_url https://cytetype.example.org/v1: expected the server's address without a path, such as "
            "https://cytetype.example.org"
        ],
    ),
    (
        ALLOWED,
        [("a", ["a.csv"]), ("b", ["b.h5ad"]), ("c", ["c.h5ad", "d.h5ad"])],
        [
            "--backend cytetype sends the cells of an AnnData, and a (a.csv), c (2 tables) are no .h5ad files; "
            "give the .h5ad files, or leave --backend out"
        ],
    ),
    (
        {**ALLOWED, "provider": "openai", "max_rounds": 1, "proxy": "http://proxy:3128", "trust_env": True},
        ONE,
        [
            "--provider, --max_rounds: --backend cytetype has its server annotate, which does not look at them; "
            "leave them out"
        ],
    ),
    (
        {"api_url": SERVER},
        ONE,
        ["--api_url is of a CyteType server, and --backend is cassia; add --backend cytetype, or leave it out"],
    ),
    (
        {**ALLOWED, "api_url": "http://localhost:8000"},
        ONE,
        [
            f"no token for http://localhost:8000; set {VARIABLE} in the environment, or as a secret: nextflow secrets "
            f"set {VARIABLE} TOKEN"
        ],
    ),
    ({}, [("a", ["a.csv"])], []),
]


@pytest.mark.slow
def test_what_keeps_samples_from_being_sent_is_a_line_each(pipeline: Launcher) -> None:
    cases, script = pipeline.folder / "cases.json", pipeline.folder / "cases.nf"
    cases.write_text(json.dumps([(given, samples) for given, samples, _ in CASES]))
    script.write_text(SCRIPT.format(here=ROOT, cases=cases))
    run = pipeline.run(pipeline=script)
    assert run.code == 0, run.said
    found = [json.loads(line[6:]) for line in run.said.splitlines() if line.startswith("found ")]
    assert found == [expected for _, _, expected in CASES]


@pytest.mark.slow
def test_a_launch_without_leave_stops_before_any_task(pipeline: Launcher) -> None:
    pipeline.env[VARIABLE] = TOKEN
    run = pipeline.run(*DATA, "--api_url", SERVER)
    assert run.code != 0
    [line] = words_after_launch(run.said)
    assert line.startswith("--allow_upload is missing: ")
    assert pipeline.tasks() == {}


@pytest.mark.slow
@pytest.mark.parametrize("is_secret", [True, False])
def test_a_server_annotates_in_place_of_the_annotate_tasks(
    pipeline: Launcher, server: Running, is_secret: bool
) -> None:
    """And the outputs are those of every run; further runs, with -resume or without, send nothing."""
    if is_secret:
        pipeline.keep_secret(VARIABLE, TOKEN)
    else:
        pipeline.env[VARIABLE] = TOKEN
    command = (*DATA, "--chunk_size", "4", "--n_genes", "20", "--allow_upload", "--api_url", server.url)
    run = pipeline.run(*command)
    assert run.code == 0, run.said
    said = f"{contents_of(MOST_BYTES)} of pbmc68k (pbmc68k.h5ad) are sent to 127.0.0.1"
    assert run.said.index(said) < run.said.index("SUBMIT")
    assert set(pipeline.statuses("pbmc68k")) == {"annotated"}
    assert len(pipeline.summary("pbmc68k")) == N_CLUSTERS
    stages = {name.split(" ")[0] for name in pipeline.tasks()}
    assert stages == {"VERSION", "SPLIT", "SUBMIT", "COLLECT", "LABELS", "INDEX", "CHECK"}
    [job] = server.seen()["jobs"]
    asked = job["request"]["input_data"]
    assert asked["studyInfo"] == "Species: human. Tissue: blood."
    assert {len(genes) for genes in asked["markerGenes"].values()} == {20}
    assert "hypotheses of the CyteType server" in (pipeline.out / "pbmc68k" / "pbmc68k_report.html").read_text()
    assert (pipeline.out / "pbmc68k" / "pbmc68k_labels.parquet").exists()
    journal = pipeline.folder / ".cassia" / "journal" / "pbmc68k"
    assert {path.name.rpartition("_")[2] for path in journal.iterdir()} == {"job.json", "query.json", "results.json"}
    assert_nowhere(pipeline.folder, run.said)
    if is_secret:
        before = server.n_events()
        for more in (["-resume"], []):
            again = pipeline.run(*command, *more)
            assert again.code == 0, again.said
        assert server.n_events() == before


@pytest.mark.slow
def test_a_resumed_run_goes_on_with_its_job(pipeline: Launcher, server: Running) -> None:
    """No chunk that the server has is sent again, also where the first run has ended in a refusal."""
    pipeline.env[VARIABLE] = TOKEN
    command = (*DATA, "--allow_upload", "--api_url", server.url)
    server.set(rules=[{"call": "complete", "kind": "obs_duckdb", "fault": "error:QUOTA_EXCEEDED"}])
    run = pipeline.run(*command)
    assert run.code != 0
    assert set(pipeline.statuses("pbmc68k")) == {"not_reached"}
    assert "pbmc68k stays without results" in run.said
    again = pipeline.run(*command, "-resume")
    assert again.code == 0, again.said
    assert set(pipeline.statuses("pbmc68k")) == {"annotated"}
    assert set(server.chunk_counts().values()) == {1}
    assert len(server.seen()["jobs"]) == 1
    assert_nowhere(pipeline.folder, run.said + again.said)


@pytest.mark.slow
def test_a_task_that_is_tried_again_goes_on_with_its_job(pipeline: Launcher, server: Running) -> None:
    pipeline.env[VARIABLE] = TOKEN
    site = pipeline.folder / "site.config"
    site.write_text("process { withName: SUBMIT { ext.args2 = '--job_timeout 0' } }\n")
    server.set(polls=2)
    run = pipeline.run(*DATA, "--allow_upload", "--api_url", server.url, "-c", site)
    assert run.code == 0, run.said
    assert "pbmc68k is tried again" in run.said
    assert set(pipeline.statuses("pbmc68k")) == {"annotated"}
    assert len(server.seen()["jobs"]) == 1
    params = json.loads((pipeline.out / "pipeline_info" / "params.json").read_text())
    assert params["backend"] == "cytetype"


def submitting(folder: Path) -> list[int]:
    """The process ids of the engine's submit in tasks of a launch folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
            within = (place / "cwd").resolve().is_relative_to(folder / "work")
        except OSError:  # it has ended, or is somebody else's
            continue
        if within and b"submit" in words and b"python" in words[0]:
            found.append(int(place.name))
    return found


@pytest.mark.slow
def test_a_killed_task_is_tried_again_and_sends_nothing_twice(pipeline: Launcher, server: Running) -> None:
    pipeline.env[VARIABLE] = TOKEN
    server.set(rules=[{"call": "chunk", "fault": "hold", "kind": "obs_duckdb", "index": 3}])
    process = pipeline.start(*DATA, "--allow_upload", "--api_url", server.url)
    server.wait_held(seconds=TIMEOUT_S)
    [pid] = submitting(pipeline.folder)
    os.kill(pid, signal.SIGKILL)
    [job_file] = (pipeline.folder / ".cassia" / "journal" / "pbmc68k").glob("*_job.json")
    before = acknowledged(json.loads(job_file.read_text()))
    server.release()
    said, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, said
    assert "pbmc68k is tried again" in said
    assert before and {server.chunk_counts()[chunk] for chunk in before} == {1}
    assert len(server.seen()["jobs"]) == 1
    assert set(pipeline.statuses("pbmc68k")) == {"annotated"}
