"""Results whose conversations stay in their file say what those in memory say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from cassia_engine.records import Chunk, ClusterResult, Correction, to_json
from cassia_engine.records.results import CALL_FACTS
from cassia_engine.stagefiles import ResultFile, read_part, result_file
from cassia_engine.stagefiles.stored_results import StoredResult
from tests import factories as make
from tests import large


@pytest.fixture
def written(tmp_path: Path) -> tuple[list[ClusterResult], Path]:
    """Results with conversations of one and two rounds, and one that failed."""
    results = [*large.results(4), make.unannotated("ø", 4)]
    chunk = Chunk(make.DATASET, make.SELECTION, 0, 1, 5, tuple(result.cluster for result in results))
    with result_file(tmp_path / "r.jsonl", chunk, make.MODEL_RUN) as write:
        for result in results:
            write(result)
    return results, tmp_path / "r.jsonl"


def read(path: Path, in_memory: bool) -> tuple[ClusterResult, ...]:
    found = read_part(path, in_memory)
    assert isinstance(found, ResultFile)
    return found.results


def test_stored_results_equal_those_in_memory(written: tuple[list[ClusterResult], Path]) -> None:
    results, path = written
    stored, held = read(path, False), read(path, True)
    assert list(held) == results == list(stored)
    for one, other in zip(stored, results, strict=True):
        assert isinstance(one, StoredResult)
        assert (one.conversation, one.rounds, one.whole()) == (other.conversation, other.rounds, other)
        assert json.loads(one.conversation_json) == json.loads(json.dumps(to_json(other.conversation)))
        assert list(one.call_facts) == [
            {name: call[name] for name in CALL_FACTS if name in call} for call in other.conversation.calls
        ]
    assert stored != tuple(reversed(stored))


def test_a_corrected_stored_result_keeps_its_conversation(written: tuple[list[ClusterResult], Path]) -> None:
    results, path = written
    said = Correction("platelet", decided_by="Ada")
    corrected = replace(read(path, False)[0], correction=said)
    assert corrected == replace(results[0], correction=said)
    assert corrected.conversation.calls and corrected.rounds
