"""The provider's key: missing, in the environment, or one of Nextflow's secrets; and found nowhere after a run."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cassia_engine.callers import Caller, called_from
from cassia_engine.errors import CassiaError
from cassia_engine.providers.accounts import open_account
from cassia_engine.providers.table import load
from tests.conftest import EXAMPLES, ROOT
from tests.mock_provider.running import Running, running_mock
from tests.pipeline.launch import Launcher
from tests.pipeline.test_parameters import words_after_launch

CANARY = "canary-5b2e-key"
TABLE = ("--input", EXAMPLES / "pbmc68k_scanpy.csv", "--tissue", "blood", "--species", "human", "--outdir", "out")


@pytest.fixture
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_mock(tmp_path_factory.mktemp("mock"), require_key=CANARY) as running:
        yield running


def line_of_the_engine(provider: str, base_url: str | None) -> str:
    """What the engine's command says without a key, '' if it needs none."""
    try:
        with called_from(Caller.COMMAND):
            open_account(provider, "some-model", base_url, environ={})
    except CassiaError as error:
        return str(error)
    return ""


ASKED = [
    *((row.provider, None) for row in load() if row.base_url),
    ("openai", "https://eu.api.openai.com/v1/"),
    ("bedrock", "https://bedrock-runtime.eu-west-1.amazonaws.com"),
    ("custom", "https://llm.example.org/v1"),
    ("https://llm.example.org/v1", None),
    ("custom", "http://127.0.0.1:9/v1"),
    ("http://localhost:9/v1", None),
    ("http://[::1]:9/v1", None),
]


# What the pipeline finds wrong with the key of each account.
SCRIPT = """\
include {{ checkKey }} from '{here}/subworkflows/local/utils_cassia/key'

workflow {{
    new groovy.json.JsonSlurper().parseText('{asked}').each {{ options ->
        problems = []
        checkKey(options, file('{here}/cassia_engine/data/providers.tsv'), problems)
        println("found " + groovy.json.JsonOutput.toJson(problems))
    }}
}}
"""


@pytest.mark.slow
def test_a_missing_key_is_the_line_of_the_engine(pipeline: Launcher) -> None:
    asked = json.dumps([{"provider": provider, "base_url": url} for provider, url in ASKED])
    script = pipeline.folder / "keys.nf"
    script.write_text(SCRIPT.format(here=ROOT, asked=asked))
    run = pipeline.run(pipeline=script)
    assert run.code == 0, run.said
    found = [json.loads(line[6:]) for line in run.said.splitlines() if line.startswith("found ")]
    lines = [line_of_the_engine(provider, url) for provider, url in ASKED]
    assert sum(map(bool, lines)) == 12
    assert [[problem.partition(", or as a secret: ")[0] for problem in problems] for problems in found] == [
        [line] if line else [] for line in lines
    ]


@pytest.mark.slow
def test_a_run_without_a_key_stops_before_any_task(pipeline: Launcher) -> None:
    run = pipeline.run(*TABLE, "--provider", "openrouter")
    assert run.code != 0
    expected = line_of_the_engine("openrouter", None)
    assert words_after_launch(run.said) == [f"{expected}, or as a secret: nextflow secrets set OPENROUTER_API_KEY KEY"]
    assert pipeline.tasks() == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "asked"),
    [
        ("process.executor = 'slurm'", True),
        ("process { withLabel: cassia_network { executor = 'local' } }", True),
        ("process.executor = 'lsf'", False),
        ("process { withName: ANNOTATE { executor = 'slurm2' } }", False),
    ],
)
def test_the_key_is_asked_for_only_where_tasks_get_it_from_here(pipeline: Launcher, config: str, asked: bool) -> None:
    site = pipeline.folder / "site.config"
    site.write_text(f"{config}\n")
    run = pipeline.run(*TABLE, "--provider", "openai", "-c", site, "-preview")
    assert ("no key for OpenAI" in run.said) == asked, run.said


