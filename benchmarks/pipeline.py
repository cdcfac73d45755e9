"""What the pipeline costs over bare Nextflow: 200 clusters, offline, against an empty pipeline of one process.

    python -m benchmarks.pipeline

Both run by turns, each in a new folder. The 200 clusters are the bundled PBMC clusters again and again under new ids.
Ends with 1 if the median difference is more than 6 s of wall time.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Measurement, machine, run

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "cassia_engine" / "data" / "examples" / "pbmc68k_scanpy.csv"
MAX_OVER_EMPTY = 6.0  # seconds of wall time
EMPTY = "process NOTHING {\n    script:\n    'true'\n}\n\nworkflow {\n    NOTHING()\n}\n"


def write_table(path: Path, clusters: int) -> None:
    """A Scanpy table of `clusters` clusters with the markers of the bundled ones."""
    with EXAMPLE.open(encoding="utf-8", newline="") as rows:
        table = list(csv.DictReader(rows))
    groups: dict[str, list[dict[str, str]]] = {}
    for row in table:
        groups.setdefault(row["group"], []).append(row)
    bundled = list(groups.values())
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, table[0])
        writer.writeheader()
        for number in range(clusters):
            writer.writerows({**row, "group": f"c{number}"} for row in bundled[number % len(bundled)])


def nextflow() -> str:
    """The Nextflow that make put into the checkout, else the one on PATH."""
    found = shutil.which(str(ROOT / ".tools" / "nextflow")) or shutil.which("nextflow")
    if found is None:
        raise SystemExit("no Nextflow: make demo gets one")
    return found


def measured(arguments: list[str]) -> Measurement:
    """A run in a new launch folder."""
    with tempfile.TemporaryDirectory() as launch:
        os.chdir(launch)
        try:
            return run([nextflow(), "run", *arguments, "-ansi-log", "false"])
        finally:
            os.chdir(ROOT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--clusters", type=int, default=200)
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        empty, table = Path(scratch) / "main.nf", Path(scratch) / "markers.csv"
        empty.write_text(EMPTY, encoding="utf-8")
        write_table(table, options.clusters)
        data = ["--input", str(table), "--tissue", "blood", "--species", "human", "--outdir", "out"]
        pairs = [(measured([str(empty)]), measured([str(ROOT), *data])) for _ in range(options.repeats)]
    walls = [(bare.wall, ours.wall) for bare, ours in pairs]
    over = statistics.median(ours for _, ours in walls) - statistics.median(bare for bare, _ in walls)
    print("empty pipeline, s:", *(f"{bare:.2f}" for bare, _ in walls))
    print(f"{options.clusters} clusters, s: ", *(f"{ours:.2f}" for _, ours in walls))
    print(f"over the empty one, by medians: {over:.2f} s (at most {MAX_OVER_EMPTY} s)")
    sys.exit(int(over > MAX_OVER_EMPTY))


if __name__ == "__main__":
    main()
