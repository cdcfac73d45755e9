"""CSV cells that a spreadsheet would run as a formula, made inert and read back."""

from __future__ import annotations

# A leading tab or return is stripped by spreadsheets before they look for the formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def guard(text: str) -> str:
    """The cell with a leading ' where a spreadsheet would otherwise run it."""
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA_STARTS) else text


def unguard(text: str) -> str:
    """The inverse of `guard`, for every text."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_FORMULA_STARTS) else text
