"""The pipeline leaves a batch that takes long, and comes back to it with -resume."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.kills.table import draw_table
from tests.mock_provider.running import running_mock
from tests.pipeline.launch import Launcher

pytestmark = pytest.mark.slow

HURRIED = Path(__file__).parent / "hurried"
CLUSTERS = 9
ATTEMPTS = 4


def test_a_batch_is_left_with_75_and_fetched_by_resume(pipeline: Launcher, tmp_path: Path) -> None:
    table = draw_table(tmp_path / "table.csv", CLUSTERS)
    config = pipeline.folder / "quick.config"
    config.write_text("process { withName: ANNOTATE { ext.retry_delay_s = 0 } }\n")
    pipeline.env |= {"OPENAI_API_KEY": "test-key-0123456789", "PYTHONPATH": f"{HURRIED}:{ROOT}"}
    with running_mock() as mock:
        mock.post("/batches", [{"seconds": 3600}])
        asked = ("--provider", "openai", "--base_url", f"{mock.url}/v1", "--model", "mock", "--batch")
        about = ("--input", table, "--tissue", "none", "--species", "human", "--chunk_size", "4", "-c", config)
        arguments = (*about, *asked, "--batch_wait", "1s", "--outdir", pipeline.out)
        run = pipeline.run(*arguments)
        assert run.code != 0
        assert run.said.count("the batch batch_2 has been at work since") >= ATTEMPTS
        assert "stays without a result: cassia: error: openai: the batch batch_2 has been at work" in run.said
        assert pipeline.statuses("table") == ["not_reached"] * CLUSTERS
        # The whole sample is one chunk, whatever chunk_size says, and so one batch.
        lines = mock.stats()["batch_lines"]
        assert lines >= CLUSTERS and mock.stats()["batches"] == 1
        mock.post("/batches/finish")
        run = pipeline.run(*arguments, "-resume")
        assert run.code == 0, run.said
        stats = mock.stats()
    assert pipeline.statuses("table") == ["annotated"] * CLUSTERS
    assert (stats["calls"], stats["repeats"], stats["completed"]) == (0, 0, stats["batch_lines"])
