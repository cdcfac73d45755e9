"""The CyteType client itself completes a run against the server of these tests."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES, ROOT
from tests.cytetype_server.running import running_server

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("real_client.py")
TOKEN = "cyt_p_of_a_test"
CLUSTERS = [str(number) for number in range(11)]


@pytest.mark.parametrize("presigned", [False, True], ids=["chunks", "presigned"])
@pytest.mark.parametrize("form", ["legacy", "full"])
def test_the_client_completes_a_run(tmp_path: Path, form: str, presigned: bool) -> None:
    python = ROOT / ".tools" / "cytetype" / "bin" / "python"
    if not python.exists():
        pytest.skip("the environment cytetype is not there: scripts/test-envs makes it where Python 3.12 is")
    lost = {"call": "part" if presigned else "chunk", "fault": "status:503", "kind": "vars_h5", "index": 1}
    with running_server(
        tmp_path / "state", token=TOKEN, form=form, presigned=presigned, polls=2, not_found=1, rules=[lost]
    ) as server:
        command: list[str | Path] = [python, SCRIPT, EXAMPLES / "pbmc68k.h5ad", server.url, TOKEN, "found.json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-3000:]
        [job] = server.seen()["jobs"]
        assert list(job["request"]["input_data"]["markerGenes"]) == CLUSTERS
        for kind, name in {"vars_h5": "vars.h5", "obs_duckdb": "obs.duckdb"}.items():
            assert server.content(kind) == (tmp_path / name).read_bytes()
        assert max(server.chunk_counts().values()) == 2
    found = json.loads((tmp_path / "found.json").read_text())
    assert [one["clusterId"] for one in found["annotations"]] == CLUSTERS
    assert all(one["justification"] and one["supportingMarkers"] for one in found["annotations"])
    assert "B cell" in found["obs"]["cytetype_annotation_louvain"]
    assert set(found["obs"]["cytetype_reviewerConfidence_louvain"]) <= {"High", "Low"}
    assert found["details"]["job_id"] == job["id"]
