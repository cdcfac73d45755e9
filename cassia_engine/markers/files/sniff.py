"""How a text file is written, from its first bytes and lines; and what people give by mistake, with advice."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cassia_engine.errors import UsageError, shown
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, GENE_HEADERS
from cassia_engine.markers.files.preamble import uncommented

GZIP = b"\x1f\x8b"
# What people give by mistake, by its first bytes, and what to do with it.
_FOREIGN = {
    b"PK\x03\x04": "an Excel workbook or a zip file; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV",
    b"\x89HDF": "an HDF5 file; write its markers with scanpy.get.rank_genes_groups_df(adata, None).to_csv(FILE)",
    b"%PDF": "a PDF; give the markers as CSV or TSV",
    GZIP: "packed with gzip twice; unpack it once",
    b"PAR1": "a Parquet file in gzip; unpack it",
    b"BZh": "packed with bzip2; unpack it or pack it with gzip",
    b"\xfd7zXZ": "packed with xz; unpack it or pack it with gzip",
    b"\x28\xb5\x2f\xfd": "packed with zstd; unpack it or pack it with gzip",
    b"RDX": "an R data file; write the markers with write.csv(markers, FILE)",
    b"X\n\x00": "an R data file; write the markers with write.csv(markers, FILE)",
    b"\xff\xfe": "text in UTF-16; save it in UTF-8",
    b"\xfe\xff": "text in UTF-16; save it in UTF-8",
    b"<": "a web page or XML; give the marker table itself, as CSV or TSV",
    b"{": "JSON; give the marker table as CSV or TSV",
    b"[": "JSON; give the marker table as CSV or TSV",
}
# A section of an INI or TOML file, which starts as JSON does.
_SECTION = re.compile(rb"\[[^\[\]{}\"',\r\n]+\][ \t]*[\r\n]")
_RUN = re.compile(r"\S {2,}\S|^ {2,}\S")
_PRINTED = (
    "the columns have blanks between, as Python and R print a table, perhaps not all of it; "
    'save the table itself: df.to_csv("markers.csv") in Python, write.csv(markers, "markers.csv") in R'
)
_DELIMITERS = ("\t", ";", ",")

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is written: its columns by their names, and its first rows."""

    delimiter: str
    header: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]


def foreign(start: bytes) -> str:
    """What a file is that is no marker table, by its first bytes, with advice; "" for text."""
    for magic, what in _FOREIGN.items():
        if start.startswith(magic) and not _SECTION.match(start):
            return f"this is {what}"
    return "this is a binary file; give the marker table as CSV or TSV in UTF-8" if b"\x00" in start else ""


def layout(lines: Sequence[str], place: str, cut: bool, given: str = "") -> Layout:
    """Delimiter, header and first rows, from the first lines; `cut` if the file has more, `given` if it names the sign.

    Raises:
        UsageError: there is one column only.
    """
    tables = {sign: _parse(lines, sign, cut) for sign in (given or _DELIMITERS)}
    tables = {sign: table for sign, table in tables.items() if table and len(table[0]) > 1}
    if not tables and _has_bars(bars := _parse(lines, "|", cut)):
        tables = {"|": bars}
    if not tables and _is_gene_list(lines):
        return Layout(",", (lines[0].strip().strip('"'),), tuple((row[0],) for row in _parse(lines, ",", cut)[1:]))
    if not tables:
        spaced = _parse(lines, " ", cut)  # as R's write.table has it unless told otherwise
        if lines[0].startswith("  ") and len(spaced) > 1:
            raise UsageError(_PRINTED, path=place, code="table-printed")
        if len(spaced) <= 1 or _agreeing(spaced) < len(spaced) - 1 or len(spaced[0]) == 1:
            if _is_printed(lines):
                raise UsageError(_PRINTED, path=place, code="table-printed")
            what = f"one column only ({shown(lines[0].strip())}); columns are parted by comma, semicolon or tab"
            if _are_names(lines):
                what += "; if these are the genes of one cluster, put a header above them: gene"
            raise UsageError(what, path=place, code="one-column")
        tables = {" ": spaced}
    # A sign that is in the header only by chance does not part the rows.
    delimiter = max(tables, key=lambda sign: (_agreeing(tables[sign]), len(tables[sign][0])))
    header, *body = tables[delimiter]
    header[0] = uncommented(header[0].strip())
    return Layout(delimiter, _header([column.strip() for column in header], body, place), tuple(map(tuple, body)))


def _has_bars(table: Rows) -> bool:
    """Whether bars part the columns: of a header with a known name, and of all rows."""
    names = {name.strip().lower() for name in table[0]} if table else set()
    return len(names) > 1 and bool(names & {*CLUSTER_HEADERS, *GENE_HEADERS}) and _agreeing(table) == len(table) - 1 > 0


def _is_printed(lines: Sequence[str]) -> bool:
    """Whether lines are a table as programs print it: several words each, most of them aligned by runs of blanks."""
    filled = [line.rstrip() for line in lines if line.strip()]
    several = all(len(line.split()) > 1 for line in filled)
    return len(filled) > 1 and several and 2 * sum(map(bool, map(_RUN.search, filled))) >= len(filled)


def _is_gene_list(lines: Sequence[str]) -> bool:
    """Whether the only column has genes, a row each, under a header that says so: the markers of one cluster."""
    return len(lines) > 1 and lines[0].strip().strip('"').lower() in GENE_HEADERS and _are_names(lines[1:])


def _are_names(lines: Sequence[str]) -> bool:
    """Whether lines have a name each, and no lists or sentences."""
    named = [line for line in lines if any(map(str.isalnum, line))]
    return bool(named) and all(len(line.split()) < 2 and not set(line) & set(":|/") for line in lines)


def _parse(lines: Sequence[str], delimiter: str, cut: bool) -> list[list[str]]:
    table = [row for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1 or "".join(row).strip()]
    return table[:-1] if cut and len(table) > 2 else table  # the last one may go on


def _agreeing(table: Rows) -> int:
    """How many rows have as many fields as the header, or one more for a row name."""
    return sum(len(row) - len(table[0]) in (0, 1) for row in table[1:])


def _header(header: list[str], body: Rows, place: str) -> tuple[str, ...]:
    """The header for all fields of a row: R's write.table gives its row names none.

    Raises:
        UsageError: what is more may as well be a delimiter at the end of each row.
    """
    # Of `A,CD3D,CD3E` under `cluster,genes` the quotes were forgotten; row names stand before a list of genes.
    lists = len(header) > 2 or any(set(row[-1]) & set(",; ") for row in body)
    if not body or not lists or any(len(row) != len(header) + 1 for row in body):
        return tuple(header)
    if not any(row[-1] for row in body):
        what = "the header has one column less than the rows, and the last field of these is empty"
        raise UsageError(
            f"{what}; name the first column, or remove the delimiters at the end", path=place, code="header-too-short"
        )
    return ("", *header)
