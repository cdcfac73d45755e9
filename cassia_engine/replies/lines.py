"""A reply of lines "name: value", as in YAML or in Markdown's bold type, in place of a JSON object."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

_LINE = re.compile(r"^[\s>#*_`-]{0,8}([A-Za-z][A-Za-z_ -]{1,40}?)[*_`\"]{0,4}\s?[:=][*_`]{0,3}(.*)$")
_LONGEST = 20_000  # characters of a value that are read


def fields_of_lines(text: str) -> dict[str, Any]:
    """The names and values of all lines that have both; {} where a name stands twice."""
    found: dict[str, Any] = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        if match[1] in found:
            return {}
        found[match[1]] = _value(match[2].strip(" \t\r,"))
    return found


def _value(text: str) -> Any:
    """A value in JSON or as Python writes it, else the text as it stands."""
    for read in (json.loads, ast.literal_eval) if len(text) <= _LONGEST and text[:1] in "[{\"'" else ():
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return int(text) if re.fullmatch(r"\d{1,3}", text) else text.strip("*_`")
