"""2,000 clusters over Slurm, against a stand-in that answers after 2 s, 64 calls in flight.

    eval "$(CASSIA_TEST_EXECUTORS=1 tests/executors/slurm-up)"
    python -m benchmarks.slurm

Whole runs of the pipeline with `-profile slurm` as it is: one offline cluster, then all clusters with a model. The time
of the second is at most 1.25 times (calls x latency / calls in flight + the time of the first). What a task costs is
read from the traces of both. Ends with 1 if the limit is passed.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import machine
from benchmarks.pipeline import ROOT, nextflow
from benchmarks.tables import write_table
from tests.mock_provider.running import running_mock

MAX_OF_IDEAL = 1.25
TRACE = "trace { raw = true ; fields = 'name,submit,complete,realtime,peak_rss' }\n"
ABOUT = ("--name", "s", "--tissue", "large intestine", "--species", "human", "--outdir", "out")


def run(folder: Path, clusters: int, *options: str) -> float:
    """The seconds of a run in a launch folder of its own, which must end well with all clusters annotated."""
    folder.mkdir()
    write_table(folder / "markers.csv", clusters)
    (folder / "trace.config").write_text(TRACE, encoding="utf-8")
    command = [nextflow(), "run", str(ROOT), "-profile", "slurm", "-c", "trace.config", "-ansi-log", "false"]
    start = time.perf_counter()
    done = subprocess.run(
        [*command, "--input", "markers.csv", *ABOUT, *options], cwd=folder, capture_output=True, text=True
    )
    wall = time.perf_counter() - start
    if done.returncode or f"({clusters} annotated)" not in done.stdout:
        raise SystemExit(done.stdout + done.stderr)
    return wall


def print_tasks(folder: Path) -> None:
    """What a task of each stage took until its end was seen, medians, from the trace of a run."""
    with (folder / "out" / "pipeline_info" / "trace.txt").open(encoding="utf-8") as rows:
        stages: dict[str, list[dict[str, str]]] = {}
        for row in csv.DictReader(rows, delimiter="\t"):
            stages.setdefault(row["name"].partition(" ")[0].removeprefix("CASSIA:"), []).append(row)
    print(f"  {'stage':10s} {'tasks':>5s} {'in all, s':>10s} {'script, s':>10s} {'rest, s':>8s} {'peak, MB':>9s}")
    for stage, found in stages.items():
        whole = statistics.median(float(row["complete"]) - float(row["submit"]) for row in found) / 1000
        script = statistics.median(float(row["realtime"]) for row in found) / 1000
        peak = max(float(row["peak_rss"] or 0) for row in found) / 1e6
        print(f"  {stage:10s} {len(found):5d} {whole:10.1f} {script:10.1f} {whole - script:8.1f} {peak:9.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clusters", type=int, default=2000)
    parser.add_argument("--latency", type=float, default=2.0, help="seconds before each answer")
    parser.add_argument("--in_flight", type=int, default=64, help="calls at once in the whole run")
    parser.add_argument("--tasks", type=int, default=4, help="annotate tasks, which share the calls")
    options = parser.parse_args()
    if not shutil.which("sinfo"):
        raise SystemExit("there is no Slurm: see the head of benchmarks/slurm.py")
    print(machine())
    shares = ["--max_workers", str(options.in_flight), "--max_tasks", str(options.tasks)]
    shares += ["--chunk_size", str(-(-options.clusters // options.tasks))]
    # A cluster's jobs must see it, so not in a /tmp of its own.
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as scratch, running_mock(latency=options.latency) as mock:
        alone = run(Path(scratch) / "one", 1)
        asked = ["--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", "mock"]
        wall = run(Path(scratch) / "many", options.clusters, *asked, *shares)
        stats = mock.stats()
        print(f"one offline cluster: {alone:.1f} s")
        print_tasks(Path(scratch) / "one")
        print(f"{options.clusters} clusters: {wall:.1f} s; {stats['calls']} calls, {stats['peak_in_flight']} at once")
        print_tasks(Path(scratch) / "many")
    ideal = stats["calls"] * options.latency / options.in_flight + alone
    print(f"of the ideal {ideal:.1f} s: {wall / ideal:.2f} (at most {MAX_OF_IDEAL})")
    sys.exit(int(wall > MAX_OF_IDEAL * ideal))


if __name__ == "__main__":
    os.environ.pop("CUSTOM_API_KEY", None)
    (ROOT / "build").mkdir(exist_ok=True)
    main()
