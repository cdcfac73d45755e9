"""The calls of CASSIA's users: their arguments and defaults, and what of them has no effect here."""

from __future__ import annotations

import asyncio
import inspect
import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import cassia_engine
from cassia_engine.compat.batch import OF_MODELS
from tests.conftest import EXAMPLES
from tests.raising import raises

# The arguments that CASSIA documents, in its order, with the documented defaults.
DOCUMENTED = {
    "marker": inspect.Parameter.empty,
    "output_name": "cell_type_analysis_results",
    "n_genes": 50,
    "model": "anthropic/claude-sonnet-4.5",
    "temperature": 0,
    "tissue": "lung",
    "species": "human",
    "additional_info": None,
    "celltype_column": None,
    "gene_column_name": None,
    "max_workers": 4,
    "provider": "openrouter",
    "max_retries": 1,
    "ranking_method": "avg_log2FC",
    "ascending": None,
    "validator_involvement": "v1",
    "reasoning": None,
    "use_reference": False,
    "reference_model": None,
    "verbose": True,
    "validate_api_key_before_start": True,
    "auto_convert_ids": True,
    "proxy": None,
}
ENDS = ("_conversations.json", "_full.csv", "_mqc.json", "_outcomes_mqc.json", "_report.html", "_summary.csv")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test works in a folder of its own, as the default output name has none."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def batch(marker: object, *arguments: object, **options: object) -> pd.DataFrame:
    given = {"tissue": "large intestine", "provider": "offline", "verbose": False, **options}
    return cassia_engine.runCASSIA_batch(marker, *arguments, **given)  # type: ignore[arg-type]


def test_signature_and_defaults_are_the_documented_ones() -> None:
    parameters = inspect.signature(cassia_engine.runCASSIA_batch).parameters
    found = {name: p.default for name, p in parameters.items() if p.kind is not inspect.Parameter.VAR_KEYWORD}
    assert list(found.items()) == list(DOCUMENTED.items())


def test_default_provider_is_not_offline_in_silence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENROUTER_API_KEY", raising=False)
    with raises("key-missing", "OPENROUTER_API_KEY", "offline"):
        cassia_engine.runCASSIA_batch(cassia_engine.loadmarker("processed"))
    assert written(folder) == []


def test_the_default_tissue_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    table = pd.DataFrame({"cluster": ["B"], "genes": ["CD79A,MS4A1,CD19,CD79B,BANK1"]})
    summary = cassia_engine.runCASSIA_batch(table, provider="offline", verbose=False)
    assert summary["Tissue"].tolist() == ["lung"] and type(summary["Tissue"][0]) is str
    line = 'no tissue was given: tissue="lung" is taken, the default of CASSIA; name yours, or give tissue="none"'
    assert [text for text in caplog.messages if "lung" in text] == [line]
    caplog.clear()
    batch(table, tissue="lung")
    assert not any("lung" in text for text in caplog.messages)


def test_outputs_are_exactly_where_the_name_says(folder: Path) -> None:
    summary = batch(cassia_engine.loadmarker("unprocessed"), "deep/run.v2", 20)
    assert written(folder) == [f"deep/run.v2{end}" for end in ENDS]
    assert summary["Marker Number"].tolist() == [20] * 6
    assert pd.read_csv("deep/run.v2_summary.csv")["Cluster ID"].tolist() == summary["Cluster ID"].tolist()


def test_default_name_is_the_documented_one(folder: Path) -> None:
    batch(cassia_engine.loadmarker("processed"))
    assert written(folder) == [f"cell_type_analysis_results{end}" for end in ENDS]


def test_arguments_without_effect_are_named_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        batch(
            cassia_engine.loadmarker("processed"),
            model="gpt",
            temperature=0.3,
            max_workers=8,
            reasoning={"effort": "low"},
            use_reference=True,
            auto_convert_ids=False,
        )
    assert [record.getMessage() for record in caplog.records] == [
        'provider="offline" asks no language model; no effect: model, temperature, max_workers, reasoning',
        "references are not part of cassia; no effect: use_reference",
        "no effect: auto_convert_ids",
    ]
    caplog.clear()
    defaults = {name: DOCUMENTED[name] for name in OF_MODELS}
    with caplog.at_level(logging.WARNING):
        batch(cassia_engine.loadmarker("processed"), **defaults)
    assert caplog.records == []


