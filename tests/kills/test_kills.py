"""A run of 100 clusters that is ended at 20 calls and begun again: nothing paid for is lost or asked for twice."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.kills.killing import MANNERS
from tests.kills.scenario import CALLS, CASES, Found, play

pytestmark = pytest.mark.slow

CLUSTERS = 100
KILLS = 20
SEED = 20


@pytest.mark.parametrize("name", CASES)
def test_killed_runs_pay_for_nothing_twice_and_end_alike(tmp_path: Path, name: str) -> None:
    found = play(CASES[name], tmp_path, CLUSTERS, KILLS, SEED)
    assert [state.code for state in found.killed] == [MANNERS[state.kill.manner].code for state in found.killed]
    assert found.again == []
    assert found.lost_too_many == []
    assert found.codes[0] == found.codes[1]
    assert found.outputs[0].keys() == found.outputs[1].keys()
    assert found.outputs[0] == found.outputs[1]
    if CASES[name].mock:  # faults lead to further calls
        assert found.calls > CALLS * CLUSTERS
    else:
        assert found.calls == CALLS * CLUSTERS
    assert_bounded(found)


def assert_bounded(found: Found) -> None:
    """What was paid twice are answers that a kill kept from being read, and the kills did keep some."""
    assert 0 < found.repeats <= found.unanswered
    assert 0 < found.paid_more <= found.unanswered
    before = 0
    for earlier, later in pairwise(found.killed):
        before += earlier.unanswered
        assert later.repeats <= before + found.usual_repeats
    replies = [len(state.replies) for state in found.killed]
    assert replies[-1] > replies[0]
