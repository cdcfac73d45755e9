"""The database that reads tables, within a program of others."""

from __future__ import annotations

import subprocess
import sys

CODE = """
from cassia_engine.markers.files.database import connected
with connected() as db:
    print(*db.execute("SELECT current_setting('enable_progress_bar')").fetchone())
"""


def test_no_bar_is_drawn_below_ours() -> None:
    """DuckDB draws one where code is typed or given as text."""
    assert subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout == "False\n"
