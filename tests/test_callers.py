"""Messages name options as their caller writes them: the command line, Python, CASSIA's functions, R."""

from __future__ import annotations

import ast
import logging
import os
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import cassia_engine
from cassia_engine import settings
from cassia_engine.callers import Caller, argument, called_from, caller, offers, option
from cassia_engine.errors import CassiaError
from cassia_engine.markers import read_markers
from cassia_engine.settings import SplitSettings
from tests.command import cassia
from tests.raising import raises

PACKAGE = Path(cassia_engine.__file__).parent
IDS = pd.DataFrame({"cluster": ["a", "b"], "genes": ["ENSG00000167286", "ENSG00000198851"]})
GENES = pd.DataFrame({"cluster": ["a", "b"], "genes": ["CD3D,CD3E,IL7R", "CD79A,MS4A1"]})
LONG = pd.DataFrame({"grp": ["a", "b"], "sym": ["CD3D", "CD79A"], "avg_log2FC": [2, 2], "p_val_adj": [0, 0]})


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("provider", "offline", ("--provider offline", 'provider="offline"', 'provider = "offline"')),
        ("n_genes", 5, ("--n_genes 5", "n_genes=5", "n_genes = 5")),
        ("fresh", True, ("--fresh", "fresh=True", "fresh = TRUE")),
        ("name", "run.v2", ("--name run.v2", 'output_name="run.v2"', 'output_name = "run.v2"')),
        ("model", 'a"b\n', ("--model 'a\"b\\n'", "model='a\"b\\n'", "model = 'a\"b\\n'")),
    ],
)
def test_options_with_a_value(name: str, value: Any, written: tuple[str, str, str]) -> None:
    for face, expected in zip((Caller.COMMAND, Caller.PYTHON, Caller.R), written, strict=True):
        with called_from(face):
            assert option(name, value) == expected


def test_options_without_a_value_and_names_of_other_callers() -> None:
    found = {}
    for face in Caller:
        with called_from(face):
            found[face] = (option("gene_map"), argument("tissue"), argument("cluster_column"))
    assert found == {
        Caller.COMMAND: ("--gene_map", "--tissue", "--cluster_column"),
        Caller.SUBMIT: ("--gene_map", "--tissue", "--cluster_column"),
        Caller.PYTHON: ("gene_map=...", "tissue", "cluster_column"),
        Caller.CYTETYPE: ("gene_map=...", "tissue", "cluster_column"),
        Caller.CASSIA: ("gene_map=...", "tissue", "celltype_column"),
        Caller.R: ("gene_map = ...", "tissue", "celltype_column"),
    }
    assert caller() is Caller.PYTHON


def test_the_calls_of_cytetype_have_their_own_names_and_lack_some() -> None:
    with called_from(Caller.CYTETYPE):
        assert option("provider", "openay") == 'llm_configs[0]["provider"]="openay"'
        assert (argument("outdir"), offers("species")) == ("results_prefix", False)
    with called_from(Caller.SUBMIT):
        assert (argument("outdir"), offers("gene_filter"), offers("resume")) == ("--outdir", False, True)
    assert offers("species")


@pytest.mark.parametrize(("face", "named"), [(Caller.SUBMIT, "--study_context"), (Caller.CYTETYPE, "study_context")])
def test_a_species_is_told_where_the_caller_tells_it(
    face: Caller, named: str, caplog: pytest.LogCaptureFixture
) -> None:
    mouse = pd.DataFrame({"cluster": ["a"], "genes": ["Cd3d,Cd3e,Cd79a,Ms4a1,Lyz2,Nkg7,Gzmb,Cd8a,Cd4,Il7r"]})
    with called_from(face):
        read_markers(mouse, SplitSettings(allow_unknown_genes=True), "human")
    assert f": give {named} that names mouse" in caplog.text
    assert "species" not in caplog.text.partition(": give ")[2]


