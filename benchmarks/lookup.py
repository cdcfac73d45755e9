"""What the statistics of all genes cost `cassia split`: with them for second annotators, and without, by turns.

    python -m benchmarks.lookup

A Seurat table of 30 clusters, 20,000 genes each. With them split reads the table twice and writes genes.jsonl.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measure import cassia_command, machine, medians
from benchmarks.split import make_table

TABLE = ["--clusters", "30", "--rows", "600000"]
ABOUT = ["--name", "benchmark", "--tissue", "blood", "--species", "human"]


def main() -> None:
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table = make_table(folder / "markers.csv", TABLE)
        split = [cassia_command(), "split", str(table), *ABOUT]
        found = medians(
            {
                "cassia split": [*split, "--outdir", str(folder / "with")],
                "without genes.jsonl": [*split, "--outdir", str(folder / "without"), "--lookup_genes", "0"],
            },
            repeats=5,
        )
        written = (folder / "with" / "genes.jsonl").stat().st_size / 1e6
    for name, measured in found.items():
        print(f"{name:24s} {measured}")
    with_genes, without = found.values()
    print(f"{with_genes.wall - without.wall:.2f} s more, genes.jsonl {written:.0f} MB")


if __name__ == "__main__":
    main()
