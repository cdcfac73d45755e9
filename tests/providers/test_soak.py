"""5,000 calls with 5% mixed faults; benchmarks/soak.py makes 100,000."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.soak import FAULTS, ODDS, resident, soak
from tests.mock_provider.running import running_mock

CALLS = 5000
MOST_GROWTH = 30.0  # MB; what is kept for the run, such as one key for each answer, is far below


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc, which is not there")
def test_a_soak_loses_nothing_asks_nothing_twice_and_keeps_its_memory(tmp_path: Path) -> None:
    with running_mock(faults=FAULTS, seed=7) as mock:
        before = resident()
        found = asyncio.run(soak(mock, tmp_path, CALLS))
    assert found.lost == []
    assert found.replayed == CALLS
    assert (found.stats["completed"], found.stats["repeats"], found.stats["unanswered"]) == (CALLS, 0, 0)
    assert 0.03 * CALLS < sum(found.stats["by_fault"].values()) < 0.08 * CALLS
    assert set(found.stats["by_fault"]) == set(ODDS)
    early = next(mb for answered, mb in found.memory if answered >= CALLS / 5)
    assert found.memory[-1][1] - early < MOST_GROWTH
    assert max(mb for _, mb in found.memory) - before < 3 * MOST_GROWTH
