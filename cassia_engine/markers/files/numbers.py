"""Numbers as people and spreadsheets write them: `20%`, `<2.2e-16`, `1.2×10-5`, a minus sign of print, `#NUM!`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from cassia_engine.text import OVERRIDES, ZERO_WIDTH

# What stands for a number that is missing, in lower case.
SPREADSHEET_ERRORS = ("#NUM!", "#DIV/0!", "#N/A", "#VALUE!", "#REF!", "#NAME?", "#NULL!")
_MISSING = (
    *(text.lower() for text in SPREADSHEET_ERRORS),
    *("n/a", "na", "null", "none", "ns", "n.s.", "n.s", "n.d.", "nd", "-", "--", "---", "\u2013", "\u2014", "."),
)
_MINUS = str.maketrans({"\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2013": "-", "\ufe63": "-", "\uff0d": "-"})
_UNSEEN = re.compile(f"[{ZERO_WIDTH}{OVERRIDES}]")
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_PLAIN = re.compile(_NUMBER)
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+\.\d+")
_POWER = re.compile(rf"(?:({_NUMBER})\s*[\u00d7xX*\u00b7]\s*)?10\s*\^?\s*([-+]?\d+)")
_BOUND = re.compile(r"([<>\u2264\u2265]=?)\s*(.*)")

_COMMA = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")
_MAY_BE_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}")


def decimal_sign(texts: Iterable[str], delimiter: str) -> str:
    """The decimal sign of a table's numbers: a comma if one has it, as write.csv2 and spreadsheets write.

    Beside commas that part columns, a comma is one only where no number has a point, and one is not as 1,000 is.
    """
    texts = [text.strip() for text in texts]
    commas = [text for text in texts if has_comma(text)]
    if delimiter != ",":
        return "," if commas else "."
    unclear = all(map(_MAY_BE_THOUSANDS.fullmatch, commas)) or any("." in text for text in texts)
    return "." if unclear else ","


def has_comma(text: str) -> bool:
    """Whether a text is a number with one comma, as 2,5 is."""
    return bool(_COMMA.fullmatch(text))


def as_number(text: str, statistic: str, decimal: str = ".", percent: bool = False) -> float | None:
    """The number that a text means, NaN where it says that there is none; None for any other text.

    Args:
        statistic: what it is of, as in `records.Marker`: only p values have bounds, and only fractions `%`.
        decimal: the decimal sign.
        percent: fractions are counted from 0 to 100.
    """
    text = _UNSEEN.sub("", text)
    plain = text.strip().removeprefix("'").translate(_MINUS)
    if not plain or text.strip().lower() in _MISSING or plain.lower() in _MISSING:
        return math.nan
    if decimal == ",":
        plain = plain.translate(str.maketrans(",.", ".,"))
    if statistic == "p_val_adj":
        return _p_value(plain)
    if statistic.startswith("pct") and plain.endswith("%"):
        value = _value(plain[:-1].strip())
        return value if value is None or percent else value / 100
    return _value(plain)


def _p_value(text: str) -> float | None:
    bound = _BOUND.fullmatch(text.rstrip("* "))
    value = _value(bound[2]) if bound else _value(text.rstrip("* "))
    if bound and value is not None:
        if bound[1][0] in ">\u2265":
            return math.nan  # it may be any larger one
        return math.nextafter(value, -math.inf) if bound[1] == "<" and value > 0 else value
    return value


def _value(text: str) -> float | None:
    if text.endswith("%"):
        return None
    if _THOUSANDS.fullmatch(text):
        return float(text.replace(",", ""))
    if _PLAIN.fullmatch(text):
        return float(text)
    if (power := _POWER.fullmatch(text)) and not text.isdecimal():
        return float(power[1] or 1) * 10.0 ** int(power[2])
    return None
