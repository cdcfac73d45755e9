"""Corrections through the pipeline: what was annotated is not annotated again, and the new outputs have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import EXAMPLES
from tests.pipeline.launch import Launcher
from tests.reading import Page

pytestmark = pytest.mark.slow

CELL = "my own cell"


def corrections(folder: Path, cluster: str) -> Path:
    path = folder / "my corrections.csv"
    path.write_text(
        f"cluster,label,comment,decided_by\n{cluster},{CELL},\"as seen, in 'FACS'\",Ada\n", encoding="utf-8"
    )
    return path


def test_corrections_after_a_run_are_checked_and_touch_collect_alone(pipeline: Launcher) -> None:
    about = ("--name", "pbmc", "--tissue", "blood", "--species", "human")
    options = ("--input", EXAMPLES / "pbmc68k_scanpy.csv", *about, "--outdir", pipeline.out)
    assert pipeline.run(*options).code == 0
    first = pipeline.summary("pbmc")
    index = (pipeline.out / "index.html").read_text(encoding="utf-8")
    assert 'href="./pbmc/pbmc_report.html"' in index

    run = pipeline.run(*options, "--corrections", corrections(pipeline.folder, first[0]["Cluster ID"]), "-resume")
    assert run.code == 0, run.said
    ran = {name for name, status in pipeline.tasks().items() if status != "CACHED"}
    assert ran == {"CORRECTIONS (pbmc)", "COLLECT (pbmc)", "INDEX", "CHECK"}
    second = pipeline.summary("pbmc")
    assert (second[0]["Predicted Detailed Cell Type"], second[0]["Decided By"]) == (CELL, "Ada")
    assert second[0]["Comment"] == "as seen, in 'FACS'"
    assert second[0]["Corrected From"] == first[0]["Predicted Detailed Cell Type"].split("; ")[0]
    assert second[1:] == first[1:]
    page = Page((pipeline.out / "pbmc" / "pbmc_report.html").read_text(encoding="utf-8"))
    assert "1 label was given by persons (Ada)" in page.text_of["methods"]
    assert "(Nextflow " in page.text_of["methods"]


def test_a_correction_of_another_cluster_is_told_before_anything_is_annotated(pipeline: Launcher) -> None:
    sheet = pipeline.folder / "sheet.csv"
    corrections(pipeline.folder, "no such cluster")
    rows = [f"pbmc,{EXAMPLES / 'pbmc68k_scanpy.csv'},blood,human,my corrections.csv"]
    rows.append(f"gut,{EXAMPLES / 'large_intestine_processed.csv'},large intestine,human,")
    sheet.write_text("\n".join(["sample,markers,tissue,species,corrections", *rows]) + "\n")
    run = pipeline.run("--input", sheet, "--outdir", pipeline.out)
    assert run.code != 0
    assert "line 2: column cluster: no such cluster is not in the marker table" in run.said
    assert "Submitted process > CASSIA:SPLIT (gut)" in run.said
    assert "CASSIA:ANNOTATE" not in run.said
    assert {name.partition(" ")[0] for name in pipeline.tasks()} == {"VERSION", "SPLIT", "CORRECTIONS"}
