"""The Python functions: what a person with a table gives, gets back and is told."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

import cassia_engine
from cassia_engine import api
from cassia_engine.errors import ArgumentError, InputProblems, UsageError
from cassia_engine.outputs.summary_tables import COLUMNS
from cassia_engine.settings import SplitSettings
from cassia_engine.settings.declaration import parameters
from cassia_engine.settings.split_settings import ANNDATA
from cassia_engine.stages.collect import merge
from cassia_engine.stages.run import run_table
from tests import factories as make
from tests.conftest import EXAMPLES, ROOT

INTESTINE = EXAMPLES / "large_intestine_seurat.csv.gz"
NOTICE = "offline marker scoring, no language model was asked"
ENDS = ("_conversations.json", "_full.csv", "_mqc.json", "_outcomes_mqc.json", "_report.html", "_summary.csv")
GENES = "CD3D,CD3E,CD2,IL7R,TRAC,LTB,CCR7,SELL,LEF1,TCF7"


def annotate(markers: Any, **options: Any) -> pd.DataFrame:
    given = {"tissue": "blood", "species": "human", "show_progress": False, **options}
    return cassia_engine.annotate(markers, **given)


def many(clusters: int) -> pd.DataFrame:
    """A simplified table."""
    return pd.DataFrame({"cluster": range(clusters), "markers": GENES})


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """A script of a person who has set up nothing."""
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)


def test_summary_has_the_columns_and_types_that_are_promised() -> None:
    summary = annotate(INTESTINE, tissue="large intestine")
    assert list(summary.columns) == list(COLUMNS)
    assert summary["Cluster ID"].tolist()[1] == "plasma cell"
    assert summary.loc[1, "CL Label"] == "plasma cell"
    numbers = summary.select_dtypes("number").dtypes.astype(str).to_dict()
    assert numbers == {
        "Marker Number": "int64",
        "Iterations": "int64",
        "Score": "float64",
        "Probability Exact": "float64",
        "Probability Near": "float64",
        "Agreement": "float64",
        "Calls": "int64",
        "Input Tokens": "int64",
        "Output Tokens": "int64",
        "Cost (USD)": "float64",
        "Cells": "float64",
    }
    assert all(reason == "" or reason.startswith("a tie with ") for reason in summary["Reason"])


def test_what_is_unknown_is_no_number_and_no_cluster_is_lost() -> None:
    passing = {"avg_log2FC": 2, "p_val_adj": 0}
    rows = [{"cluster": "B", "gene": "CD79A", **passing, "p_val_adj": 1}, {"cluster": "T", "gene": "CD3D", **passing}]
    summary = annotate(rows)
    assert summary["Status"].tolist() == ["no_markers", "annotated"]
    assert summary["Score"].isna().tolist() == [True, False]
    assert summary.loc[0, "CL ID"] == ""


def test_failed_clusters_are_a_warning_and_the_table_is_there(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    results = [make.annotated("0", 0), make.unannotated("9", 1)]
    merged = merge(make.DATASET, make.SELECTION, [(result, make.MODEL_RUN) for result in results])
    monkeypatch.setattr(api, "run_table", lambda *arguments, **options: (merged, None))
    assert annotate(many(2))["Status"].tolist() == ["annotated", "failed"]
    assert [record.getMessage() for record in caplog.records] == [
        "1 of 2 clusters has no annotation; the first is cluster 9, failed: the provider answered 503"
    ]


def test_file_frame_parquet_and_rows_give_the_same(tmp_path: Path) -> None:
    frame = pd.read_csv(INTESTINE, index_col=0)
    few = frame.groupby("cluster", sort=False).head(60)
    few.to_csv(tmp_path / "few.csv")
    duckdb.read_csv(str(tmp_path / "few.csv")).write_parquet(str(tmp_path / "few.parquet"))
    forms = [str(tmp_path / "few.csv"), tmp_path / "few.parquet", few, few.to_dict("records")]
    first, *others = [annotate(form) for form in forms]
    assert len(first) == 6
    for other in others:
        pd.testing.assert_frame_equal(first, other)


def test_categories_numbers_and_lists_of_genes_are_taken() -> None:
    frame = pd.DataFrame({"cluster": pd.Categorical(["10", "9"]), "genes": [["CD3D", "CD3E"], ("CD79A", "MS4A1")]})
    before = frame.copy(deep=True)
    summary = annotate(frame)
    assert summary["Cluster ID"].tolist() == ["10", "9"]
    assert summary["Marker List"].tolist() == ["CD3D, CD3E", "CD79A, MS4A1"]
    pd.testing.assert_frame_equal(frame, before)
    rows = [{"cluster": 7, "genes": ["CD3D", "CD3E"]}, {"cluster": 10, "genes": ["CD79A"]}]
    assert annotate(rows)["Marker List"].tolist() == ["CD3D, CD3E", "CD79A"]


@pytest.mark.parametrize("as_rows", [False, True])
def test_ids_of_a_frame_are_not_taken_for_those_of_a_spreadsheet(as_rows: bool) -> None:
    ids = ["-1", "'-1", "=1+1", "7_0", "007", "1e5", 'a "b", c', "'quoted'", "None", "nan"]
    frame = pd.DataFrame({"cluster": ids, "markers": GENES})
    assert annotate(frame.to_dict("records") if as_rows else frame)["Cluster ID"].tolist() == ids


def test_outputs_are_exactly_where_the_name_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    annotate(many(2), output_name=tmp_path / "deep" / "er" / "run.v2")
    assert written(tmp_path) == [f"deep/er/run.v2{end}" for end in ENDS]
    monkeypatch.chdir(tmp_path / "deep")
    annotate(many(2), output_name="results.csv")
    assert {f"deep/results.csv{end}" for end in ENDS} < set(written(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    annotate(many(2), output_name="~/run")
    assert {f"home/run{end}" for end in ENDS} < set(written(tmp_path))


def test_summary_is_that_of_the_file(tmp_path: Path) -> None:
    summary = annotate(INTESTINE, output_name=tmp_path / "run")
    file = pd.read_csv(tmp_path / "run_summary.csv", dtype=str, keep_default_na=False)
    numbers = summary.select_dtypes("number").columns
    pd.testing.assert_frame_equal(summary.drop(columns=numbers), file.drop(columns=numbers))
    pd.testing.assert_frame_equal(summary[numbers], file[numbers].apply(pd.to_numeric), check_dtype=False)


def test_nothing_is_written_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    annotate(many(2))
    assert written(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"provider": "opnai"}, r'provider="opnai": .* \(did you mean openai\?\).*'),
        ({"n_gene": 3}, r"there is no argument 'n_gene'; is 'n_genes' meant\?"),
        ({"chunk_size": 3}, r"there is no argument 'chunk_size'; see help\(cassia_engine.annotate\)"),
        ({"cluster_key": "leiden"}, r"there is no argument 'cluster_key'; is 'group_key' meant\?"),
        ({"groupby": "leiden"}, r"there is no argument 'groupby'; is 'group_key' meant\?"),
        ({"tisue": "lung"}, r"there is no argument 'tisue'; is 'tissue' meant\?"),
        ({"tissue": " "}, r'tissue is empty; say it in your words \(tissue="none" for none\)'),
        ({"tissue": None}, 'tissue: expected text, found None; tissue="none" stands for no tissue'),
        ({"n_genes": "50"}, 'n_genes="50": expected a whole number of at least 1'),
        ({"n_genes": 2.5}, "n_genes=2.5: expected a whole number of at least 1"),
        ({"min_log2fc": float("nan")}, "min_log2fc=nan: expected a number"),
        ({"ascending": "yes"}, 'ascending="yes": expected True, False or None'),
        ({"species": "martian"}, ".*martian.*human.*"),
        ({"output_name": "out/"}, 'output_name="out/": files are named after it; .*'),
        ({"output_name": f"{INTESTINE}/run"}, f"{INTESTINE}: outputs cannot be written here; .*"),
        ({"gene_map": "nowhere.csv"}, "nowhere.csv: no such file; check the path"),
    ],
)
def test_what_cannot_work_ends_with_one_line(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        annotate(many(2), **{"output_name": tmp_path / "run", **options})
    assert re.fullmatch(message, str(caught.value))
    assert written(tmp_path) == []


def test_a_misspelled_first_argument_is_named() -> None:
    with pytest.raises(ArgumentError, match=r"is missing 1 required argument, 'markers'; .* is 'markers' meant\?"):
        cassia_engine.annotate(marker=INTESTINE, tissue="blood", species="human")  # type: ignore[call-arg]
    with pytest.raises(ArgumentError, match=r"is missing 1 required argument, 'marker'; .* is 'marker' meant\?"):
        cassia_engine.runCASSIA_batch(markers=INTESTINE)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "annotate() is missing 2 required arguments, 'tissue' and 'species'"),
        (
            {"tisue": "lung", "species": "human"},
            "annotate() is missing 1 required argument, 'tissue'; there is no argument 'tisue'; is 'tissue' meant?",
        ),
    ],
)
def test_a_missing_argument_is_a_type_error_in_one_line(given: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        cassia_engine.annotate("markers.csv", **given)
    assert isinstance(caught.value, cassia_engine.UsageError)
    assert str(caught.value) == message
    assert list(inspect.signature(cassia_engine.annotate).parameters)[:3] == ["markers", "tissue", "species"]


def test_errors_are_public_and_documented() -> None:
    names = [name for name in cassia_engine.__all__ if name[0].isupper() and name != "CyteType"]
    for name in names:
        assert issubclass(getattr(cassia_engine, name), cassia_engine.CassiaError)
    page = (ROOT / "docs" / "scanpy.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`cassia_engine\.([A-Z]\w+)`", page)) == set(names)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InputProblems) as caught:
        annotate(many(2), reasoning="much", output_name="out/", n_gene=3, tissue=4)
    assert [str(problem).split(":")[0].split(";")[0] for problem in caught.value.problems] == [
        'output_name="out/"',
        "tissue",
        "there is no argument 'n_gene'",
        'reasoning="much"',
    ]


def test_problems_of_a_frame_are_found_in_it() -> None:
    frame = many(3).astype(object)
    frame.loc[1, "cluster"] = None
    with pytest.raises(UsageError, match=r"the DataFrame, row 2: .* no cluster id"):
        annotate(frame)


def test_a_notebook_shows_the_line_in_place_of_a_traceback() -> None:
    error = InputProblems([UsageError("one"), UsageError("two")])
    assert error._render_traceback_() == ["cassia: error: one", "cassia: error: two"]


def test_numbers_out_of_an_array_are_taken() -> None:
    statistics = many(1).assign(n=[3], share=[0.5])
    summary = annotate(INTESTINE, n_genes=statistics["n"].iloc[0], min_pct=statistics["share"].iloc[0])
    assert set(summary["Marker Number"]) == {3}


def test_gene_map_and_knowledge_may_be_names_of_files(tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text("id,symbol\nENSG00000167286,CD3D\nENSG00000198851,CD3E\n")
    table = [{"cluster": "T", "genes": "ENSG00000167286,ENSG00000198851"}]
    assert annotate(table, gene_map=str(tmp_path / "map.csv")).loc[0, "Marker List"] == "CD3D, CD3E"


def test_who_was_asked_is_said_once_without_logging(tmp_path: Path) -> None:
    code = f"""