def spelled_options(path: Path) -> list[str]:
    """The texts of a module, without its docstrings, that spell an option of the command line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    constants = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in docstrings]
    texts = [n.value for n in constants if isinstance(n.value, str)]
    return [text for text in texts if re.search(r"(?<![\w-])--[a-z]", text)]


ENGINE = [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent.name != "cli"]


@pytest.mark.parametrize("path", ENGINE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_that_python_reaches_spells_an_option(path: Path) -> None:
    assert spelled_options(path) == [], "name options by cassia_engine.callers.option"


# A wrong call, and what its line has to name.
CALLS: dict[str, tuple[dict[str, Any], str]] = {
    "ids": ({"markers": IDS}, "gene_map=..."),
    "provider": ({"markers": GENES, "provider": "opnai"}, 'provider="opnai"'),
    "no key": ({"markers": GENES, "provider": "openai"}, 'provider="offline"'),
    "no url": ({"markers": GENES, "provider": "custom"}, "base_url=..."),
    "no model": ({"markers": GENES, "provider": "custom", "base_url": "http://127.0.0.1:1/v1"}, "model=..."),
    "http": ({"markers": GENES, "provider": "http://example.org/v1", "model": "m"}, "allow_http=True"),
    "columns": ({"markers": LONG}, "cluster_column=..."),
    "species": ({"markers": GENES, "species": "martian"}, 'species="martian"'),
    "number": ({"markers": GENES, "n_genes": 0}, "n_genes=0"),
    "choice": ({"markers": GENES, "ranking_method": "best"}, 'ranking_method="best"'),
    "model offline": ({"markers": GENES, "model": "gpt"}, "provider=..."),
}


@pytest.mark.parametrize("case", CALLS)
def test_python_is_answered_in_python(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    call, named = CALLS[case]
    with pytest.raises(CassiaError) as caught:
        cassia_engine.annotate(**{"tissue": "blood", "species": "human", "show_progress": False, **call})
    assert named in str(caught.value)
    assert "--" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_cassias_functions_are_answered_by_their_own_names(tmp_path: Path) -> None:
    with raises("columns-missing", "celltype_column=... and gene_column_name=...", path="the DataFrame"):
        cassia_engine.runCASSIA_batch(LONG, tmp_path / "run", provider="offline", verbose=False)


def test_warnings_in_python_spell_no_option(caplog: pytest.LogCaptureFixture) -> None:
    frame = pd.DataFrame({"cluster": ["a"], "genes": ["RPL3,RPL4,MT-CO1,CD3D"]})
    with caplog.at_level(logging.INFO):
        cassia_engine.annotate(frame, tissue="blood", species="human", show_progress=False, ranking_method="pct_diff")
    lines = [record.getMessage() for record in caplog.records]
    assert any('gene_filter="none" keeps them' in line for line in lines)
    assert any(line.startswith("ranking_method has no effect") for line in lines)
    assert not [line for line in lines if "--" in line]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--n_genes", "many"], "n_genes: 'many' is not a valid integer."),
        (["--fresh=no"], "fresh: expected TRUE or FALSE"),
        (["--api_key=x"], "there is no argument api_key; set the provider's environment variable, as by Sys.setenv()"),
        (["--gene_filtre", "none"], "there is no argument gene_filtre; is gene_filter meant?"),
        (["--provider", "opnai"], 'provider = "opnai": there is none of this name (did you mean openai?); '),
        (["--model", "gpt"], "model asks a language model, "),
    ],
)
def test_the_command_answers_r_in_r(arguments: list[str], line: str, tmp_path: Path) -> None:
    table = tmp_path / "m.csv"
    GENES.to_csv(table, index=False)
    context = ["--tissue", "blood", "--species", "human", "--outdir", str(tmp_path / "out")]
    done = cassia("run", table, *context, *arguments, env={**os.environ, "CASSIA_CALLER": "R"})
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"cassia: error: {line}")
    assert "--" not in last


# Options of language models that are given another value than their own, and their arguments in Python.
OF_MODELS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "model": (["--model", "gpt"], {"model": "gpt"}),
    "base_url": (["--base_url", "http://127.0.0.1:8000/v1"], {"base_url": "http://127.0.0.1:8000/v1"}),
    "command": (["--command", "answer"], {"command": "answer"}),
    "validator_involvement": (["--validator_involvement", "v0"], {"validator_involvement": "v0"}),
    "second_model": (["--second_model", "gpt-2"], {"second_model": "gpt-2"}),
    "models": (["--models", "gpt,gpt-2"], {"models": "gpt,gpt-2"}),
    "votes": (["--votes", "2"], {"votes": 2}),
    "escalate_to": (["--escalate_to", "gpt-2"], {"escalate_to": "gpt-2"}),
    "fallback_model": (["--fallback_model", "gpt-2"], {"fallback_model": "gpt-2"}),
    "max_rounds": (["--max_rounds", "2"], {"max_rounds": 2}),
    "reasoning": (["--reasoning", "low"], {"reasoning": "low"}),
    "temperature": (["--temperature", "0"], {"temperature": 0}),
    "rpm": (["--rpm", "60"], {"rpm": 60}),
    "tpm": (["--tpm", "1000"], {"tpm": 1000}),
    "max_wait": (["--max_wait", "5m"], {"max_wait": "5m"}),
    "batch": (["--batch"], {"batch": True}),
    "batch_wait": (["--batch_wait", "5m"], {"batch_wait": "5m"}),
    "max_cost": (["--max_cost", "1"], {"max_cost": 1}),
    "price_in": (["--price_in", "1"], {"price_in": 1}),
    "price_out": (["--price_out", "2"], {"price_out": 2}),
    "max_retries": (["--max_retries", "1"], {"max_retries": 1}),
    "retry_failed": (["--retry_failed"], {"retry_failed": True}),
    "proxy": (["--proxy", "http://127.0.0.1:1"], {"proxy": "http://127.0.0.1:1"}),
    "trust_env": (["--trust_env"], {"trust_env": True}),
    "timeout": (["--timeout", "60"], {"timeout": 60}),
    "allow_http": (["--allow_http"], {"allow_http": True}),
    "siblings": (["--siblings", "3"], {"siblings": 3}),
    "controls": (["--controls", "5"], {"controls": 5}),
    "hide_fractions": (["--hide_fractions"], {"hide_fractions": True}),
    "api_key": ([], {"api_key": "sk-1"}),
}


def test_every_option_of_models_is_known() -> None:
    assert {*settings.OF_MODELS, "siblings", "controls"} == set(OF_MODELS)
    others = {field.name for field in fields(settings.AnnotateSettings)} - {*settings.OF_MODELS}
    about = {"provider", "knowledge", "max_workers", "journal_dir", "air_gap", "depth", "calibration"}
    assert others == {*about, "budget", "tasks"}


@pytest.mark.parametrize("name", OF_MODELS)
@pytest.mark.parametrize("provider", [{}, {"provider": "offline"}], ids=["no provider", "offline"])
def test_options_of_models_are_refused_where_none_is_asked(name: str, provider: dict[str, Any], tmp_path: Path) -> None:
    call: dict[str, Any] = {
        "tissue": "blood",
        "species": "human",
        "show_progress": False,
        "output_name": tmp_path / "run",
    }
    with raises("options-not-offline", name, "a language model, and the provider is offline"):
        cassia_engine.annotate(GENES, **call, **provider, **OF_MODELS[name][1])
    assert list(tmp_path.iterdir()) == []


def test_the_command_refuses_them_and_writes_nothing(tmp_path: Path) -> None:
    table = tmp_path / "m.csv"
    GENES.to_csv(table, index=False)
    given = [word for name in ("model", "reasoning") for word in OF_MODELS[name][0]]
    context = ["--tissue", "blood", "--species", "human"]
    done = cassia("run", table, *context, "--outdir", tmp_path / "out", *given)
    assert done.returncode == 2
    assert done.stderr == (
        "cassia: error: --model, --reasoning ask a language model, and the provider is offline, which asks none; name "
        "one with --provider, or leave them out\n"
    )
    assert not (tmp_path / "out").exists()


def test_their_defaults_and_what_a_shared_configuration_sets_are_taken(tmp_path: Path) -> None:
    """As the pipeline passes them on, whoever annotates."""
    defaults: dict[str, Any] = {name: getattr(settings.AnnotateSettings(), name) for name in settings.OF_MODELS}
    given = {**defaults, "provider": "offline", "max_workers": 3, "air_gap": True}
    given["journal_dir"] = tmp_path / "journal"
    for controls in (settings.SplitSettings().controls, 0):
        of_run: dict[str, Any] = {**given, "controls": controls, "show_progress": False}
        assert len(cassia_engine.annotate(GENES, tissue="blood", species="human", **of_run)) == 2


def test_knowledge_is_refused_where_a_model_is_asked(tmp_path: Path) -> None:
    call: dict[str, Any] = {"tissue": "blood", "species": "human", "provider": "ollama", "show_progress": False}
    with raises("knowledge-not-used", 'provider="offline"', "ollama"):
        cassia_engine.annotate(GENES, **call, model="m", knowledge=tmp_path / "k.tsv")
