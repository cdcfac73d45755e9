"""nextflow_schema.json, nextflow.config, the command line and the modules say the same."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import cassia_engine
from cassia_engine import settings
from cassia_engine.markers.files.samplesheet import COLUMNS
from cassia_engine.settings.declaration import parameter, parameters
from scripts import make_parameters
from tests.conftest import ROOT

STAGES = ("split", "corrections", "estimate", "annotate", "submit", "collect", "index", "check")
# Settings of the engine that are the pipeline's too, by class.
SHARED = (settings.SplitSettings, settings.BackendSettings, settings.AnnotateSettings, settings.RunSettings)


# Parameters that are no settings of the engine.
OF_THE_PIPELINE = {
    "input",
    "outdir",
    "publish_dir_mode",
    "write_h5ad",
    "name",
    "tissue",
    "species",
    "additional_info",
} | {*("max_tasks", "fresh", "dry_run", "corrections", "help", "version")}


def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "nextflow_schema.json").read_text(encoding="utf-8"))
    return loaded


def properties() -> dict[str, dict[str, Any]]:
    return {name: spec for group in schema()["$defs"].values() for name, spec in group["properties"].items()}


def config_defaults() -> dict[str, object]:
    """The params block of nextflow.config, which holds one plain literal a line."""
    text = (ROOT / "nextflow.config").read_text(encoding="utf-8")
    block = text.split("params {", 1)[1].split("\n}", 1)[0]
    words = {"null": None, "false": False, "true": True}
    lines = re.findall(r"^ +(\w+) += (.+)$", block, re.M)
    return {name: words[value] if value in words else ast.literal_eval(value) for name, value in lines}


def test_what_repeats_the_settings_is_made_of_them() -> None:
    stale = [path for path, text in make_parameters.render().items() if text != (ROOT / path).read_text("utf-8")]
    assert stale == [], "run scripts/make_parameters.py"
    assert properties().keys() == OF_THE_PIPELINE | make_parameters.SETTINGS.keys()


def test_a_new_parameter_gets_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass
    class New:
        min_cells: int = parameter(7, "The least cells.", unset="any", minimum=1, per_sample=True)

    monkeypatch.setattr(make_parameters, "GROUPS", {**make_parameters.GROUPS, New: "marker_options"})
    monkeypatch.setattr(make_parameters, "SETTINGS", {**make_parameters.SETTINGS, **parameters(New)})
    made = make_parameters.render()
    rules = {"type": "integer", "minimum": 1, "description": "The least cells; else any."}
    entries = json.loads(made["nextflow_schema.json"])["$defs"]["marker_options"]["properties"]
    assert entries["min_cells"] == {**rules, "default": 7}
    columns = json.loads(made["assets/schema_input.json"])["items"]["properties"]
    assert columns["min_cells"] == {**rules, "meta": ["min_cells"]}
    lines = {
        "assets/samplesheet_full.csv": ",min_cells",
        "nextflow.config": "    min_cells             = 7",
        "subworkflows/local/cassia/main.nf": "'min_cells'",
        "docs/usage.md": "| `min_cells` | The least cells; else any. |",
    }
    assert [path for path, line in lines.items() if line not in made[path]] == []


def test_texts_that_the_shell_of_a_task_gets_have_a_pattern() -> None:
    """conf/modules.config puts them between apostrophes."""
    found = make_parameters.SETTINGS.values()
    free = [one.name for one in found if one.kind is str and not one.choices and not one.per_sample]
    patterns = {name: properties()[name].get("pattern", "") for name in free}
    assert (
        free
        and [name for name, one in patterns.items() if not one or re.search(one, "a'b") or re.search(one, "'")] == []
    )


def test_schema_and_config_have_the_same_parameters_and_defaults() -> None:
    assert list(config_defaults()) and set(config_defaults()) == set(properties())
    # nf-core's linter wants false left out, as a switch that is not given is off.
    said = {name: None if value is False else value for name, value in config_defaults().items()}
    assert {name: spec.get("default") for name, spec in properties().items()} == said


def test_defaults_are_those_of_the_engine() -> None:
    # A key is no parameter: parameters are written down. Paths are text there, and no texts are none.
    kinds = {name: one.default for kind in SHARED for name, one in parameters(kind).items()}
    texts = {name: str(value) if isinstance(value, Path) else value for name, value in kinds.items()}
    shared = {name: None if value == () else value for name, value in texts.items()}
    assert shared.keys() <= config_defaults().keys()
    assert {name: config_defaults()[name] for name in shared} == shared
    assert properties()["marker_format"]["enum"] == list(settings.MARKER_FORMATS)
    assert properties()["ranking_method"]["enum"] == list(settings.RANKING_METHODS)
    assert properties()["validator_involvement"]["enum"] == list(settings.INVOLVEMENTS)
    assert properties()["reasoning"]["enum"] == list(settings.REASONING)


def test_schema_is_one_and_every_parameter_is_described() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert [ref["$ref"].removeprefix("#/$defs/") for ref in schema()["allOf"]] == list(schema()["$defs"])
    assert [name for name, spec in properties().items() if not spec.get("description", "").endswith(".")] == []


def sheet_schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "assets" / "schema_input.json").read_text(encoding="utf-8"))
    return loaded


def test_options_of_language_models_are_those_of_the_engine() -> None:
    text = (ROOT / "subworkflows/local/utils_cassia/provider.nf").read_text(encoding="utf-8")
    named = re.findall(r"'(\w+)'", text.split("return [", 1)[1].split("]", 1)[0])
    assert sorted(named) == sorted({*settings.OF_MODELS, "siblings", "controls", "lookup_genes"} - {"api_key"})


def test_columns_of_a_samplesheet_are_parameters() -> None:
    columns = sheet_schema()["items"]["properties"]
    rules = ("type", "format", "exists", "enum", "minimum", "pattern")
    for column in columns.keys() - {"sample", "markers"}:
        parameter = properties()[column]
        assert {rule: columns[column].get(rule) for rule in rules} == {rule: parameter.get(rule) for rule in rules}
    assert columns["sample"]["pattern"] == properties()["name"]["pattern"]
    of_the_run = {"chunk_size", "controls", "lookup_genes", "max_table_size", "max_failed_clusters"} | {
        field.name for kind in (settings.AnnotateSettings, settings.BackendSettings) for field in fields(kind)
    }
    of_a_sample = {field.name for kind in SHARED for field in fields(kind)} - of_the_run | {"knowledge"}
    assert of_a_sample <= columns.keys()


def test_the_engine_knows_a_samplesheet_by_all_names_of_its_columns() -> None:
    columns = sheet_schema()["items"]["properties"]
    names = [{name, *columns[name].get("aliases", ())} for name in sheet_schema()["items"]["required"]]
    assert [set(kind) for kind in COLUMNS] == [names[0], names[1], names[2] | names[3]]


def test_every_column_reaches_a_task() -> None:
    columns = sheet_schema()["items"]["properties"]
    text = (ROOT / "subworkflows" / "local" / "cassia" / "main.nf").read_text(encoding="utf-8")
    told = set(re.findall(r"'(\w+)'", text.split("def sampleOptions", 1)[1]))
    assert told == {column for column, spec in columns.items() if "meta" in spec} - {"sample"}


def test_every_column_is_documented() -> None:
    text = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8").split("| column |", 1)[1].split("\n\n", 1)[0]
    named = [name for row in text.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(named) == sorted(sheet_schema()["items"]["properties"])


def test_every_profile_is_documented() -> None:
    config = (ROOT / "nextflow.config").read_text(encoding="utf-8").split("\nprofiles {", 1)[1].split("\n}", 1)[0]
    table = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8").split("## Profiles", 1)[1].split("\n## ", 1)[0]
    named = [name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(re.findall(r"^    (\w+) +\{", config, re.M))


@pytest.mark.parametrize("example", ["samplesheet.csv", "samplesheet_full.csv"])
def test_an_example_samplesheet_fits_its_schema(example: str) -> None:
    schema = sheet_schema()
    columns = schema["items"]["properties"]
    read: dict[str, Callable[[str], object]] = {"integer": int, "number": float, "boolean": json.loads, "string": str}
    with (ROOT / "assets" / example).open(encoding="utf-8", newline="") as rows:
        samples = [{name: cell for name, cell in row.items() if cell} for row in csv.DictReader(rows)]
    typed = [{name: read[columns[name]["type"]](cell) for name, cell in row.items()} for row in samples]
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(typed)] == []
    assert len(samples) >= 2


@pytest.mark.parametrize("stage", STAGES)
def test_a_module_has_all_its_parts(stage: str) -> None:
    module = ROOT / "modules" / "local" / "cassia" / stage
    text = (module / "main.nf").read_text(encoding="utf-8")
    assert f"process CASSIA_{stage.upper()} {{" in text
    assert f'container "cassia:{cassia_engine.__version__}"' in text
    assert "\n    when:\n    task.ext.when == null || task.ext.when\n" in text
    assert "\n    stub:\n" in text
    assert "topic: versions" in text
    assert "params." not in text
    assert f"name: cassia_{stage}\n" in (module / "meta.yml").read_text(encoding="utf-8")
    assert (module / "environment.yml").exists()
    assert f'process "CASSIA_{stage.upper()}"' in (module / "tests" / "main.nf.test").read_text(encoding="utf-8")
