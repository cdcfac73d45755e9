"""A samplesheet of the pipeline, where a marker table is expected."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import Any

from cassia_engine.errors import UsageError
from cassia_engine.markers.files.text_file import READING_ERRORS, open_bytes

# Columns of a samplesheet, under all names that assets/schema_input.json has for them. A marker table may have one or
# two of them, but hardly one of each line here.
COLUMNS = (
    ("sample", "samples", "sample_id", "sample_name"),
    ("markers", "marker", "marker_file", "markers_file", "marker_table"),
    ("tissue", "species", "organism"),
)
_MOST = 10_000  # bytes of a header that are looked at
_LINES = 100  # until one is not empty


def refuse_samplesheet(markers: Any) -> None:
    """Refuse a file with the columns of a samplesheet.

    Args:
        markers: a path, or anything else that `read_markers` takes, which is let through.

    Raises:
        UsageError: it is a samplesheet; says where it belongs.
    """
    if isinstance(markers, (list, tuple)) and len(markers) == 1:
        [markers] = markers
    if not isinstance(markers, (str, Path)) or not Path(markers).is_file():
        return
    cells = re.split(r"[,;\t]", _first_line(Path(markers)))
    header = {re.sub(r"[\s-]+", "_", cell.strip(" \"'\xa0").lower()) for cell in cells}
    if all(header.intersection(names) for names in COLUMNS):
        what = (
            "this is a samplesheet, which is an input of the pipeline (nextflow run, see docs/usage.md); here give a "
            "marker table, such as one of its column markers"
        )
        raise UsageError(what, path=markers, code="table-is-samplesheet")


def _first_line(path: Path) -> str:
    """The header, or "" where the file is none of text: its reader says what is wrong with it."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with open_bytes(path, packed) as lines:
            first = islice(iter(lambda: lines.readline(_MOST), b""), _LINES)
            return next((line for row in first if (line := _text(row))), "")
    except READING_ERRORS:
        return ""


def _text(row: bytes) -> str:
    text = row.decode("utf-8-sig", errors="replace").strip()
    return "" if text.lower().startswith("sep=") else text