import cassia_engine
about = {{"tissue": "blood", "species": "human", "output_name": "{tmp_path}/run"}}
cassia_engine.annotate([{{"cluster": "T", "genes": "{GENES}"}}], **about)
"""
    done = run_python(code)
    assert done.stdout == ""
    read, warning, *rest = done.stderr.splitlines()
    assert read.startswith("cassia: ") and "table, 1 cluster; markers by given order" in read
    assert warning.startswith("cassia: warning: one cluster only; ")
    ends = ("_summary.csv", "_full.csv", "_conversations.json", "_mqc.json", "_outcomes_mqc.json", "_report.html")
    files = ", ".join(f"{tmp_path}/run{end}" for end in ends)
    review = "cassia: The one cluster has a cell type. None needs review."
    assert rest == ["cassia: 1 annotated", f"cassia: {NOTICE}", review, f"cassia: written: {files}"]
    quiet = run_python(code.replace("**about", "**about, show_progress=False"))
    assert quiet.stdout == ""
    assert quiet.stderr.splitlines() == [warning]
    configured = run_python(f"import logging; logging.basicConfig(format='mine: %(message)s'){code}")
    assert "mine: one cluster only" in configured.stderr and "warning:" not in configured.stderr


def test_a_tissue_that_is_not_known_is_said_once_and_not_called_clear(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    rows = [{"cluster": cluster, "genes": GENES} for cluster in "TU"]
    with caplog.at_level(logging.WARNING):
        cassia_engine.annotate(rows, tissue="nowhere", species="human")
    said = capsys.readouterr().err
    assert (caplog.text + said).count("'nowhere' is not in the tissue table") == 1
    assert f"cassia: {NOTICE}\n" in said
    assert said.splitlines()[-1] == "cassia: All 2 clusters have a cell type. See the warning above."


def test_importing_loads_opens_and_configures_nothing() -> None:
    code = """
