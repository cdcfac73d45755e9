"""A reply of names and values that is no JSON: lines "name: value" as in YAML or Markdown, headings, tags."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

_LINE = re.compile(r"^[\s>#*_`-]{0,8}([A-Za-z][A-Za-z_ -]{1,40}?)[*_`\"]{0,4}\s?[:=][*_`]{0,3}(.*)$")
_HEADING = re.compile(r"^#{1,6}\s+[*_`]{0,3}([A-Za-z][A-Za-z_ -]{1,40}?)[*_`:]{0,4}\s*$")
_TAG = re.compile(r"<([A-Za-z][A-Za-z_-]{1,40})>")
_MOST_TAGS = 60
_LONGEST = 20_000  # characters of a value that are read


def fields_of_lines(text: str) -> dict[str, Any]:
    """The names and values of all lines that have both; {} where a name stands twice."""
    return {**_of_tags(text), **_of_lines(_of_headings(text))}


def _of_headings(text: str) -> str:
    """Each heading and what stands below it as a line of its own."""
    lines: list[str] = []
    below = False
    for line in text.splitlines():
        if heading := _HEADING.match(line):
            lines.append(f"{heading[1]}:")
        elif below and line.strip():
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
        below = bool(heading) or (below and bool(line.strip()))
    return "\n".join(lines)


def _of_tags(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    start = 0
    for _ in range(_MOST_TAGS):
        tag = _TAG.search(text, start)
        if tag is None:
            break
        end = text.find(f"</{tag[1]}>", tag.end())
        start = tag.end()
        if end >= 0 and "<" not in (inner := text[start:end]):
            if tag[1] in found:
                return {}
            found[tag[1]] = _value(inner.strip())
            start = end
    return found


def _of_lines(text: str) -> dict[str, Any]:
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
