"""The documents say what is there: commands, options, links, columns and fields."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import fields

from cassia_engine import records, settings
from cassia_engine.cli.app import SUBCOMMANDS
from cassia_engine.labels.columns import OWN, OWN_NUMBERS
from cassia_engine.labels.wanted import PREFIX
from cassia_engine.outputs import summary_tables
from cassia_engine.records import Status
from cassia_engine.records.replies import Answer, Claim, Verdict
from cassia_engine.replies.questions import VALIDATOR_QUESTIONS
from tests.command import cassia

ROOT = Path(__file__).parent.parent
FORMATS = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
# Options of other tools stand in CONTRIBUTING.md.
FOR_USERS = (
    *("README.md", "CHANGELOG.md", "docs/formats.md", "docs/anndata.md", "docs/from-celltypist.md"),
    *("docs/benchmarks.md", "benchmarks/README.md"),
)
FOLDERS = ("docs", "benchmarks", "cassia_engine", "findings", "modules", "tests")
OUR_FOLDERS = (
    *("assets/", "benchmarks/", "conf/", "docs/", "findings/", "modules/", "scripts/", "subworkflows/", "tests/"),
    *(f"{folder.name}/" for folder in (ROOT / "cassia_engine").iterdir() if folder.is_dir()),
    "cassia_engine/",
)


def documents() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md"))])


def commands(text: str, program: str) -> list[list[str]]:
    """The indented command lines of a document that call a program, split as a shell would."""
    lines = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    return [words for line in lines if (words := shlex.split(line))[:1] == [program]]


def section(heading: str) -> str:
    """The text of a section of docs/formats.md, whose heading starts with `heading`."""
    return re.split(r"^## ", FORMATS.split(f"\n## {heading}", 1)[1], maxsplit=1, flags=re.M)[0]


def first_cells(text: str) -> list[str]:
    """The `names` in the first column of the tables of a text."""
    return re.findall(r"^\| `([^`]+)` \|", text, re.M)


def names(record: type) -> list[str]:
    in_no_file = ("mixed", "partners_found")
    return [field.name for field in fields(record) if field.name not in in_no_file]


def parameters() -> set[str]:
    schema = json.loads((ROOT / "nextflow_schema.json").read_text(encoding="utf-8"))
    return {name for group in schema["$defs"].values() for name in group["properties"]}


def options_in(help_: str) -> set[str]:
    return set(re.findall(r"--([a-z][a-z0-9_]*)", help_))


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
    local = [link.split("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    assert [link for link in local if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_are_named_exist(path: Path) -> None:
    """Paths from the repository, from cassia_engine or from the document's folder, where their first folder is ours."""
    named = set(re.findall(r"`([\w.-]+(?:/[\w.-]+)+/?)`", path.read_text(encoding="utf-8")))
    ours = {name for name in named if name.startswith(OUR_FOLDERS)}
    starts = (ROOT, ROOT / "cassia_engine", path.parent)
    assert [name for name in sorted(ours) if not any((start / name).exists() for start in starts)] == []


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md"])
def test_make_targets_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+)\s*:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert {*re.findall(r"`make ([a-z-]+)`", text), *(words[1] for words in commands(text, "make"))} <= set(targets)


def test_readme_gives_its_two_commands() -> None:
    assert commands(README, "make") == [["make", "demo"], ["make", "test"]]


def test_cassia_commands_of_the_readme_run(tmp_path: Path) -> None:
    """With their outputs, out/..., in another folder."""
    found = [words for words in commands(README, ".venv/bin/cassia") if "openrouter" not in words]
    assert [words[1] for words in found if "--output" in words or "--outdir" in words] == ["run", "run", "labels"]
    for words in found:
        words = [re.sub("^out/", f"{tmp_path}/", word) for word in words]
        assert cassia(*words[1:], cwd=ROOT).returncode == 0, words
    ends = re.findall(r"`<name>(_[a-z_]+\.[a-z]+)`", README)
    outputs = [sorted(path.name for path in (tmp_path / name).iterdir()) for name in ("pbmc", "pbmc68k")]
    assert outputs[0] == sorted("pbmc" + end for end in ends)
    assert outputs[1] == sorted(["labelled.h5ad", *("pbmc68k" + end for end in ends)])


def test_commands_of_the_readme_that_need_a_key_say_so_without_one(tmp_path: Path) -> None:
    found = [words for words in commands(README, ".venv/bin/cassia") if "openrouter" in words]
    assert [words[1] for words in found] == ["providers", "estimate", "run"]
    environ = {name: value for name, value in os.environ.items() if name != "OPENROUTER_API_KEY"}
    assert cassia(*found.pop(1)[1:], cwd=ROOT, env=environ).returncode == 0  # it needs none
    for words in found:
        if "--outdir" in words:
            words[words.index("--outdir") + 1] = str(tmp_path / "out")
        done = cassia(*words[1:], cwd=ROOT, env=environ)
        assert done.returncode == 77, done.stderr
        assert "OPENROUTER_API_KEY" in done.stderr
    assert not (tmp_path / "out").exists()


def subcommands(text: str) -> list[tuple[str, str]]:
    """The commands `cassia ...` of a document, inline and indented: what each is called by, and its subcommand."""
    inline = re.findall(r"`((?:\.venv/bin/)?cassia(?:-engine)?) ([a-z]+)[^`]*`", " ".join(text.split()))
    indented = re.findall(r"^    (?:.* \| )?((?:\.venv/bin/)?cassia(?:-engine)?) ([a-z]+) ", text, re.M)
    return [*inline, *indented]