import logging, sys
before = set(sys.modules)
opened = []
sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" and "w" in str(args[1]) else None)
import cassia_engine
from cassia_engine import __all__, __version__
loaded = {name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)
assert loaded == {"cassia_engine"}, loaded
for name in __all__:
    assert callable(getattr(cassia_engine, name)), name
assert logging.root.handlers == [] and logging.root.level == logging.WARNING
for name in list(logging.root.manager.loggerDict):
    if name.startswith("cassia_engine"):
        logger = logging.getLogger(name)
        assert logger.handlers == [] and logger.level == logging.NOTSET
assert opened == [], opened
print("all is as it was")
"""
    assert run_python(code).stdout == "all is as it was\n"


@pytest.mark.parametrize("first", ["cassia_engine.stages.annotate", "cassia_engine.stages.run", "cassia_engine.compat"])
def test_annotate_is_the_function_whatever_was_imported_before(first: str) -> None:
    code = f"import {first}; import cassia_engine; print(cassia_engine.annotate.__module__)"
    assert run_python(f"{code}; from cassia_engine.stages.annotate import run_chunk").stdout == "cassia_engine.api\n"


def test_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'anotate'"):
        cassia_engine.anotate  # noqa: B018


def test_read_markers_is_exported() -> None:
    table = cassia_engine.read_markers(many(2), SplitSettings(n_genes=1))
    assert [cluster.genes for cluster in table.clusters] == [["CD3D"], ["CD3D"]]


@pytest.mark.parametrize(
    ("columns", "percent"),
    [
        ({"avg_log2FC": "avg_logFC"}, 1),
        (
            {
                "avg_log2FC": "logFC",
                "p_val_adj": "padj",
                "cluster": "group",
                "gene": "feature",
                "pct.1": "pct_in",
                "pct.2": "pct_out",
            },
            100,
        ),
    ],
    ids=["seurat 3", "presto"],
)
def test_natural_logarithms_are_turned_into_log2(columns: dict[str, str], percent: int) -> None:
    table = cassia_engine.loadmarker("subcluster")
    fold = table["avg_log2FC"] * math.log(2)
    fractions = {name: table[name] * percent for name in ("pct.1", "pct.2")}
    older = table.assign(avg_log2FC=fold, **fractions).rename(columns=columns)
    now, then = (cassia_engine.read_markers(frame) for frame in (table, older))
    assert then.selection.ranked_by == columns["avg_log2FC"]
    assert then.selection.min_log2fc == now.selection.min_log2fc == 0.25
    for mine, theirs in zip(now.clusters, then.clusters, strict=True):
        assert (mine.genes, mine.n_passing) == (theirs.genes, theirs.n_passing)
        folds, others = ([marker.log2fc for marker in cluster.markers] for cluster in (mine, theirs))
        assert folds == pytest.approx(others)


def test_synchronous_function_works_in_a_running_loop() -> None:
    async def cell() -> pd.DataFrame:
        return annotate(many(2))

    assert len(asyncio.run(cell())) == 2


def test_twin_does_not_block_the_loop() -> None:
    async def main() -> tuple[pd.DataFrame, int]:
        task = asyncio.create_task(
            cassia_engine.annotate_async(many(200), tissue="blood", species="human", show_progress=False)
        )
        ticks = 0
        while not task.done():
            ticks += 1
            await asyncio.sleep(0.001)
        return await task, ticks

    summary, ticks = asyncio.run(main())
    pd.testing.assert_frame_equal(summary, annotate(many(200)))
    assert ticks > 10


def test_cancelled_twin_ends_writes_nothing_and_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls, over = run_table, [0], []

    async def main() -> None:
        loop = asyncio.get_running_loop()

        @contextmanager
        def counting(total: int, shown: bool, activity: object = None) -> Iterator[Callable[[object], None]]:
            def counted(result: object) -> None:
                calls[0] += 1
                if calls[0] == 1:
                    loop.call_soon_threadsafe(task.cancel)
                    # Turns of the loop, in which the task hears of it.
                    for _ in range(5):
                        turned = threading.Event()
                        loop.call_soon_threadsafe(turned.set)
                        assert turned.wait(30)

            yield counted

        def watched(*arguments: Any, **options: Any) -> Any:
            try:
                return real(*arguments, **options)
            finally:
                over.append(True)

        monkeypatch.setattr("cassia_engine.stages.run.progress", counting)
        monkeypatch.setattr(api, "run_table", watched)
        options: Mapping[str, Any] = {"tissue": "blood", "species": "human", "show_progress": False}
        task = asyncio.create_task(cassia_engine.annotate_async(many(1000), output_name=tmp_path / "run", **options))
        with pytest.raises(asyncio.CancelledError):
            await task
        assert over == [True]

    asyncio.run(main())
    assert 0 < calls[0] < 1000
    assert written(tmp_path) == []


def test_error_of_the_twin_is_the_error() -> None:
    with pytest.raises(UsageError, match='provider="opnai"'):
        asyncio.run(cassia_engine.annotate_async(many(2), tissue="blood", species="human", provider="opnai"))


def test_warnings_go_to_the_loggers_of_the_package(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        annotate(many(1), tissue="nowhere")
    assert {record.name.partition(".")[0] for record in caplog.records} == {"cassia_engine"}
    assert any("the tissue 'nowhere'" in record.getMessage() for record in caplog.records)


def test_interrupt_while_duckdb_works_is_a_keyboard_interrupt(tmp_path: Path) -> None:
    # A query of minutes stands in for the reading, so that a signal always comes while it runs. It has one thread: only
    # the one that called DuckDB hears signals, and this query has work for one only.
    table = tmp_path / "m.csv"
    table.write_text("cluster,gene,avg_log2FC,p_val_adj\nB,CD79A,2,0\nB,MS4A1,1,0\n")
    code = f"""
