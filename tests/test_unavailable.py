"""What CASSIA has and cassia does not: a line each with the nearest thing here, and the same in docs/differences.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import cassia_engine
from cassia_engine.cli.app import SUBCOMMANDS
from cassia_engine.cli.other_cassia import COMMANDS
from cassia_engine.unavailable import FUNCTIONS, UnavailableError
from tests.command import cassia
from tests.conftest import ROOT

DIFFERENCES = (ROOT / "docs" / "differences.md").read_text(encoding="utf-8")
# What a person of CASSIA's may ask for, by its documentation.
DOCUMENTED = (
    *("runCASSIA", "runCASSIA_batch", "runCASSIA_pipeline", "score_batch", "generate_score_report", "annotationboost"),
    *("merge_annotations", "merge_annotations_all", "subclusters", "runCASSIA_n_times", "runCASSIA_batch_n_times"),
    *("similarity_score", "compareCelltypes", "symphonyCompare", "hypothesis", "runCASSIA_with_reference"),
    *("runCASSIA_batch_with_reference", "add_cassia_to_anndata", "enhance_scanpy_markers", "get_top_markers"),
    *("list_available_markers", "loadmarker", "set_api_key", "set_proxy", "validate_api_keys", "convert_gene_ids"),
    "print_available_models",
)


def test_completion_shows_the_public_names() -> None:
    public = {name for name in dir(cassia_engine) if not name.startswith("_")}
    assert public == set(cassia_engine.__all__)
    assert {"annotate", "loadmarker", "runCASSIA_batch", "read_markers"} <= public


def test_every_documented_function_is_here_or_named() -> None:
    assert [name for name in DOCUMENTED if name not in FUNCTIONS and name not in cassia_engine.__all__] == []
    assert set(FUNCTIONS) & set(cassia_engine.__all__) == set()
    assert set(COMMANDS) & set(SUBCOMMANDS) == set()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_is_not_here_names_the_nearest(name: str) -> None:
    with pytest.raises(UnavailableError) as caught:
        getattr(cassia_engine, name)
    assert str(caught.value) == f"{name} is in CASSIA and not in cassia; nearest here: {FUNCTIONS[name]}"
    assert caught.value._render_traceback_() == [f"cassia: error: {caught.value}"]
    assert not hasattr(cassia_engine, name)


def test_importing_one_says_the_same() -> None:
    code = "from cassia_engine import loadmarker, runCASSIA_pipeline"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    line = f"runCASSIA_pipeline is in CASSIA and not in cassia; nearest here: {FUNCTIONS['runCASSIA_pipeline']}"
    assert done.stderr.splitlines()[-1] == f"ImportError: {line}"


def test_other_names_are_pythons_own_errors() -> None:
    with pytest.raises(AttributeError, match="module 'cassia_engine' has no attribute 'runCASSIA_everything'"):
        cassia_engine.runCASSIA_everything  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name"):
        exec("from cassia_engine import anotate")


@pytest.mark.parametrize("name", ["init", "doctor"])
def test_a_command_that_is_not_here_names_the_nearest(name: str) -> None:
    done = cassia(name, "--deep", "x")
    assert done.returncode == 2
    line = f"cassia: error: the command {name} is in CASSIA and not in cassia; nearest here: {COMMANDS[name]}"
    assert done.stderr.splitlines() == [line]


def test_the_document_has_them_all() -> None:
    rows = dict[str, str]()
    for names, nearest in re.findall(
        r"^\| ((?:`\w+`(?:, )?)+) \| (.+) \|$", DIFFERENCES.split("## What is not here")[1], re.M
    ):
        rows |= dict.fromkeys(re.findall(r"`(\w+)`", names), nearest)
    assert rows == {**FUNCTIONS, **COMMANDS}


def test_a_script_of_cassias_runs_under_its_name(tmp_path: Path) -> None:
    code = re.search(r"\n    import cassia_engine as CASSIA\n(?:\n|    .*\n)+", DIFFERENCES)
    assert code
    script = re.sub(r"^    ", "", code[0], flags=re.M).replace('"out/intestine"', "folder + '/out'")
    names: dict[str, object] = {"folder": str(tmp_path)}
    exec(script, names)
    assert len(names["summary"]) == 6  # type: ignore[arg-type]


@pytest.fixture
def beside_cassia(tmp_path: Path) -> dict[str, str]:
    """An environment in which another package has a command `cassia`."""
    folder = tmp_path / "site" / "CASSIA-1.4.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: CASSIA\nVersion: 1.4.0\n")
    (folder / "entry_points.txt").write_text("[console_scripts]\ncassia = CASSIA.cli:main\n")
    return {**os.environ, "PYTHONPATH": str(folder.parent)}


@pytest.mark.parametrize(
    ("arguments", "times"), [(["models"], 1), (["providers"], 1), (["examples"], 0), (["--version"], 0)]
)
def test_a_command_of_the_same_name_is_said_once(
    arguments: list[str], times: int, beside_cassia: dict[str, str]
) -> None:
    command = [sys.executable, "-m", "cassia_engine", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=beside_cassia, check=True)
    line = "CASSIA 1.4.0 is installed in this environment too, with a command that is also called cassia; "
    assert done.stderr.count(f"cassia: warning: {line}cassia-engine is always this one") == times


def test_without_one_nothing_is_said() -> None:
    assert "installed in this environment" not in cassia("models").stderr
