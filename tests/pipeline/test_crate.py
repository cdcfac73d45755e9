"""The RO-Crate of a run, valid by the validator of its community, and what it tells and does not tell."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import cassia_engine
from tests.command import cassia
from tests.conftest import EXAMPLES, ROOT, need_env
from tests.mock_provider.running import running_mock
from tests.pipeline.launch import Launcher
from tests.pipeline.test_parameters import words_after_launch

pytestmark = pytest.mark.slow

SECRET = "sk-canary-0123456789"
ABOUT = ("--name", "s", "--tissue", "blood", "--species", "human", "--controls", "0")
SCRIPT = """\
include {{ idOf ; imageOf ; modelsOf ; publicValue }} from '{here}/subworkflows/local/utils_cassia/crate'

workflow {{
    println(publicValue('https://me:{secret}@api.example.org:8000/{secret}/v1?key={secret}'))
    println(publicValue('see http://a.b/{secret} and https://c.d, x'))
    println(publicValue(0.25))
    println(idOf('s/a b:ü.csv'))
    println(idOf('#model-custom-org/m:1 ü'))
    told = [[provider: 'openai', model: 'a, b'], [provider: 'openai', model: 'b'], [provider: 'offline', model: 'c']]
    println(modelsOf(told)*.name)
    images = [[null, 'x'], ['docker', null], ['docker', 'quay.io/org/cassia:1.0'], ['podman', 'cassia']]
    images << ['apptainer', [A: 'docker://localhost:5000/c@sha256:ab']]
    images.each {{ engine, image ->
        found = imageOf([containerEngine: engine, container: image])
        println(found.collect {{ it -> [it.registry, it.name, it.tag, it.additionalType['@id'].tokenize('#')[1]] }})
    }}
}}
"""


def crate(pipeline: Launcher) -> dict[str, Any]:
    """Its entities by their ids."""
    text = (pipeline.out / "ro-crate-metadata.json").read_text(encoding="utf-8")
    assert SECRET not in text and str(pipeline.folder) not in text
    return {entity["@id"]: entity for entity in json.loads(text)["@graph"]}


def faults(folder: Path) -> list[str]:
    """What the validator has against a crate, of what its profiles require."""
    script = Path(__file__).with_name("validate_crate.py")
    command: list[str | Path] = [need_env("ro-crate"), script, folder, "workflow-run-crate", "REQUIRED"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return str(done.stdout).splitlines()


def refs(value: Any) -> list[str]:
    return [one["@id"] for one in (value if isinstance(value, list) else [value])]


def test_a_run_with_a_model(pipeline: Launcher) -> None:
    table = pipeline.folder / "in put" / "mein Täble.csv"
    table.parent.mkdir()
    shutil.copyfile(EXAMPLES / "pbmc68k_scanpy.csv", table)
    pipeline.env |= {"CUSTOM_API_KEY": SECRET, "LC_ALL": "C.UTF-8"}
    with running_mock() as mock:
        asked = ("--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", "mock")
        run = pipeline.run("--input", table, *ABOUT, *asked, "--outdir", pipeline.out)
    assert run.code == 0, run.said
    found = crate(pipeline)
    action = found["#run"]
    assert action["actionStatus"] == "http://schema.org/CompletedActionStatus" and "error" not in action
    assert action["startTime"] < action["endTime"] and action["endTime"].endswith("+00:00")
    assert refs(action["instrument"]) == ["pipeline_info/main.nf", "#model-custom-mock"]
    assert "agent" not in action
    # The outputs, with their bytes, and the input by its own.
    out = pipeline.out
    results = {str(path.relative_to(out)): path for path in [*(out / "s").iterdir(), out / "index.html"]}
    assert set(refs(action["result"])) == set(results)
    for name, path in {**results, "pipeline_info/main.nf": ROOT / "main.nf"}.items():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert (found[name]["sha256"], found[name]["contentSize"]) == (digest, f"{path.stat().st_size}"), name
    assert "a language model's answers: hypotheses to be checked" in found["s/s_summary.csv"]["description"]
    [given] = [found[ref] for ref in refs(action["object"]) if not ref.startswith("#")]
    assert given["name"] == table.name and given["@id"].startswith("ni:///sha-256;")
    assert given["sha256"] == hashlib.sha256(table.read_bytes()).hexdigest()
    values = {found[ref]["name"]: found[ref]["value"] for ref in refs(action["object"]) if ref.startswith("#")}
    assert values | {"tissue": "blood", "n_genes": "50", "base_url": mock.url} == values
    assert not values.keys() & {"outdir", "journal_dir", "input"}
    assert found[f"#cassia-engine-{cassia_engine.__version__}"]["softwareVersion"] == cassia_engine.__version__

    # Nothing points to what is not there, and the validator agrees, which does see what is missing.
    assert faults(out) == []
    wrong = json.loads((out / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    for entity in wrong["@graph"]:
        entity.pop("instrument", None)
    (out / "ro-crate-metadata.json").write_text(json.dumps(wrong), encoding="utf-8")
    assert any("instrument" in fault for fault in faults(out))

    # What the pipeline has written can be replayed as well.
    done = cassia("replay", out / "s" / "s_conversations.json", "--outdir", pipeline.folder / "again", env={})
    assert done.returncode == 0, done.stderr
    again = {path.name: path.read_bytes() for path in (pipeline.folder / "again").iterdir()}
    assert again == {path.name: path.read_bytes() for path in (out / "s").iterdir()}


def test_values_names_and_images(pipeline: Launcher) -> None:
    script = pipeline.folder / "values.nf"
    script.write_text(SCRIPT.format(here=ROOT, secret=SECRET), encoding="utf-8")
    pipeline.env |= {"LC_ALL": "C.UTF-8"}
    run = pipeline.run(pipeline=script)
    assert run.code == 0, run.said
    assert words_after_launch(run.said)[:11] == [
        "https://api.example.org:8000",
        "see http://a.b and https://c.d, x",
        "0.25",
        "s/a%20b:%C3%BC.csv",
        "#model-custom-org/m:1%20%C3%BC",
        "[a, b]",
        "[]",
        "[]",
        "[[quay.io, cassia, 1.0, DockerImage]]",
        "[[docker.io, cassia, latest, DockerImage]]",
        "[[localhost:5000, c, sha256:ab, SIFImage]]",
    ]