# docs/differences.md speaks of what is not here.
@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_subcommands_of_the_pages_exist(path: Path) -> None:
    known = {*SUBCOMMANDS, *{"differences.md": ("init",)}.get(path.name, ())}
    assert {name for _, name in subcommands(path.read_text(encoding="utf-8"))} <= known


def test_commands_of_the_readme_are_there_after_make_demo() -> None:
    found = subcommands(README)
    assert {program for program, _ in found} == {".venv/bin/cassia"}
    assert {name for _, name in found} <= set(SUBCOMMANDS)
    assert 'export PATH="$PATH:$PWD/.venv/bin:$PWD/.tools"' in README


def test_nextflow_commands_of_the_readme_name_parameters_and_files() -> None:
    found = commands(README, "nextflow")
    assert found
    for words in found:
        assert {word[2:] for word in words if word.startswith("--")} <= parameters()
        assert (ROOT / words[words.index("--input") + 1]).is_file()


@cache
def known_options() -> set[str]:
    """Of the pipeline, of each command and of the tests' mock provider."""
    mock = [sys.executable, "-m", "tests.mock_provider", "--help"]
    of_mock = subprocess.run(mock, capture_output=True, text=True, check=True).stdout
    return parameters().union(
        *(options_in(cassia(*words.split(), "--help").stdout) for words in (*SUBCOMMANDS, "serve prune")),
        options_in(of_mock),
    )


@pytest.mark.parametrize("document", FOR_USERS)
def test_options_exist(document: str) -> None:
    known = known_options()
    if "benchmarks" in document:
        scripts = (ROOT / "benchmarks").glob("*.py")
        known = known | set(re.findall(r"add_argument\(\s*\"--([a-z_]+)\"", " ".join(s.read_text() for s in scripts)))
    named = set(re.findall(r"(?<![\w-])--([a-z][a-z0-9_]*)", (ROOT / document).read_text(encoding="utf-8")))
    assert named - known == set()


def test_summary_and_full_columns_are_described() -> None:
    assert first_cells(section("Summary")) == list(summary_tables.COLUMNS)
    assert first_cells(section("Summary")) + first_cells(section("Full table")) == list(summary_tables.FULL_COLUMNS)


def test_fields_of_cassia_files_are_described() -> None:
    head = ["kind", "schema_version"]
    answer = ["label", "cl_id", "features", "provider", "model", "replay"]
    assert first_cells(section("Conversations")) == [*names(records.Conversation), *answer]
    assert first_cells(section("Chunk file")) == head + names(records.Chunk)
    assert first_cells(section("Result file")) == names(records.ClusterResult)
    assert first_cells(section("Status file")) == head + names(Status)


@pytest.mark.parametrize(
    ("heading", "record"),
    [
        ("Chunk file", records.Dataset),
        ("Chunk file", records.Selection),
        ("Chunk file", records.Cluster),
        ("Chunk file", records.Marker),
        ("Chunk file", records.QualityMeasure),
        ("Chunk file", records.Composition),
        ("Chunk file", records.Share),
        ("Chunk file", records.Control),
        ("Chunk file", records.LineagePair),
        ("Cells file", records.SampledCells),
        ("Cells file", records.GeneExpression),
        ("Result file", records.RunInfo),
        ("Result file", records.ControlResult),
        ("Result file", records.Annotation),
        ("Result file", records.CellType),
        ("Result file", records.TermMatch),
        ("Result file", records.Usage),
        ("Result file", records.ConfidenceReason),
        ("Result file", records.Round),
        ("Result file", records.Finding),
        ("Result file", records.Judgement),
        ("Result file", records.FailedReply),
        ("Result file", Claim),
        ("Result file", Verdict),
        ("Result file", Answer),
        ("Status file", records.ControlCounts),
    ],
)
def test_fields_of_nested_records_are_named(heading: str, record: type) -> None:
    assert set(names(record)) <= set(re.findall(r"`([a-z0-9_]+)`", section(heading)))


def test_every_outcome_and_confidence_is_named() -> None:
    named = set(re.findall(r"`(\w+)`", section("Summary")))
    assert {*records.Outcome, *records.Confidence} <= named


def test_defaults_of_the_marker_filter_are_right() -> None:
    text = " ".join(section("Marker tables").split())
    defaults = settings.SplitSettings()
    for name in ("max_p_val_adj", "min_log2fc", "min_pct", "n_genes"):
        assert f"`--{name}` ({getattr(defaults, name)})" in text


def test_marker_formats_are_described() -> None:
    assert first_cells(section("Marker tables")) == [name for name in settings.MARKER_FORMATS if name != "auto"]


def test_columns_of_labels_are_described() -> None:
    assert first_cells(section("Labels of cells")) == [PREFIX + name for name in (*OWN, *OWN_NUMBERS)]


def test_every_question_is_in_the_table_of_what_agrees() -> None:
    page = (ROOT / "docs" / "conversation.md").read_text(encoding="utf-8")
    table = page.split("\n## Does the validator agree?\n", 1)[1].split("\n\n", 1)[0]
    assert set(VALIDATOR_QUESTIONS) <= set(re.findall(r"[a-z]+_[a-z_]+", table))


def test_version_of_the_formats_is_right() -> None:
    assert set(re.findall(r"`(\d+\.\d+)`", FORMATS)) == {records.SCHEMA_VERSION}


def test_contributing_stays_short() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) < 80
