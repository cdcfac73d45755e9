"""The modules' environments have what their stages need, and their nf-test files fit the processes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import EXAMPLES, ROOT
from tests.cytetype_server.running import running_server
from tests.mock_provider.running import running_mock
from tests.pipeline.launch import Launcher

MODULES = ROOT / "modules" / "local" / "cassia"
STAGES = ("split", "corrections", "annotate", "submit", "collect", "labels", "index", "check")
# What a package of conda-forge is called elsewhere.
NAMES = {"python-duckdb": "duckdb", "python-isal": "isal"}


def packages(stage: str) -> dict[str, str]:
    """Name (that of the Python package) and version of what a module's environment has."""
    environment = yaml.safe_load((MODULES / stage / "environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge", "bioconda"]
    pins = [re.fullmatch(r"conda-forge::([\w-]+)=([\d.]+)", item) for item in environment["dependencies"]]
    return {NAMES.get(pin[1], pin[1]): pin[2] for pin in pins if pin}


@pytest.mark.parametrize("stage", (*STAGES, "celltypes", "estimate"))
def test_environments_have_the_versions_of_the_image(stage: str) -> None:
    text = (ROOT / "containers" / "requirements.txt").read_text(encoding="utf-8")
    image = {**dict(re.findall(r"^([\w-]+)==([\d.]+)", text, re.M)), "python": "3.11"}
    found = packages(stage)
    assert len(found) >= 2
    assert found == {name: image[name] for name in found}


def run_with_its_packages(command_name: str, *arguments: str | Path, module: str = "") -> None:
    """Run a subcommand with no more than its module's environment has, that of its own name or another one's."""
    allowed = ",".join(packages(module or command_name).keys() - {"python"})
    command = [sys.executable, "-m", "tests.consumer.only", allowed, command_name, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_each_stage_does_with_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offline and asking a model; reading a table as text, Parquet, .h5ad and Zarr; submitting; collecting from
    the journal."""
    chunks, result, status = tmp_path / "chunks", tmp_path / "result.jsonl", tmp_path / "status.json"
    context = ("--name", "only", "--tissue", "blood", "--species", "human")
    run_with_its_packages("split", "tests/data/scanpy.parquet", "--outdir", tmp_path / "parquet", *context)
    ranked = ("--rank", "--group_key", "louvain", *context)
    run_with_its_packages("split", EXAMPLES / "pbmc68k.h5ad", *ranked, "--outdir", tmp_path / "h5ad", *context)
    store = ROOT / "tests" / "data" / "anndata" / "anndata_0.13.4_zarr3.zarr.zip"
    loose = ("--allow_unknown_genes", "--min_log2fc", "0", "--max_p_val_adj", "0.9")
    run_with_its_packages("split", store, "--outdir", tmp_path / "zarr", *loose, *context)
    run_with_its_packages("split", EXAMPLES / "pbmc68k_scanpy.csv", "--outdir", chunks, *context)
    chunk = chunks / "chunk_00000.json"
    run_with_its_packages("annotate", chunk, "--output", result)
    with running_mock(tmp_path) as mock:
        account = ("--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", "mock")
        options: tuple[str | Path, ...] = (*account, "--journal_dir", tmp_path / "journal")
        run_with_its_packages("annotate", chunk, "--output", tmp_path / "asked.jsonl", *options)
        asked = mock.stats()["calls"]
        outputs: tuple[str | Path, ...] = ("--name", "only", "--outdir", tmp_path / "out", "--status", status)
        run_with_its_packages("collect", chunk, *outputs, *options)
        run_with_its_packages("estimate", chunk, *options)
        assert mock.stats()["calls"] == asked > 0
        said = tmp_path / "corrections.csv"
        said.write_text("cluster,label\n")
        run_with_its_packages("corrections", said, chunk)
        run_with_its_packages("collect", chunk, *outputs, *options, "--corrections", said)
    with running_server(tmp_path / "server") as server:
        monkeypatch.setenv("CYTETYPE_AUTH_TOKEN", "a-token")
        where = ("--api_url", server.url, "--allow_upload", "--outdir", tmp_path / "results")
        of_chunks = ("--rank", "--group_key", "louvain", "--chunks", tmp_path / "h5ad" / "chunk_00000.json")
        run_with_its_packages("submit", EXAMPLES / "pbmc68k.h5ad", *where, *of_chunks)
    h5ad, summary = EXAMPLES / "pbmc68k.h5ad", tmp_path / "out" / "only_summary.csv"
    files = ("--parquet", tmp_path / "labels.parquet", "--output", tmp_path / "labelled.h5ad")
    run_with_its_packages("labels", h5ad, summary, "--group_key", "louvain", *files)
    run_with_its_packages("run", h5ad, *ranked, "--outdir", tmp_path / "one_task", module="celltypes")
    run_with_its_packages("labels", h5ad, summary, "--group_key", "louvain", *files, module="celltypes")
    run_with_its_packages("index", status, "--output", tmp_path / "index.html")
    run_with_its_packages("check", status)


def nf_tests() -> list[Path]:
    return sorted([*MODULES.glob("*/tests/main.nf.test"), ROOT / "subworkflows/local/cassia/tests/main.nf.test"])


def test_every_part_has_nf_tests() -> None:
    assert len(nf_tests()) == len(STAGES) + 3
    for path in nf_tests():
        text = path.read_text(encoding="utf-8")
        assert len(re.findall(r"^    test\(", text, re.M)) >= 2
        assert " - stub" in text


def as_scripts(path: Path) -> list[str]:
    """The Nextflow script that each test of an nf-test file comes to: what it sets up and calls, with its inputs."""
    text = path.read_text(encoding="utf-8")
    named = re.search(r'^    (?:process|workflow) "(\w+)"', text, re.M)
    assert named
    setup, *tests = re.split(r"^    test\(", text, flags=re.M)
    scripts = []
    for test in tests:
        own_setup, _, when = test.partition("        when {")
        included = [f"include {{ {named[1]} }} from '{path.parent.parent}/main'"]
        calls = []
        for run in re.split(r"^ +run\(", setup + own_setup, flags=re.M)[1:]:
            name, alias = re.findall(r'"(\w+)"', run.splitlines()[0])[0], re.search(r'alias: "(\w+)"', run)
            folder = (path.parent / run.split('script "')[1].split('"')[0]).parent.resolve()
            included.append(f"include {{ {name}{f' as {alias[1]}' if alias else ''} }} from '{folder}/main'")
            calls.append(call(alias[1] if alias else name, run))
        lines = [*included, "workflow {", *calls, call(named[1], when), "}", ""]
        scripts.append("\n".join(lines))
    return scripts


def call(name: str, text: str) -> str:
    """A call of a process or workflow with the inputs that a text assigns."""
    block = text.split('"""')[1]
    inputs = [part.strip() for part in re.split(r"^\s*input\[\d+\] = ", block, flags=re.M)[1:]]
    return f"{name}({', '.join(inputs)})".replace("${projectDir}", str(ROOT))


@pytest.mark.slow
@pytest.mark.parametrize("path", nf_tests(), ids=lambda path: path.parent.parent.name)
def test_what_nf_tests_call_runs(path: Path, launcher: Launcher) -> None:
    """nf-test itself cannot be had here; its calls are made by Nextflow, as stubs."""
    launcher.env["PATH"] = f"{ROOT / 'bin'}:{launcher.env['PATH']}"
    scripts = as_scripts(path)
    assert scripts
    for number, script in enumerate(dict.fromkeys(scripts)):
        file = launcher.folder / f"test_{number}.nf"
        file.write_text(script)
        done = launcher.run("-stub-run", pipeline=file)
        assert done.code == 0, script + done.said
        assert "Submitted process" in done.said


# No part of the name may run, or end a word of the shell. Patterns of files (* ? [ ] { }) and $x are not among these:
# Nextflow itself cannot hand a file of such a name to a task.
ANY_ID = "it's (a) \\$(touch pwned) `id` & x; 'y' | <z> # ~"


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("-stub-run",)])
def test_an_id_of_another_pipeline_may_have_marks_of_the_shell(options: tuple[str, ...], launcher: Launcher) -> None:
    launcher.env["PATH"] = f"{ROOT / 'bin'}:{launcher.env['PATH']}"
    script = launcher.folder / "any_id.nf"
    cells = EXAMPLES / "pbmc68k.h5ad"
    name = ANY_ID.replace("\\$", "$")
    script.write_text(
        f"include {{ CASSIA }} from '{ROOT}/subworkflows/local/cassia/main'\n"
        f'workflow {{\n    CASSIA(channel.of([[id: "{ANY_ID}", tissue: "blood", species: "human", rank: true, '
        f"group_key: 'louvain'], file('{cells}'), [], [], [], []]), 1, true, [])\n"
        "    CASSIA.out.summary.mix(CASSIA.out.labels, CASSIA.out.h5ad).view { _meta, path -> path.name }\n}\n"
    )
    done = launcher.run(*options, pipeline=script)
    assert done.code == 0, done.said
    made = {f"{name}_{kind}" for kind in ("summary.csv", "labels.parquet", "labelled.h5ad")}
    assert made <= set(done.said.splitlines())
    assert list(launcher.folder.rglob("pwned")) == []
