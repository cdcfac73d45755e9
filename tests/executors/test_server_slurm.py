"""A server queues jobs, Slurm runs them, and a server without Slurm serves them on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import need
from tests.executors.slurm import QUICK, Slurm
from tests.mock_provider.running import running_mock
from tests.server.pipelines import holding
from tests.server.processes import MARKERS, serving

pytestmark = pytest.mark.slow

CANARY = "canary-e83c-key"


def test_slurm_runs_a_servers_jobs_and_any_server_serves_them(slurm: Slurm, launch_root: Path, tmp_path: Path) -> None:
    """The key is the site's: a secret of Nextflow, which jobs of Slurm read."""
    secrets, site, data = tmp_path / "secrets.json", tmp_path / "site.config", launch_root / "server"
    secrets.touch(mode=0o600)
    secrets.write_text(json.dumps([{"name": "CUSTOM_API_KEY", "value": CANARY}]))
    site.write_text(QUICK)
    env = {**slurm.env, "NXF_SECRETS_FILE": str(secrets), "NXF_OFFLINE": "true"}
    how = ["--executor", "nextflow", "--nextflow", need("nextflow")]
    how += ["--nextflow_profile", "slurm", "--nextflow_config", str(site)]
    with running_mock(tmp_path, require_key=CANARY) as mock:
        asked = ["--provider", "custom", "--model", "mock", "--base_url", f"{mock.url}/v1"]
        with serving(data, *how, *asked, env=env) as server:
            job = server.submit()
            server.wait_for(job, lambda _: slurm.jobs("ANNOTATE", state="all"))
            ended, results = server.wait(job), server.results(job)
        with serving(data, *asked, env={"CUSTOM_API_KEY": CANARY}) as server:
            assert server.wait(job) == ended
            assert server.results(job) == results
            again = server.submit()
            assert server.wait(again) == ended
            assert server.results(again) == results
    assert ended == {"jobStatus": "completed", "clusterStatus": dict.fromkeys(MARKERS, "completed")}
    assert slurm.node_of("nf-CASSIA_COLLECT_(job)").startswith("n")
    assert holding(CANARY, data, slurm.folder) == []