LOGIN = "process { executor = 'slurm' ; clusterOptions = '--account=lab --export=NONE' }"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "known"),
    [
        ("process { withLabel: cassia_network { beforeScript = '. /lab/key.sh' } }", False),
        ("process { executor = 'slurm' ; withName: 'CASSIA:ANN.*' { beforeScript = '. /lab/key.sh' } }", False),
        (LOGIN, False),
        ("process { executor = 'slurm' ; clusterOptions = { \"--comment=${task.name}\" } }", False),
        ("process { withName: COLLECT { beforeScript = 'module load python' } }", True),
        (f"{LOGIN}\nprocess {{ withLabel: cassia_network {{ executor = 'local' }} }}", True),
        (f"{LOGIN}\nprocess {{ withName: ANNOTATE {{ clusterOptions = '--export=ALL' }} }}", True),
    ],
)
def test_a_key_that_only_the_tasks_may_have_is_no_missing_key(pipeline: Launcher, config: str, known: bool) -> None:
    site = pipeline.folder / "site.config"
    site.write_text(f"{config}\n")
    run = pipeline.run(*TABLE, "--provider", "openrouter", "-c", site, "-preview")
    assert (run.code != 0) == ("no key for OpenRouter: set" in run.said) == known, run.said
    assert ("WARN: OPENROUTER_API_KEY cannot be seen from here" in run.said) == (not known), run.said


@pytest.mark.slow
def test_the_settings_of_a_site_on_the_page_of_slurm_are_read(pipeline: Launcher) -> None:
    """All of them, in a launch without the key, which one of them has the tasks read from a file."""
    page = (ROOT / "docs" / "hpc.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```groovy\n(.*?)^```$", page, re.M | re.S)
    assert len(blocks) == page.count("```groovy") > 3
    configs = [pipeline.folder / f"{number}.config" for number in range(len(blocks))]
    for config, block in zip(configs, blocks, strict=True):
        config.write_text(block)
    options = [word for config in configs for word in ("-c", str(config))]
    run = pipeline.run(*TABLE, "--provider", "openrouter", "-profile", "slurm", *options, "-preview")
    assert run.code == 0, run.said
    assert "WARN: OPENROUTER_API_KEY cannot be seen from here" in run.said


@pytest.mark.slow
@pytest.mark.parametrize("options", ["--export=NONE", "--export=ALL"])
def test_a_key_that_jobs_of_slurm_would_not_get_is_talked_about(pipeline: Launcher, options: str) -> None:
    site = pipeline.folder / "site.config"
    site.write_text(f"process {{ executor = 'slurm' ; clusterOptions = '--account=lab {options}' }}\n")
    pipeline.env["OPENAI_API_KEY"] = CANARY
    run = pipeline.run(*TABLE, "--provider", "openai", "-c", site, "-preview")
    assert run.code == 0, run.said
    assert ("WARN: OPENAI_API_KEY is set here, but jobs of Slurm do not get" in run.said) == ("NONE" in options)
    assert_nowhere(pipeline.folder, run.said, tasks=False)


@pytest.mark.slow
@pytest.mark.parametrize("elsewhere", [None, "not-this-key"])
def test_a_secret_reaches_the_annotating_tasks_only(pipeline: Launcher, mock: Running, elsewhere: str | None) -> None:
    """And is taken before a key in the environment."""
    pipeline.keep_secret("CUSTOM_API_KEY", CANARY)
    if elsewhere:
        pipeline.env["CUSTOM_API_KEY"] = elsewhere
    asked = ("--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", "mock")
    run = pipeline.run(*TABLE, *asked)
    assert run.code == 0, run.said
    with (pipeline.out / "pipeline_info" / "trace.txt").open(encoding="utf-8") as rows:
        hashes = {row["name"]: row["hash"] for row in csv.DictReader(rows, delimiter="\t")}
    scripts = {name: next(pipeline.folder.glob(f"work/{start}*/.command.run")) for name, start in hashes.items()}
    given = {name for name, script in scripts.items() if "CUSTOM_API_KEY" in script.read_text()}
    assert given == {"CASSIA:ANNOTATE (pbmc68k_scanpy chunk_00000)"}
    assert_nowhere(pipeline.folder, run.said)


def assert_nowhere(folder: Path, said: str, tasks: bool = True) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    looked_at = {".nextflow.log", "trace.txt", "params.json"} | ({".command.run"} if tasks else set())
    assert looked_at <= {path.name for path in files}
    assert CANARY not in said
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []


@pytest.mark.slow
@pytest.mark.parametrize("key", ['with"quote', "with`tick", "with space"])
def test_a_secret_that_would_break_its_task_is_refused_and_not_shown(pipeline: Launcher, key: str) -> None:
    pipeline.keep_secret("OPENAI_API_KEY", key)
    run = pipeline.run(*TABLE, "--provider", "openai")
    [line] = words_after_launch(run.said)
    assert line.startswith("the secret OPENAI_API_KEY has white space")
    assert key not in run.said
