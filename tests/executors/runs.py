"""Runs of the pipeline on executors: a drawn table, asked of the mock provider, and what they leave."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.conftest import need
from tests.executors.engines import Engine, write_config
from tests.kills.killing import outputs
from tests.kills.table import draw_table
from tests.mock_provider.running import Running
from tests.pipeline.launch import Launcher

CALLS = 3  # of a cluster: annotator, second annotator and strict validator
SAMPLE = "cells"
COMPARED = tuple(f"{SAMPLE}_{kind}" for kind in ("summary.csv", "full.csv", "conversations.json"))


def launcher(root: Path, name: str, clusters: int) -> Launcher:
    """A launcher in a folder of its own below `root`, with a table of so many clusters in it."""
    folder = root / name
    folder.mkdir()
    draw_table(folder / "table.csv", clusters)
    # Several tasks at once, also on a machine with fewer cores.
    (folder / "cores.config").write_text("executor { cpus = 8; memory = '16 GB'; queueSize = 8 }\n")
    return Launcher(need("nextflow"), folder)


def arguments(launched: Launcher, mock: Running, *more: str) -> list[str]:
    """Of a run of the launcher's table, in chunks of three clusters, with four calls in flight."""
    table = ["--input", str(launched.folder / "table.csv"), "--name", SAMPLE, "--tissue", "none", "--species", "human"]
    asked = ["--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", "mock", "--max_workers", "4"]
    asked += ["--controls", "0", "--validator_involvement", "v0"]  # the same number of calls for each cluster
    cores = ["-c", str(launched.folder / "cores.config"), "-pool-size", "8"]
    return [*table, *asked, *cores, "--chunk_size", "3", "--outdir", str(launched.out), *more]


def contained(launched: Launcher, engine: Engine, *options: str) -> list[str]:
    """Arguments that let tasks run in containers; `options` are further ones of the engine's `run`."""
    launched.env |= engine.env
    config = write_config(engine, launched.folder / "containers.config", *options)
    return ["-profile", engine.name, "-c", str(config)]


def results(launched: Launcher) -> dict[str, bytes]:
    """The compared outputs of a run; the times in the conversations are left out."""
    found = outputs(launched.out / SAMPLE)
    return {name: found[name] for name in COMPARED}


def assert_whole(launched: Launcher, clusters: int) -> None:
    """Every cluster is annotated, with the calls of all roles, in the order of its table."""
    found = launched.summary(SAMPLE)
    assert [row["Cluster ID"] for row in found] == [f"c{number}" for number in range(clusters)]
    assert {(row["Status"], row["Calls"]) for row in found} == {("annotated", f"{CALLS}")}


def failed_codes(launched: Launcher) -> list[str]:
    """Exit codes of the tasks that failed."""
    with (launched.out / "pipeline_info" / "trace.txt").open(encoding="utf-8") as rows:
        return sorted(row["exit"] for row in csv.DictReader(rows, delimiter="\t") if row["status"] == "FAILED")


def task_scripts(launched: Launcher, process: str) -> list[str]:
    """What Nextflow wrote to start each task of a process, named as in the trace up to the tag."""
    scripts = (path.read_text(encoding="utf-8") for path in launched.folder.glob("work/*/*/.command.run"))
    return [script for script in scripts if f"### name: '{process}" in script]


def holding(text: str, folder: Path) -> list[Path]:
    """Files that hold a text, of all below a folder."""
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
