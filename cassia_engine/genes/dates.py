"""What a spreadsheet makes of names: dates of SEPT2 and MARCH1, numbers of the RIKEN gene 2310009E19 and others."""

from __future__ import annotations

import re

_MONTHS = "Jan|Feb|Mar|Mrz|Apr|May|Mai|Jun|Jul|Aug|Sept?|Oct|Okt|Nov|Dec|Dez"
_DATE = re.compile(
    rf"\d{{1,2}}(?:[-/ ]|\. ?)(?:{_MONTHS})(?:[-/ ]\d{{2,4}})?|(?:{_MONTHS})[-/ ]\d{{1,4}}"
    r"|(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}(?:[ T]0?0:00(?::00(?:\.0+)?)?)?|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d\d"
)
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?E\+\d{2}", re.IGNORECASE)


def is_date(name: str) -> bool:
    """Whether a name has a form in which spreadsheets write dates: 1-Mar, Sep-02, 2001-03-01, 01/03/2021."""
    return bool(_DATE.fullmatch(name.title()))


def is_scientific(name: str) -> bool:
    """Whether a name is a number as spreadsheets write large ones: 2.31E+19."""
    return bool(_SCIENTIFIC.fullmatch(name))
