"""Which texts of a table say that there is nothing."""

from __future__ import annotations

import re

from cassia_engine.h5ad.label_columns import is_label

_MISSING = ("", "NA", "NaN", "nan", "<NA>")
# Besides what cells without a label have: words of language models, and of servers that answer for them.
_NO_TYPE = frozenset(
    (
        *("unk", "--", "inconclusive", "not available", "no cell type", "cannot be determined", "unidentified"),
        *("unknown cell", "unknown cells", "unknown cell type", "unresolved cell type", "undetermined cell type"),
    )
)
# A reason may follow: unknown (low quality), error: no answer.
_WITH_REASON = re.compile(r"(unknown|unresolved|inconclusive)\s*[\[({:].*|error\s*[(:].*", re.IGNORECASE | re.DOTALL)


def names_type(text: str) -> bool:
    """Whether a label names a cell type, known to the ontology or not; else its cluster counts as abstained."""
    plain = " ".join(text.split())
    return is_label(plain) and plain.casefold() not in _NO_TYPE and not _WITH_REASON.fullmatch(plain)


def present(cell: str) -> str:
    """The text of a cell; what R and pandas write for nothing is ""."""
    text = cell.strip()
    return "" if text in _MISSING else text
