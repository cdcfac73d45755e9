"""The files for MultiQC: what stands in them, and what the real MultiQC makes of several samples."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.outputs.multiqc import HEADERS, sample_name, write_multiqc
from cassia_engine.outputs.names import MULTIQC_ENDS as ENDS
from cassia_engine.records import ClusterResult, Dataset, Outcome, RunInfo, Usage
from cassia_engine.stages.collect import merge
from cassia_engine.stages.corrections import corrected, read_corrections
from tests import factories as make
from tests.conftest import need, need_env
from tests.test_docs import first_cells, section

HOSTILE = "<img src=x onerror=document.title='run'>"


def write(folder: Path, name: str, results: list[ClusterResult], run: RunInfo = make.MODEL_RUN) -> list[Path]:
    dataset = Dataset(name, "blood", "human").checked()
    return write_multiqc(merge(dataset, make.SELECTION, [(result, run) for result in results]), folder)


def read(paths: list[Path]) -> tuple[dict[str, Any], dict[str, Any]]:
    table, outcomes = (json.loads(path.read_text(encoding="utf-8")) for path in paths)
    return table, outcomes


def test_row_and_bar_of_a_sample(tmp_path: Path) -> None:
    paths = write(tmp_path, "pbmc", make.mixed_bag())
    assert [path.name for path in paths] == ["pbmc_mqc.json", "pbmc_outcomes_mqc.json"] == [f"pbmc{e}" for e in ENDS]
    table, outcomes = read(paths)
    assert table["data"] == {
        "pbmc": {
            "clusters": 10,
            "with_cell_type": 6,
            "need_a_look": 8,
            "failed": 3,
            "not_validated": 1,
            "unsupported": 2,
            "by_person": 0,
            "calls": 12,
            "cost_usd": pytest.approx(0.066),
            "provider": "openrouter",
            "model": "some/model-1",
        }
    }
    headers = list(table["headers"])
    assert headers == first_cells(section("MultiQC"))
    assert [name for name in headers if name != "controls_missed"] == list(table["data"]["pbmc"])
    bar = outcomes["data"]["pbmc"]
    assert {outcome: count for outcome, count in bar.items() if count} == {
        "annotated": 6,
        "no_markers": 1,
        "refused": 1,
        "failed": 1,
        "not_reached": 1,
    }
    assert list(outcomes["categories"]) == list(bar) == list(Outcome)


def test_labels_of_persons_count_and_unknown_cost_is_left_out(tmp_path: Path) -> None:
    results = [make.annotated("0", usage=Usage(2, cost_usd=None)), make.unannotated("9", 1)]
    said = read_corrections([{"cluster": "9", "label": "platelet"}])
    table, _ = read(write(tmp_path, "pbmc", list(corrected(results, said))))
    row = table["data"]["pbmc"]
    assert (row["with_cell_type"], row["need_a_look"], row["failed"], row["by_person"]) == (2, 0, 0, 1)
    assert "cost_usd" not in row


def test_names_are_written_so_that_nothing_runs_them(tmp_path: Path) -> None:
    run = RunInfo("custom", "=cmd|<b>", "0.1.0")
    table, outcomes = read(write(tmp_path, "=1+<b>1", make.mixed_bag(), run))
    assert list(table["data"]) == list(outcomes["data"]) == ["'=1+‹b›1"]
    assert table["data"]["'=1+‹b›1"]["model"] == "'=cmd|‹b›"


NAMES = (
    "tumour.sample1",
    "tumour.sample2",
    "x_counts",
    "x_counts.2",
    "a.fa",
    "b.fa",
    "v1.2",
    "_a",
    "a_",
    "a-",
    "runs_1",
)


def test_names_that_multiqc_would_cut_get_a_word_joiner_and_no_others() -> None:
    joined = {
        name: sample_name(name).replace("\u2060", "^") for name in (*NAMES, "large_intestine", "pbmc68k", "a.title")
    }
    assert joined == {
        "tumour.sample1": "tumour.^sample1",
        "tumour.sample2": "tumour.^sample2",
        "x_counts": "x_^counts",
        "x_counts.2": "x_^counts.2",
        "a.fa": "a.^fa",
        "b.fa": "b.^fa",
        "v1.2": "v1.2",
        "_a": "^_a",
        "a_": "a_^",
        "a-": "a-^",
        "runs_1": "^runs_1",
        "large_intestine": "large_intestine",
        "pbmc68k": "pbmc68k",
        "a.title": "a.title",
    }


# Prints, as JSON, what the MultiQC of its Python makes of each of the names in its arguments, and all that it cuts at.
CLEANED = """
import json, sys
from multiqc import config, report
from multiqc.base_module import BaseMultiqcModule
config.load_defaults()
module = BaseMultiqcModule(name="custom", anchor="custom_content")
cuts = [cut if isinstance(cut, str) else cut["pattern"] for cut in config.fn_clean_exts] + list(config.fn_clean_trim)
print(json.dumps([cuts, [module._clean_s_name(name) for name in json.load(sys.stdin)]]))
"""


@pytest.mark.slow
def test_multiqc_cuts_no_name_at_any_of_its_endings(tmp_path: Path) -> None:
    def cleaned(names: list[str]) -> tuple[list[str], list[str]]:
        command = [str(need_env("multiqc")), "-c", CLEANED]
        done = subprocess.run(
            command, input=json.dumps(names), cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        cuts, found = json.loads(done.stdout)
        return cuts, found

    cuts, [cut] = cleaned(["tumour.sample1"])
    assert (cut, len(cuts) > 150) == ("tumour", True)
    names = [form.format(cut) for cut in cuts for form in ("a{}", "a{}b", "{}b", "a{0}{0}", "{0}")]
    given = [sample_name(name) for name in names if "/" not in name]
    assert cleaned(given)[1] == given


@pytest.mark.slow
def test_multiqc_gives_each_sample_a_row_of_its_own(tmp_path: Path) -> None:
    for name in NAMES:
        write(tmp_path / "in", name, [make.annotated("0")])
    out = run_multiqc(tmp_path)
    data = json.loads((out / "multiqc_data" / "multiqc_data.json").read_text(encoding="utf-8"))
    for plot in ("samples_table", "outcomes_plot"):
        rows = data["report_saved_raw_data"][f"multiqc_cassia_{plot}"]
        assert sorted(name.replace("\u2060", "") for name in rows) == sorted(NAMES)


@pytest.mark.slow
def test_multiqc_puts_samples_into_one_section(tmp_path: Path) -> None:
    names = {"pbmc": "pbmc", "=1+1": "'=1+1", HOSTILE: HOSTILE.replace("<", "‹").replace(">", "›")}
    for name in names:
        write(tmp_path / "in", name, make.mixed_bag() if name == "pbmc" else [make.annotated("0")])
    out = run_multiqc(tmp_path)
    data = json.loads((out / "multiqc_data" / "multiqc_data.json").read_text(encoding="utf-8"))
    tables = data["report_saved_raw_data"]
    table, outcomes = tables["multiqc_cassia_samples_table"], tables["multiqc_cassia_outcomes_plot"]
    assert set(table) == set(outcomes) == set(names.values())
    assert (table["pbmc"]["need_a_look"], table["pbmc"]["model"]) == (8, "some/model-1")
    assert (outcomes["pbmc"]["annotated"], outcomes["pbmc"]["failed"], outcomes["'=1+1"]["annotated"]) == (6, 1, 1)
    with (out / "multiqc_data" / "multiqc_cassia_samples_table.txt").open(encoding="utf-8", newline="") as text:
        rows = {row["Sample"]: row for row in csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE)}
    assert float(rows["pbmc"]["clusters"]) == 10
    html = (out / "multiqc_report.html").read_text(encoding="utf-8")
    assert html.count('id="mqc-module-section-cassia"') == 1
    shown = [name for name in HEADERS if any(name in row for row in table.values())]
    assert len(shown) == len(HEADERS) - 1 and "controls_missed" not in shown  # there were none
    assert all(f">{HEADERS[name]['title']}<" in html for name in shown)
    assert HOSTILE not in html
    need("playwright")
    assert_shows(out / "multiqc_report.html", list(names.values()))


def run_multiqc(folder: Path) -> Path:
    """MultiQC over folder/in, into the folder returned; it must say nothing of trouble."""
    python, out = need_env("multiqc"), folder / "out"
    # Its check for a newer version would go to the network.
    environment = {**os.environ, "MULTIQC_NO_VERSION_CHECK": "true", "HOME": str(folder)}
    options = ["--outdir", str(out), "--no-ansi", "--no-version-check", str(folder / "in")]
    command = [str(python.parent / "multiqc"), *options]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if "warning" in line.lower() or "error" in line.lower()]
    return out


def assert_shows(page: Path, names: list[str]) -> None:
    """The page in a browser: it has the samples as text, and none of them ran."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=need("chromium"), args=["--no-sandbox"])
        tab = browser.new_page()
        tab.goto(page.as_uri())
        tab.wait_for_selector(".th-sample-name")
        shown = tab.locator("#cassia_samples_table .th-sample-name, [id^=cassia_samples_table] .th-sample-name")
        assert set(shown.all_inner_texts()) == set(names)
        assert tab.title() != "run"
        browser.close()
