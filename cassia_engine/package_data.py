"""The tables that the package brings along, in `data/`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files


def rows(name: str) -> Iterator[list[str]]:
    """The rows of a tab-separated table as fields, without its comments (#) and its header."""
    text = (files("cassia_engine") / "data" / name).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    next(lines)
    return (line.split("\t") for line in lines)
