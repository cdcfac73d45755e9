"""A marker table of many different clusters, drawn from the bundled knowledge."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from tests.conftest import ROOT

KNOWLEDGE = ROOT / "cassia_engine" / "data" / "markers.tsv"
OWN, OTHERS, UNKNOWN = 14, 5, 2  # genes of a cluster: of its type, of another one, and that nobody knows


def draw_table(path: Path, clusters: int, seed: int = 5) -> Path:
    """Write a table of (cluster, genes), the same for the same arguments; no two clusters have the same genes."""
    draw = random.Random(seed)
    types = _types()
    with path.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(("cluster", "markers"))
        for number in range(clusters):
            own, other = draw.sample(types, 2)
            genes = draw.sample(own, min(OWN, len(own))) + draw.sample(other, min(OTHERS, len(other)))
            unknown = [f"GENE{number}X{n}" for n in range(UNKNOWN)]
            rows.writerow((f"c{number}", ",".join([*dict.fromkeys(genes), *unknown])))
    return path


def _types() -> list[list[str]]:
    """The human genes of each cell type."""
    lines = (line for line in KNOWLEDGE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    table = csv.DictReader(lines, delimiter="\t")
    return [row["genes"].split() for row in table if row["species"] in ("human", "both")]
