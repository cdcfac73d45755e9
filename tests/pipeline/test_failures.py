"""The failure path of docs/design.md, every line of it, with real Nextflow and a stand-in engine that fails as told.

Both bundled examples run in chunks of four clusters: pbmc68k in chunks 0 to 2, large_intestine in 0 and 1.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import EXAMPLES
from tests.pipeline.launch import TIMEOUT_S, Launcher, Run

pytestmark = pytest.mark.slow

SAMPLES = ("pbmc68k", "large_intestine")
CHUNKS = ("pbmc68k 0", "pbmc68k 1", "pbmc68k 2", "large_intestine 0", "large_intestine 1")
KINDS = ("summary.csv", "full.csv", "conversations.json", "mqc.json", "outcomes_mqc.json", "report.html")


def arguments(pipeline: Launcher) -> tuple[str, ...]:
    return ("-profile", "test", "--chunk_size", "4", "--outdir", str(pipeline.out))


def resume(pipeline: Launcher) -> Run:
    """The same again, with the fault corrected."""
    pipeline.plan({})
    return pipeline.run(*arguments(pipeline), "-resume")


def action_of(pipeline: Launcher) -> dict[str, Any]:
    """What the RO-Crate says of the run."""
    crate = json.loads((pipeline.out / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    return next(entity for entity in crate["@graph"] if entity["@id"] == "#run")


def assert_published(pipeline: Launcher) -> None:
    index = (pipeline.out / "index.html").read_text(encoding="utf-8")
    assert all(f"./{sample}/{sample}_report.html" in index for sample in SAMPLES)
    for sample in SAMPLES:
        expected = sorted(f"{sample}_{kind}" for kind in KINDS)
        assert sorted(path.name for path in (pipeline.out / sample).iterdir()) == expected


def assert_whole(pipeline: Launcher) -> None:
    assert_published(pipeline)
    assert {status for sample in SAMPLES for status in pipeline.statuses(sample)} <= {"annotated", "no_markers"}


def not_cached(pipeline: Launcher) -> set[str]:
    """The tasks that the last run really ran."""
    return {name for name, status in pipeline.tasks().items() if status != "CACHED"}


def test_account_trouble_in_one_chunk(pipeline: Launcher) -> None:
    pipeline.plan({"pbmc68k 1": [77, 77]})
    run = pipeline.run(*arguments(pipeline))
    assert run.code != 0
    assert "cassia: error: 4 of " in run.said
    assert "clusters have no annotation" in run.said
    assert "pbmc68k, chunk_00001 stays without a result: cassia: error: stand-in trouble 77" in run.said
    assert_published(pipeline)
    assert pipeline.statuses("pbmc68k")[4:8] == ["not_reached"] * 4
    assert pipeline.statuses("pbmc68k").count("not_reached") == 4
    assert "not_reached" not in pipeline.statuses("large_intestine")
    assert {key: len(pids) for key, pids in pipeline.calls().items()} == dict.fromkeys(CHUNKS, 1)
    failed = action_of(pipeline)
    assert failed["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert failed["error"].startswith("cassia: error: 4 of ") and len(failed["result"]) == 2 * len(KINDS) + 1

    assert resume(pipeline).code == 0
    resumed = action_of(pipeline)
    assert resumed["actionStatus"] == "http://schema.org/CompletedActionStatus" and "error" not in resumed
    assert resumed["description"].endswith("; resumed, so that some of it may be of an earlier launch")
    assert set(pipeline.calls()) == {"pbmc68k 1"}
    assert not_cached(pipeline) == {"ANNOTATE (pbmc68k chunk_00001)", "COLLECT (pbmc68k)", "INDEX", "CHECK"}
    assert_whole(pipeline)


def test_account_trouble_in_all_chunks(pipeline: Launcher) -> None:
    pipeline.plan({"*": [77]})
    run = pipeline.run(*arguments(pipeline))
    assert run.code != 0
    assert "clusters have no annotation" in run.said
    assert_published(pipeline)
    for sample in SAMPLES:
        assert set(pipeline.statuses(sample)) <= {"not_reached", "no_markers"}
    assert {key: len(pids) for key, pids in pipeline.calls().items()} == dict.fromkeys(CHUNKS, 1)

    assert resume(pipeline).code == 0
    assert set(pipeline.calls()) == set(CHUNKS)
    assert not any(name.startswith("SPLIT") for name in not_cached(pipeline))
    assert_whole(pipeline)


def test_temporary_trouble_that_heals(pipeline: Launcher) -> None:
    pipeline.plan({"large_intestine 0": [75], "pbmc68k 2": [75, 75]})
    run = pipeline.run(*arguments(pipeline))
    assert run.code == 0, run.said
    assert len(pipeline.calls()["large_intestine 0"]) == 2
    assert len(pipeline.calls()["pbmc68k 2"]) == 3
    assert_whole(pipeline)

    assert resume(pipeline).code == 0
    assert pipeline.calls() == {}
    assert not_cached(pipeline) == set()


def test_temporary_trouble_that_stays(pipeline: Launcher) -> None:
    pipeline.plan({"large_intestine 1": [75] * 9})
    run = pipeline.run(*arguments(pipeline))
    assert run.code != 0
    assert "large_intestine, chunk_00001 is tried again in 0 s: cassia: error: stand-in trouble 75" in run.said
    assert "large_intestine, chunk_00001 stays without a result: cassia: error: stand-in trouble 75" in run.said
    assert len(pipeline.calls()["large_intestine 1"]) == 4
    assert_published(pipeline)
    assert set(pipeline.statuses("large_intestine")[4:]) == {"not_reached"}

    assert resume(pipeline).code == 0
    assert set(pipeline.calls()) == {"large_intestine 1"}
    assert not_cached(pipeline) == {
        "ANNOTATE (large_intestine chunk_00001)",
        "COLLECT (large_intestine)",
        "INDEX",
        "CHECK",
    }
    assert_whole(pipeline)


def test_any_other_last_failure_is_treated_the_same(pipeline: Launcher) -> None:
    # 2 and 1 are not tried again; a task that was killed is, and here it heals.
    pipeline.plan({"pbmc68k 0": [2], "large_intestine 0": [1], "pbmc68k 1": ["killed"]})
    run = pipeline.run(*arguments(pipeline), "--max_failed_clusters", "100")
    assert run.code == 0, run.said
    assert_published(pipeline)
    assert {key: len(pids) for key, pids in pipeline.calls().items()} == {**dict.fromkeys(CHUNKS, 1), "pbmc68k 1": 2}
    assert pipeline.statuses("pbmc68k").count("not_reached") == 4
    assert pipeline.statuses("large_intestine").count("not_reached") == 4


def test_the_last_line_says_why_a_chunk_stays_without_a_result(pipeline: Launcher) -> None:
    pipeline.plan({"pbmc68k 2": [2]})
    run = pipeline.run(*arguments(pipeline))
    assert run.code != 0
    checked, reason = run.said.splitlines()[-2:]
    assert "clusters have no annotation" in checked
    assert reason == "pbmc68k, chunk_00002 stays without a result: stand-in trouble 2"


def test_killed_head(pipeline: Launcher) -> None:
    pipeline.plan({"large_intestine 0": ["hang"]})
    head = pipeline.start(*arguments(pipeline))
    try:
        # By then all of pbmc68k is done and on record, and one chunk of the other sample is under way.
        wait_for(lambda: pipeline.on_record("COLLECT (pbmc68k)") and "large_intestine 0" in pipeline.calls())
    finally:
        os.kill(head.pid, signal.SIGKILL)
        head.communicate(timeout=TIMEOUT_S)
        for pid in pipeline.calls().get("large_intestine 0", []):
            os.kill(pid, signal.SIGKILL)
    assert not (pipeline.out / "large_intestine").exists()

    run = resume(pipeline)
    assert run.code == 0, run.said
    assert "large_intestine 0" in pipeline.calls()
    assert not any("pbmc68k" in name or name.startswith("SPLIT") for name in not_cached(pipeline))
    assert_whole(pipeline)


def test_a_run_that_is_stopped_says_so(pipeline: Launcher) -> None:
    pipeline.plan({"large_intestine 0": ["hang"]})
    head = pipeline.start(*arguments(pipeline))
    try:
        wait_for(lambda: "large_intestine 0" in pipeline.calls())
        os.kill(head.pid, signal.SIGINT)
        said = head.communicate(timeout=TIMEOUT_S)[0]
    finally:
        head.kill()
    assert head.returncode != 0
    assert "The run was stopped. The same command with -resume does only what is missing." in said
    assert "failed" not in said
    assert "SIG" not in said.splitlines()[-1]


def wait_for(condition: Callable[[], bool]) -> None:
    """Return as soon as it holds."""
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise TimeoutError


def test_cells_without_labels(pipeline: Launcher) -> None:
    """Everything else is written, of all samples, and the run fails at its end."""
    sheet, own = pipeline.folder / "sheet.csv", pipeline.folder / "own.config"
    cells, table = EXAMPLES / "pbmc68k.h5ad", EXAMPLES / "pbmc68k_scanpy.csv"
    rows = [f"cells,{cells},blood,human,louvain,true", f"table,{table},blood,human,,"]
    sheet.write_text("\n".join(["sample,markers,tissue,species,group_key,rank", *rows]) + "\n")
    own.write_text("process { withName: LABELS { ext.args = '--group_key leidn' } }\n")
    options = ("--input", sheet, "--outdir", pipeline.out)
    run = pipeline.run(*options, "-c", own)
    assert run.code != 0
    line = "cells: its cells get no labels: sample cells, pbmc68k.h5ad: --group_key leidn: no such column; obs has "
    assert run.said.splitlines()[-1].startswith(line)
    for sample in ("cells", "table"):
        assert sorted(path.name for path in (pipeline.out / sample).iterdir()) == sorted(
            f"{sample}_{kind}" for kind in KINDS
        )
    assert pipeline.run(*options, "-resume").code == 0
    assert not_cached(pipeline) == {"LABELS (cells)"}
    assert (pipeline.out / "cells" / "cells_labels.parquet").exists()
