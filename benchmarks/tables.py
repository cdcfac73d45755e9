"""Marker tables of as many clusters as are wanted, all different, made from the bundled large intestine.

Each is one of the bundled clusters with a few of its best genes left out and its fold changes a little moved, so that
no two requests are alike: cassia would ask only once.
"""

from __future__ import annotations

import csv
import gzip
import random
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent.parent / "cassia_engine/data/examples/large_intestine_seurat.csv.gz"
SEED = 20261101
COLUMNS = ("p_val", "avg_log2FC", "pct.1", "pct.2", "p_val_adj", "cluster", "gene")
POOL, KEPT = 75, 60  # genes of a bundled cluster, and those of them that a cluster gets


def write_table(path: Path, clusters: int) -> None:
    """A Seurat table of `clusters` clusters with 60 genes each, the same for the same number."""
    chance, bundled = random.Random(SEED), _bundled()
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        for number in range(clusters):
            for row in chance.sample(bundled[number % len(bundled)], KEPT):
                moved = float(row["avg_log2FC"]) * chance.uniform(0.9, 1.1)
                writer.writerow({**row, "cluster": f"c{number}", "avg_log2FC": f"{moved:.12f}"})


def _bundled() -> list[list[dict[str, str]]]:
    """The best genes of each bundled cluster, as rows."""
    groups: dict[str, list[dict[str, str]]] = {}
    with gzip.open(EXAMPLE, "rt", encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            if float(row["avg_log2FC"]) > 0.5 and float(row["p_val_adj"]) < 0.01:
                groups.setdefault(row["cluster"], []).append({name: row[name] for name in COLUMNS})
    return [sorted(rows, key=lambda row: -float(row["avg_log2FC"]))[:POOL] for rows in groups.values()]
