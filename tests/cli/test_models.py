"""The table of language models: what it holds, what is found in it and printed, and the page made from it."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from cassia_engine.models import ALIASES, TIERS, Model, load, providers, select
from scripts.make_models_doc import DEFAULT_OUTPUT, render
from tests.command import cassia
from tests.raising import raises
from tests.terminal import run_on_terminal

pytestmark = pytest.mark.usefixtures("command_line")

RECOMMENDED = {
    "anthropic/claude-sonnet-4.5",
    "google/gemini-2.5-flash",
    "deepseek/deepseek-chat-v3-0324",
    "deepseek/deepseek-chat-v3-0324:free",
    "openai/gpt-4o-2024-11-20",
    "meta-llama/llama-3.2-90b-vision-instruct",
}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "cassia_engine", "models", *arguments]


def cassia_models(*arguments: str) -> subprocess.CompletedProcess[str]:
    return cassia("models", *arguments)


def test_every_row_is_whole() -> None:
    names = [(row.provider, row.model) for row in load()]
    assert len(set(names)) == len(names)
    for row in load():
        assert row.tier in TIERS
        assert set(row.aliases) <= set(ALIASES)
        assert row.good_for
        assert row.source
        assert date.fromisoformat(row.checked)
        assert not row.ends or date.fromisoformat(row.ends)
        assert "|" not in "".join(row.cells()), "would break a table of the page"


def test_every_announced_end_is_dated_and_leads_to_a_listed_model() -> None:
    text = (files("cassia_engine") / "data" / "model_ends.tsv").read_text(encoding="utf-8")
    header, *rows = (line.split("\t") for line in text.splitlines())
    assert header == ["provider", "model", "ends", "successor", "checked", "source"]
    listed = {(row.provider, row.model) for row in load()}
    for provider, model, ends, successor, checked, source in rows:
        assert (provider, model) not in listed, "its end stands in models.tsv"
        assert (provider, successor) in listed
        assert date.fromisoformat(ends)
        assert date.fromisoformat(checked)
        assert source


def test_documented_recommendations_have_a_successor_that_is_listed_and_does_not_end() -> None:
    documented = [row for row in load() if row.documented]
    assert {row.model for row in documented} == RECOMMENDED
    listed = {(row.provider, row.model): row for row in load()}
    for row in documented:
        if row.successor:
            assert not listed[row.provider, row.successor].ends
    assert [row.model for row in documented if not row.successor] == ["deepseek/deepseek-chat-v3-0324:free"]


@pytest.mark.parametrize("provider", providers())
def test_every_alias_of_a_provider_resolves_to_one_current_model(provider: str) -> None:
    rows = select(provider)
    for alias in {alias for row in rows for alias in row.aliases}:
        [row] = select(provider, alias)
        assert not row.ends
    tiers = [TIERS.index(row.tier) for row in rows]
    assert TIERS.index(select(provider, "best")[0].tier) == min(tiers)
    assert select(provider, "cheap")[0].tier in ("low", "local")


def test_every_alias_is_somebodys() -> None:
    assert all(select(alias=alias) for alias in ALIASES)
    assert {row.provider for row in select(alias="local")} == {"ollama"}


def test_an_alias_that_the_provider_lacks_is_refused() -> None:
    with raises("models-alias-not-offered", "openrouter", "best, fast, cheap"):
        select("openrouter", "local")
    with raises("models-provider-unknown", "--provider custom"):
        select("custom", "best")


def test_elsewhere_than_on_a_terminal_the_list_is_tab_separated() -> None:
    done = cassia_models()
    assert done.returncode == 0, done.stderr
    header, *rows = csv.reader(done.stdout.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    assert tuple(header) == Model._fields
    assert [tuple(row) for row in rows] == [row.cells() for row in load()]
    assert done.stderr == ""


def test_filters_narrow_the_list() -> None:
    best = cassia_models("--alias", "best").stdout.splitlines()[1:]
    assert [line.split("\t")[0] for line in best] == list(providers())
    [line] = cassia_models("--provider", "ollama", "--alias", "local").stdout.splitlines()[1:]
    assert line.startswith("ollama\tgpt-oss:20b\t")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["--provider", "OpenRuter"],
            "--provider OpenRuter: it has no models here (did you mean openrouter?); choose from openrout",
        ),
        (["--provider", "offline"], "--provider offline: it has no models here"),
        (
            ["--alias", "bset"],
            "--alias bset: there is no such alias (did you mean best?); choose from best, fast, cheap, local",
        ),
        (["--provider", "groq", "--alias", "local"], "--alias local: groq has no model for it; it has b"),
    ],
)
def test_wrong_filter_is_one_line_with_the_nearest_match(arguments: list[str], expected: str) -> None:
    done = cassia_models(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"cassia: error: {expected}")


def test_on_a_terminal_the_list_is_a_table() -> None:
    done = run_on_terminal(command(), columns=80)
    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert "\t" not in text
    assert len(re.findall(r"^Model +Tier +Aliases +Good for", text, re.MULTILINE)) == len(providers())
    assert "half the price of the high tier" in " ".join(text.split())  # folded, not cut
    shown_names = {line.split(" ")[0] for line in text.splitlines()}
    assert {row.model for row in load()} <= shown_names, "a name is cut"


def test_the_page_is_what_the_script_makes() -> None:
    page: Path = DEFAULT_OUTPUT
    assert page.read_text(encoding="utf-8") == render(), "run scripts/make_models_doc.py"
