"""What is on disk of a job."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassia_engine.cytetype.job_file import read_state
from cassia_engine.cytetype.ranges import Ranges, are_within, count, indexes, missing, with_index
from tests.raising import raises

FILE = {
    "name": "vars.h5",
    "size": 100,
    "mtime_ns": 1,
    "upload_id": "u",
    "chunk_size": 10,
    "acknowledged": [[0, 1], [3, 9]],
}


@given(st.lists(st.integers(0, 40)))
def test_runs_of_numbers_hold_what_was_put(numbers: list[int]) -> None:
    ranges: Ranges = ()
    for number in numbers:
        ranges = with_index(ranges, number)
    assert list(indexes(ranges)) == sorted(set(numbers))
    assert count(ranges) == len(set(numbers))
    assert list(missing(ranges, 41)) == sorted(set(range(41)) - set(numbers))
    assert are_within(ranges, 41)
    assert are_within(ranges, 20) == (max(numbers, default=0) < 20)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(ranges))


def written(folder: Path, file: dict[str, Any], **job: Any) -> Path:
    state = {"schema_version": "1", "api_url": "https://example.org", "input_sha256": "0", **job}
    path = folder / "pbmc_job.json"
    path.write_text(json.dumps({**state, "files": {"vars_h5": {**FILE, **file}}}))
    return path


@pytest.mark.parametrize(
    "file",
    [
        {"acknowledged": [[0, 99999999999]]},
        {"acknowledged": [[0, 10]]},
        {"acknowledged": [[-1, 2]]},
        {"acknowledged": [[3, 2]]},
        {"acknowledged": [[0, 4], [4, 5]]},
        {"size": 10**18, "chunk_size": 1, "acknowledged": [[0, 10**17]]},
        {"size": -1, "acknowledged": []},
        {"chunk_size": 0},
        {"chunk_size": -10, "acknowledged": []},
        {"upload_id": "../x"},
        {"upload_id": ""},
        {"presigned": True},
        {"presigned": True, "acknowledged": [[0, 10**9]], "size": 10**10 + 10},
        {"presigned": True, "acknowledged": [[0, 0]], "etags": {"1": "e"}},
    ],
)
def test_a_damaged_upload_is_said(file: dict[str, Any], tmp_path: Path) -> None:
    path = written(tmp_path, file)
    with raises("job-file-unreadable", "move it away", path=path):
        read_state(path)


@pytest.mark.parametrize("phase", ["submitted", "completed", "failed", "submitting", "uploading"])
@pytest.mark.parametrize("job_id", ["", "../../x", "a b"])
def test_a_damaged_job_is_said(phase: str, job_id: str, tmp_path: Path) -> None:
    path = written(tmp_path, {}, phase=phase, job_id=job_id)
    if not job_id and phase in ("submitting", "uploading"):
        assert read_state(path) is not None
        return
    with raises("job-file-unreadable", "move it away", path=path):
        read_state(path)


def test_damage_of_the_job_before_is_said(tmp_path: Path) -> None:
    before = {"schema_version": "1", "api_url": "https://example.org", "input_sha256": "0", "phase": "completed"}
    with raises("job-file-unreadable", path=tmp_path / "pbmc_job.json"):
        read_state(written(tmp_path, {}, before=before))
    assert read_state(written(tmp_path, {}, before={**before, "job_id": "j"})) is not None


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with raises("job-file-unreadable", path=tmp_path):
        read_state(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with raises("job-file-unreadable", path="pipe"):
        read_state(tmp_path / "pipe")
    assert read_state(tmp_path / "none") is None
    whole = {"presigned": True, "acknowledged": [[0, 0], [9, 9]], "etags": {"0": "a", "9": "b"}}
    assert read_state(written(tmp_path, whole, phase="submitted", job_id="j-1")) is not None
