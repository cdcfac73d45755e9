"""The library that draws the page's table: DataTables, made by scripts/make_table_library.py."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def text() -> str:
    """DataTables 2 with jQuery in it as a script with its licence (MIT): 620 kB. Its global is `DataTable`."""
    return (files("cassia_engine.report") / "vendor" / "datatables.js").read_text(encoding="utf-8")
