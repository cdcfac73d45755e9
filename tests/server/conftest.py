"""What tests of the server share."""

from __future__ import annotations

from collections.abc import Iterator

import _duckdb
import duckdb
import pytest


@pytest.fixture(scope="module")
def own_databases() -> Iterator[None]:
    """DuckDB as it is: a database of its own for each connection, whose settings hold for that one alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb, "connect", _duckdb.connect)
        yield
