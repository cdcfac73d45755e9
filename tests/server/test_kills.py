"""A server that is killed at 20 moments: every acknowledged chunk and job is there, and no answer is paid for twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mock_provider.running import running_mock
from tests.server.killed import DATA, KEY, N_CHUNKS, Killed
from tests.server.processes import MARKERS
from tests.server.uploading import Client, chunks

pytestmark = pytest.mark.slow

SEED = 18


def test_nothing_acknowledged_is_lost_and_polling_ends_with_results(tmp_path: Path) -> None:
    with running_mock(tmp_path, latency=0.05, require_key=KEY) as mock:
        scene = Killed(tmp_path, mock, SEED)
        for moment in (
            scene.while_it_uploads,
            scene.while_jobs_come,
            scene.while_the_model_is_asked,
            scene.while_the_report_is_written,
        ):
            for _ in range(5):
                scene.kill_at(moment)
        with scene.serving() as server:
            scene.check(server)
            client = Client(server.url)
            for index in set(range(N_CHUNKS)) - scene.chunks:
                assert client.put(scene.upload, index, chunks(DATA)[index]).status == 200
            assert client.complete(scene.upload).data["size_bytes"] == len(DATA)
            assert (scene.data / "uploads" / scene.upload).read_bytes() == DATA
            for polled in scene.polled:
                assert set(polled.result().raw["annotations"]) == set(MARKERS)
            for job in scene.jobs:
                assert server.wait(job)["jobStatus"] == "completed"
                assert set(server.results(job)["annotations"]) == set(MARKERS)
                assert server.call("GET", f"/report/{job}")[0] == 200
        assert len(scene.snapshots) == 20
        assert len(scene.jobs) >= 15
        assert scene.asked_again() == []
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
