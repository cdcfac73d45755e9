"""A samplesheet as Python's csv module and jsonschema read it: what the pipeline's own reader is compared with."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema

from tests.conftest import ROOT

SCHEMA: dict[str, Any] = json.loads((ROOT / "assets" / "schema_input.json").read_text(encoding="utf-8"))
COLUMNS: dict[str, dict[str, Any]] = SCHEMA["items"]["properties"]
ALIASES = {alias: column for column, spec in COLUMNS.items() for alias in (column, *spec.get("aliases", ()))}

# A cell of each row that is wrong, by its line; column "" for all of a row, line 0 for the header.
Faults = set[tuple[int, str]]


def read(path: Path) -> tuple[list[dict[str, Any]], Faults]:
    """The rows of a sheet without anything wrong, each by column, and the places where something is."""
    try:
        rows = list(_rows(path.read_bytes().decode("utf-8-sig")))
    except (UnicodeDecodeError, csv.Error):
        return [], {(0, "unreadable")}
    names = [cell.strip() for cell in rows[0][1]]
    while names and not names[-1]:
        names.pop()
    columns = [ALIASES.get(re.sub(r"[\s-]+", "_", name.lower()), name) for name in names]
    faults = {(0, column) for column in columns if columns.count(column) > 1 or not column}
    faults |= {(0, column) for column in SCHEMA["items"]["required"] if column not in columns}
    good: list[dict[str, Any]] = []
    for line, cells in rows[1:]:
        if len(cells) < len(columns) or any(cell.strip() for cell in cells[len(columns) :]):
            faults.add((line, "all columns"))
            continue
        texts = {column: cell for column, cell in zip(columns, cells, strict=False) if column in COLUMNS}
        found = {(line, column) for column in _wrong(texts, path.parent)}
        faults |= found
        if found:
            continue
        row = {column: _value(column, cell) for column, cell in texts.items()}
        if _contradicts(row, [other for other in good if other.get("sample") == row.get("sample")]):
            faults.add((line, "sample"))
        good.append(row)
    return good, faults


def _contradicts(row: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    """Whether it says something else than the first row of its sample, or names a file again."""
    about = [{**one, "markers": ""} for one in (row, *others[:1])]
    return about[0] != about[-1] or row.get("markers") in [other.get("markers") for other in others]


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that have any text, with the line where each begins; Excel's hint of a separator is none."""
    header = next(line for line in text.splitlines() if line.strip(" ,;\t") and not line.lower().startswith("sep="))
    separator = max("\t,;", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begin = 1
    for cells in reader:
        if any(cell.strip() for cell in cells) and not cells[0].lower().startswith("sep="):
            yield begin, cells
        begin = reader.line_num + 1


def _wrong(texts: dict[str, str], folder: Path) -> set[str]:
    """The columns of a row whose cells do not fit the schema, or name no file."""
    kinds: dict[str, Callable[[str], object]] = {"integer": int, "number": float, "boolean": _boolean}
    given = {column: cell.strip() for column, cell in texts.items() if cell.strip()}
    wrong: set[str] = set()
    typed: dict[str, object] = {}
    for column, cell in given.items():
        try:
            typed[column] = kinds.get(COLUMNS[column]["type"], str)(cell)
        except ValueError:
            wrong.add(column)
        if COLUMNS[column].get("exists") and not (folder / cell).is_file():
            wrong.add(column)
    for error in jsonschema.Draft202012Validator(SCHEMA["items"]).iter_errors(typed):
        lacking = [column for column in SCHEMA["items"]["required"] if column not in typed and column in texts]
        wrong |= set(lacking) if error.validator == "required" else {str(error.path[0])}
    return wrong


def _boolean(cell: str) -> bool:
    if cell.lower() not in ("true", "false"):
        raise ValueError(cell)
    return cell.lower() == "true"


def _value(column: str, cell: str) -> str | bool | None:
    """A cell as the pipeline hands it on: a person's prose as it is, other text without space around it."""
    text = cell.strip()
    if not text:
        return None
    return _boolean(text) if COLUMNS[column]["type"] == "boolean" else cell if column == "additional_info" else text
