"""What tasks ask of a machine, and what is tried again: with the stand-in `cassia`, and what a site sets besides."""

from __future__ import annotations

import csv
import re

import pytest

from tests.conftest import EXAMPLES, ROOT
from tests.pipeline.launch import Launcher

# nf-core's, of which every process has one.
LABELS = {"process_single", "process_low"}
# Modules with an errorStrategy of their own.
RETRYING = ("check", "labels", "annotate", "submit")
TRACED = "trace.fields = 'task_id,name,status,exit,attempt,cpus,memory,time'\n"
LIMITS = "process.resourceLimits = [cpus: 1, memory: 500.MB, time: 1.h]\n"


def traced(pipeline: Launcher) -> list[dict[str, str]]:
    with (pipeline.out / "pipeline_info" / "trace.txt").open(encoding="utf-8") as rows:
        return list(csv.DictReader(rows, delimiter="\t"))


def test_every_process_has_a_resource_label_that_the_configuration_knows() -> None:
    modules = [*ROOT.glob("modules/local/cassia/*/main.nf"), ROOT / "subworkflows/local/utils_cassia/version.nf"]
    named = {
        path: re.findall(r"^    label '(process_\w+)'", path.read_text(encoding="utf-8"), re.M) for path in modules
    }
    assert len(named) == 11
    assert {len(labels) for labels in named.values()} == {1}
    assert {label for labels in named.values() for label in labels} == LABELS
    config = (ROOT / "conf" / "base.config").read_text(encoding="utf-8")
    assert set(re.findall(r"withLabel: (\w+)", config)) == LABELS


def test_what_asks_a_provider_has_a_label_of_its_own() -> None:
    labelled = [path for path in ROOT.glob("modules/**/main.nf") if "label 'cassia_network'" in path.read_text("utf-8")]
    assert sorted(path.parent.name for path in labelled) == ["annotate", "celltypes", "submit"]


def test_the_same_exit_codes_are_tried_again_everywhere() -> None:
    """Modules cannot share a list with the configuration; two have the engine's own "try again" besides."""
    places = {
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in ("conf/base.config", *(f"modules/local/cassia/{module}/main.nf" for module in RETRYING))
    }
    base, check, labels, annotate, submit = (exit_codes(text) for text in places.values())
    assert {"-1", "104", "137", "143", "Integer.MAX_VALUE"} <= base
    assert base == check == labels == annotate - {"75"} and "75" in annotate
    assert submit == annotate
    modules = [path for part in ("modules", "subworkflows") for path in (ROOT / part).rglob("*.nf")]
    others = {str(path.relative_to(ROOT)) for path in modules if "exitStatus in" in path.read_text(encoding="utf-8")}
    assert others == places.keys() - {"conf/base.config"}


def exit_codes(text: str) -> set[str]:
    """The codes of the one list of a text that `task.exitStatus` is looked up in."""
    (codes,) = re.findall(r"task\.exitStatus in (\(.*\]?\))(?: \?|$)", text, re.M)
    ranges = [range(int(first), int(last) + 1) for first, last in re.findall(r"(\d+)\.\.(\d+)", codes)]
    single = re.findall(r"-?\b\d+\b|Integer\.MAX_VALUE", re.sub(r"\d+\.\.\d+", "", codes))
    return {*single, *(str(code) for codes in ranges for code in codes)}


@pytest.mark.slow
def test_a_killed_task_gets_more_and_never_more_than_the_limits(pipeline: Launcher) -> None:
    """At the last of its attempts it would ask for three times as much."""
    site = pipeline.folder / "site.config"
    arguments = ("-profile", "test", "--outdir", pipeline.out, "-c", site)
    for limits, memory in ((LIMITS, {"500 MB"}), ("", {"1 GB", "2 GB", "3 GB"})):
        site.write_text(TRACED + limits)
        pipeline.plan({"pbmc68k 0": ["killed", 75]})
        run = pipeline.run(*arguments)
        assert run.code == 0, run.said
        rows = [row for row in traced(pipeline) if row["name"] == "CASSIA:ANNOTATE (pbmc68k chunk_00000)"]
        assert [(row["attempt"], row["exit"]) for row in rows] == [("1", "137"), ("2", "75"), ("3", "0")]
        assert {row["memory"] for row in rows} == memory
        if limits:
            asked = {(row["cpus"], row["memory"], row["time"]) for row in traced(pipeline)}
            assert asked == {("1", "500 MB", "1h")}
        else:
            assert {row["memory"] for row in traced(pipeline) if "COLLECT" in row["name"]} == {"2 GB"}


@pytest.mark.slow
def test_ranking_gets_more_memory_than_reading(pipeline: Launcher) -> None:
    site = pipeline.folder / "site.config"
    site.write_text(TRACED)
    options = ("--rank", "--group_key", "louvain", "--tissue", "blood", "--species", "human", "--outdir", pipeline.out)
    run = pipeline.run("--input", EXAMPLES / "pbmc68k.h5ad", *options, "-c", site, "-stub-run")
    assert run.code == 0, run.said
    memory = {row["name"]: row["memory"] for row in traced(pipeline)}
    assert (memory["CASSIA:SPLIT (pbmc68k)"], memory["CASSIA:COLLECT (pbmc68k)"]) == ("4 GB", "2 GB")