@pytest.mark.parametrize(
    "columns",
    [
        {"celltype_column": "Broad.cell.type", "gene_column_name": "Top.Markers"},
        {"celltype_column": "Broad.cell.type"},
        {"gene_column_name": "Top.Markers"},
        {},
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_columns_of_a_simplified_table_can_be_named(columns: dict[str, str], turned: bool) -> None:
    table = cassia_engine.loadmarker("processed")
    if turned and columns:
        table = table[table.columns[::-1]]
    summary = batch(table, **columns)
    assert summary["Marker Number"].tolist() == [50] * 6
    assert summary["Cluster ID"].tolist()[:2] == ["monocyte (inaccurate annotation)", "plasma cell"]


def test_named_columns_are_found_among_others() -> None:
    table = cassia_engine.loadmarker("processed").assign(cells=10, remark="seen, twice")
    summary = batch(table, celltype_column="Broad.cell.type", gene_column_name="Top.Markers")
    assert summary["Marker Number"].tolist() == [50] * 6


def test_columns_of_a_long_table_can_be_named() -> None:
    table = cassia_engine.loadmarker("unprocessed")
    named = table.rename(columns={"cluster": "population", "gene": "symbol"})
    renamed = batch(named, celltype_column="population", gene_column_name="symbol")
    pd.testing.assert_frame_equal(renamed, batch(table))


def test_ranking_is_passed_on() -> None:
    table = cassia_engine.loadmarker("subcluster")
    first = batch(table, ranking_method="pct_diff", ascending=True)["Marker List"].str.split(", ").str[0].tolist()
    passing = table[(table["p_val_adj"] < 0.05) & (table["avg_log2FC"] > 0.25)]
    least = (passing["pct.1"] - passing["pct.2"]).groupby(passing["cluster"], sort=False).idxmin()
    assert first == table.loc[least, "gene"].tolist()


def test_other_options_of_annotate_are_taken(folder: Path) -> None:
    (folder / "map.csv").write_text("id,symbol\nENSG00000167286,CD3D\n")
    table = pd.DataFrame({"cluster": ["a", "b"], "genes": "ENSG00000167286"})
    assert set(batch(table, gene_map="map.csv")["Marker List"]) == {"CD3D"}
    with raises("argument-unknown", "'min_pc'", "'min_pct'"):
        batch(table, min_pc=0.1)


def test_twin_gives_the_same() -> None:
    table = cassia_engine.loadmarker("processed")
    twin = asyncio.run(
        cassia_engine.runCASSIA_batch_async(table, "twin", tissue="large intestine", provider="offline", verbose=False)
    )
    pd.testing.assert_frame_equal(twin, batch(table))


def test_verbose_says_who_was_asked(capsys: pytest.CaptureFixture[str]) -> None:
    batch(cassia_engine.loadmarker("processed"), verbose=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("offline marker scoring, no language model was asked") == 1


@pytest.mark.parametrize(
    ("kind", "rows", "columns"),
    [
        ("processed", 6, ["Broad.cell.type", "Top.Markers"]),
        ("unprocessed", 31_313, ["p_val", "avg_log2FC", "pct.1", "pct.2", "p_val_adj", "cluster", "gene"]),
        ("subcluster", 2_023, ["p_val", "avg_log2FC", "pct.1", "pct.2", "p_val_adj", "cluster", "gene"]),
    ],
)
def test_example_tables(kind: str, rows: int, columns: list[str]) -> None:
    table = cassia_engine.loadmarker(kind)
    assert (len(table), list(table.columns)) == (rows, columns)


def test_example_tables_by_other_names() -> None:
    pd.testing.assert_frame_equal(cassia_engine.loadmarker(), cassia_engine.loadmarker("processed"))
    pd.testing.assert_frame_equal(
        cassia_engine.loadmarker("subcluster_results"), cassia_engine.loadmarker("subcluster")
    )
    assert cassia_engine.loadmarker("subcluster")["cluster"].unique().tolist() == ["0", "1", "2", "3", "4", "5"]
    with raises("example-unknown", "'raw'", "processed, unprocessed, subcluster"):
        cassia_engine.loadmarker("raw")


def test_an_example_table_gives_what_its_file_gives() -> None:
    of_file = batch(EXAMPLES / "large_intestine_seurat.csv.gz")
    pd.testing.assert_frame_equal(batch(cassia_engine.loadmarker("unprocessed")), of_file)


def test_columns_may_be_named_as_for_annotate(tmp_path: Path) -> None:
    frame = pd.DataFrame({"ident": ["T", "B"], "symbol": ["CD3D,CD3E,TRAC", "CD79A,MS4A1,CD19"]})
    told: Any = {"output_name": tmp_path / "s", "provider": "offline", "tissue": "blood", "verbose": False}
    columns: Any = {"cluster_column": "ident", "gene_column": "symbol"}
    assert list(cassia_engine.runCASSIA_batch(frame, **told, **columns)["Cluster ID"]) == ["T", "B"]
    with raises("argument-twice", "cluster_column", "celltype_column"):
        cassia_engine.runCASSIA_batch(frame, **told, **columns, celltype_column="ident")
