#!/usr/bin/env python3
"""Make cassia_engine/data/cl.tsv, the Cell Ontology table, from a wheel of cellxgene-ontology-guide.

    pip download --no-deps cellxgene-ontology-guide==1.11.1
    python scripts/make_ontology.py cellxgene_ontology_guide-1.11.1-py3-none-any.whl

Needs the package `zstandard`. Rows are in order of id, so the same wheel always gives the same bytes.
Columns: id, label, synonyms ("|" between), parents ("|" between), deprecated (0 or 1), replaced_by.
"""

from __future__ import annotations

import argparse
import json
import zipfile
from pathlib import Path
from typing import Any

import zstandard

from cassia_engine.ontology import RELEASE

MEMBER = f"cellxgene_ontology_guide/data/CL-ontology-v{RELEASE}.json.zst"
COLUMNS = ("id", "label", "synonyms", "parents", "deprecated", "replaced_by")
DEFAULT_OUTPUT = Path(__file__).parent.parent / "cassia_engine" / "data" / "cl.tsv"


def read_terms(wheel: Path) -> dict[str, dict[str, Any]]:
    """The release's terms by id, as the wheel has them."""
    with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as packed:
        terms: dict[str, dict[str, Any]] = json.load(zstandard.ZstdDecompressor().stream_reader(packed))
    return terms


def row(term_id: str, term: dict[str, Any]) -> tuple[str, ...]:
    # An ancestor at distance 1 is a direct parent.
    parents = sorted(a for a, distance in term["ancestors"].items() if distance == 1)
    return (
        term_id,
        term["label"],
        "|".join(sorted(s.replace("|", "/") for s in term.get("synonyms", ()))),
        "|".join(parents),
        str(int(term["deprecated"])),
        term.get("replaced_by", ""),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    args = parser.parse_args()
    lines = ["\t".join(COLUMNS)]
    for term_id, term in sorted(read_terms(args.wheel).items()):
        lines.append("\t".join(" ".join(field.split()) for field in row(term_id, term)))
    args.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
