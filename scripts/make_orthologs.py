#!/usr/bin/env python3
"""Make cassia_engine/data/orthologs.tsv, human and mouse gene symbols, from a wheel of celltypist.

    pip download --no-deps celltypist==1.7.1
    python scripts/make_orthologs.py celltypist-1.7.1-py3-none-any.whl

The wheel's table comes from Ensembl 105. Its order is kept, pairs without a mouse gene are left out.
Columns: human, mouse. A gene with several orthologs has several rows.
"""

from __future__ import annotations

import argparse
import csv
import io
import zipfile
from pathlib import Path

MEMBER = "celltypist/data/samples/Ensembl105_Human2Mouse_Genes.csv"
DEFAULT_OUTPUT = Path(__file__).parent.parent / "cassia_engine" / "data" / "orthologs.tsv"


def read_pairs(wheel: Path) -> list[tuple[str, str]]:
    """(human, mouse) pairs in the wheel's order, each once."""
    with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as packed:
        rows = csv.reader(io.TextIOWrapper(packed, encoding="utf-8"))
        pairs = [(row[0].strip(), row[1].strip()) for row in rows if len(row) >= 2]
    return list(dict.fromkeys(pair for pair in pairs if all(pair)))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    args = parser.parse_args()
    lines = ["human\tmouse", *("\t".join(pair) for pair in read_pairs(args.wheel))]
    args.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
