"""Texts in the column of genes that are none: sentences, errors of spreadsheets, genes that are said to be absent."""

from __future__ import annotations

import logging
import re

import duckdb

from cassia_engine.errors import quoted
from cassia_engine.genes.list_gene import gene_of
from cassia_engine.genes.recognised import is_recognised
from cassia_engine.markers.columns.symbols import LONGEST_SYMBOL, is_sentence
from cassia_engine.markers.files.numbers import SPREADSHEET_ERRORS
from cassia_engine.markers.files.source import MISSING, MOST_LISTED, Source
from cassia_engine.markers.long.scan import lines_of

log = logging.getLogger(__name__)

_PLAIN = re.compile(r"(?:\w[\w.\-]*)?\w")  # nearly all names; the rest is looked at
_ALTERNATIVES = re.compile(r"[^\s/]{1,40}(?:\s?///\s?[^\s/]{1,40})+")  # genes that a probe of Affymetrix fits
_NO_GENES = frozenset((*MISSING, *SPREADSHEET_ERRORS))


def is_no_gene(text: str) -> bool:
    """Whether a text in the column of genes is none, or a gene that is said not to be expressed."""
    if text in _NO_GENES:
        return True
    if len(text) <= LONGEST_SYMBOL and _PLAIN.fullmatch(text):
        return False
    return (is_sentence(text) and not _ALTERNATIVES.fullmatch(text)) or _is_said_absent(text)


def _is_said_absent(text: str) -> bool:
    """Whether a known gene is said not to be expressed: EPCAM low, not EPCAM, EPCAM-."""
    gene, is_absent = gene_of(text)
    return is_absent and is_recognised(gene)


def leave_out_texts(db: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Take texts that are no genes from the hits, with a warning."""
    genes = db.execute("SELECT DISTINCT hit[1].gene FROM kept WHERE hit IS NOT NULL").fetchall()
    texts = [gene for (gene,) in genes if is_no_gene(gene.strip())]
    these = "hit IS NOT NULL AND hit[1].gene IN (SELECT unnest($1))"
    found = dict(db.execute(f"SELECT rowid, hit[1].gene FROM kept WHERE {these} ORDER BY rowid", [texts]).fetchall())
    # An update would move the rows, and their order with them.
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE kept AS SELECT cluster, CASE WHEN NOT ({these}) THEN hit END AS hit FROM kept",
        [texts],
    )
    listed = list(found)[:MOST_LISTED]
    lines = lines_of(source, listed)
    if len(found) == 1:
        place = source.at(lines.get(listed[0]))
        log.warning("%s: %s is no gene's name and is left out", place, quoted(found[listed[0]]))
        return
    numbers = ", ".join(str(lines[row]) for row in listed if row in lines) + (
        ", ..." if len(found) > len(listed) else ""
    )
    where = f" ({'rows' if source.in_rows else 'lines'} {numbers})" if lines and source.lines else ""
    what = "rows with a text that is no gene's name are left out"
    log.warning("%s: %d %s%s: e.g. %s", source.place, len(found), what, where, quoted(found[listed[0]]))
