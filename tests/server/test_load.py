"""Several clients at once: none fails, and the server's memory stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.server_load import MAX_GROWTH, measure

pytestmark = pytest.mark.slow


def test_five_clients_at_once(tmp_path: Path) -> None:
    found = measure(tmp_path, clients=5, mb=1)
    assert found.failed == []
    assert found.calls and found.ended > found.uploaded > 0
    assert found.growth < MAX_GROWTH / 10
    assert len(list((tmp_path / "data" / "uploads").iterdir())) == 5