import signal, threading
import duckdb
import cassia_engine.markers

def interrupt(number, frame):
    raise KeyboardInterrupt

def endless(*arguments):
    with duckdb.connect() as db:
        db.execute("SET threads = 1")
        db.execute("SELECT sum(a.i * b.i) FROM range(1000000) a(i), range(1000000) b(i)")

def send():
    while not heard.wait(0.5):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)

heard = threading.Event()
signal.signal(signal.SIGUSR1, interrupt)
cassia_engine.markers.read_long = endless
threading.Thread(target=send, daemon=True).start()
try:
    cassia_engine.markers.read_markers({str(table)!r})
except BaseException as error:
    heard.set()
    print(type(error).__name__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "KeyboardInterrupt\n"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"cluster_column": 3}, "cluster_column=3: expected text"),
        ({"provider": None}, "provider=None: expected text; offline asks no language model"),
        ({"api_key": 3, "provider": "openai"}, "api_key: expected text"),
        ({"gene_map": 3}, "gene_map=3: expected the path of a file"),
        ({"journal_dir": 3, "provider": "openai"}, "journal_dir=3: expected the path of a folder"),
        ({"output_name": 3}, "output_name=3: expected text or a path"),
        ({"fresh": "no"}, 'fresh="no": expected True or False'),
        ({"trust_env": 1, "provider": "openai"}, "trust_env=1: expected True or False"),
        ({"corrections": 3}, "corrections=3: expected a path, a DataFrame or a list of rows"),
        (
            {"ranking_method": "pct_dif"},
            'ranking_method="pct_dif": expected one of avg_log2FC, p_val_adj, pct_diff, Score; did',
        ),
    ],
)
def test_values_of_a_wrong_type_are_refused_in_a_line(given: dict[str, Any], line: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(line)}"):
        annotate([{"cluster": "T", "genes": GENES}], tissue="blood", species="human", **given)


def test_arguments_without_their_names() -> None:
    with pytest.raises(ArgumentError, match="arguments behind the first are given by name"):
        cassia_engine.annotate(INTESTINE, "colon", "human")  # type: ignore[call-arg]


def test_messages_leave_the_loggers_as_they_were() -> None:
    code = f"""
import logging, cassia_engine
table = [{{"cluster": "T", "genes": "{GENES}"}}]
cassia_engine.annotate(table, tissue="blood", species="human", show_progress=False)
logger = logging.getLogger("cassia_engine")
assert logger.handlers == [] and logger.level == logging.NOTSET
logger.setLevel(logging.ERROR)
cassia_engine.annotate(table, tissue="blood", species="human", show_progress=False)
assert logger.handlers == [] and logger.level == logging.ERROR
"""
    assert run_python(code).stderr.startswith("cassia: warning: one cluster only")


def test_help_lists_the_options_of_an_anndata() -> None:
    said = cassia_engine.annotate.__doc__ or ""
    names = [name for name, declared in parameters(SplitSettings).items() if declared.group == ANNDATA]
    assert len(names) == 9
    assert [name for name in names if not re.search(rf"^ +(\w+, )?{name}(, \w+)?: ", said, re.M)] == []
