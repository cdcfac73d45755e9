"""The pipeline reads a samplesheet as Python's csv module does, and refuses what its schema does not allow.

All sheets are read in one launch. What an engine's stage takes for a samplesheet is compared with it too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.errors import UsageError
from cassia_engine.files import stem_of
from cassia_engine.markers.files.samplesheet import refuse_samplesheet
from tests.conftest import ROOT, need
from tests.pipeline import sheet_reference, sheets
from tests.pipeline.launch import Launcher

pytestmark = pytest.mark.slow

SCRIPT = """\
include {{ readSheet ; isSheet }} from '{utils}/samplesheet'
include {{ readSchema          }} from '{utils}/parameters'
include {{ singleSample        }} from '{utils}/samples'

workflow {{
    schema = readSchema(file('{root}/assets/schema_input.json'))
    file('{sheets}').listFiles().sort().each {{ sheet ->
        def problems = []
        def read = isSheet(sheet, schema) ? readSheet(sheet, schema, problems) : []
        def rows = read.collect {{ row -> row.collectEntries {{ column, value -> [column, plain(value)] }} }}
        def told = [name: sheet.name, is_sheet: isSheet(sheet, schema), rows: rows, problems: problems]
        println("found " + groovy.json.JsonOutput.toJson(told))
    }}
    {tables}.each {{ name ->
        def sample = singleSample(file(name), [tissue: 'x', species: 'y'], []).sample
        println("named " + groovy.json.JsonOutput.toJson([name, sample]))
    }}
}}

def plain(value) {{
    return value instanceof List ? value*.name : value instanceof java.nio.file.Path ? value.name : value
}}
"""
TABLES = [
    "a.csv",
    "b c.csv.gz",
    "-d.e.tsv",
    "x.txt",
    "sets.gmt",
    "p.parquet",
    "c.h5ad",
    "m.h5mu",
    "z.zarr.zip",
    "y.zarr",
    "q.txt.gz",
    "n.tsv.csv",
    "o.csv.tsv",
]


@dataclass(frozen=True)
class Launched:
    """The folder of all sheets; what the pipeline found in each, by name; the samples of single tables."""

    sheets: Path
    found: dict[str, dict[str, Any]]
    named: dict[str, str]


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Launched:
    folder = tmp_path_factory.mktemp("readers")
    written = folder / "sheets"
    written.mkdir()
    texts = sheets.WRITTEN | sheets.random_sheets(80)
    listed = {f"{kind} {n}": text for kind, many in sheets.LISTED.items() for n, text in enumerate(many)}
    for name, text in (texts | listed).items():
        (written / f"{name}.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    for name in ("m.csv", "n.csv"):
        (written / name).write_text("cluster,genes\n")
    script = folder / "read.nf"
    utils = ROOT / "subworkflows" / "local" / "utils_cassia"
    script.write_text(SCRIPT.format(utils=utils, root=ROOT, sheets=written, tables=json.dumps(TABLES)))
    launcher = Launcher(need("nextflow"), folder)
    launcher.env |= {"LC_ALL": "C.UTF-8"}
    run = launcher.run(pipeline=script)
    assert run.code == 0, run.said
    lines = run.said.splitlines()
    found = [json.loads(line[6:]) for line in lines if line.startswith("found ")]
    named = dict(json.loads(line[6:]) for line in lines if line.startswith("named "))
    return Launched(written, {told["name"].removesuffix(".csv"): told for told in found}, named)


def places(problems: list[str]) -> sheet_reference.Faults:
    """The line and column of each problem; a column that may be a misspelt one is none."""
    found = set()
    for problem in problems:
        if line := re.match(r".+?\.csv, line (\d+), (all columns|\w+)", problem):
            found.add((int(line[1]), line[2]))
        elif column := re.match(r".+?\.csv: column (\S*) (is missing|is there twice|has no name)", problem):
            found.add((0, "" if column[2] == "has no name" else column[1]))
        elif not re.search("has a header and no samples|unknown column", problem):
            found.add((0, "unreadable"))
    return found


def test_both_readers_read_and_refuse_the_same(launched: Launched) -> None:
    found = launched.found
    names = [
        *sheets.WRITTEN,
        *sheets.random_sheets(80),
        *(f"refused {number}" for number in range(len(sheets.REFUSED))),
    ]
    assert len(names) > 100
    for name in names:
        rows, faults = sheet_reference.read(launched.sheets / f"{name}.csv")
        told = found[name]
        assert places(told["problems"]) == faults, (name, told["problems"])
        # Files of one sample come as a list.
        by_sample: dict[str, dict[str, Any]] = {}
        for row in rows:
            by_sample.setdefault(row["sample"], row | {"markers": []})["markers"].append(row["markers"])
        assert told["rows"] == [*by_sample.values()], name


def test_what_is_wrong_is_named(launched: Launched) -> None:
    found = launched.found
    for number, (written, meant) in enumerate(sheets.MISSPELT.values()):
        first = found[f"misspelt {number}"]["problems"][0]
        assert f": unknown column {written}; did you mean {meant}? Known are " in first
    for number, words in enumerate(sheets.DIFFERENT.values()):
        [problem] = found[f"different {number}"]["problems"]
        assert problem.startswith(f"different {number}.csv, line 3, sample: a is in line 2 too, ") and words in problem
    for number, (_, starts) in enumerate(sheets.REFUSED):
        problems = found[f"refused {number}"]["problems"]
        lines = [problem.removeprefix(f"refused {number}.csv").lstrip(":, ") for problem in problems]
        assert [line[: len(start)] for line, start in zip(lines, starts, strict=True)] == starts


def test_pipeline_and_engine_take_the_same_files_for_samplesheets(launched: Launched) -> None:
    """But one with a column missing, which only --input takes for one: a marker table may have any other columns."""
    found = launched.found
    refused = set()
    for name in found:
        try:
            refuse_samplesheet(launched.sheets / f"{name}.csv")
        except UsageError:
            refused.add(name)
    taken = {name for name, told in found.items() if told["is_sheet"]}
    assert set(found) - taken == {"m", "n", *(f"no sheet {number}" for number in range(len(sheets.NOT_SHEETS)))}
    # Those have no column of markers.
    assert refused == taken - {"misspelt 0", "refused 3"}


def test_a_sample_is_named_as_the_engine_names_it(launched: Launched) -> None:
    named = launched.named
    awkward = {"b c.csv.gz": "b_c", "-d.e.tsv": "d.e"}  # which the engine refuses, and asks for a name
    assert named == {name: stem_of(Path(name)) for name in TABLES} | awkward
