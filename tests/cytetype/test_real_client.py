"""The CyteType client itself, and ours by the same script with another import, at the server of these tests."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EXAMPLES
from tests.cytetype.client import need_client
from tests.cytetype_server.running import Running, running_server

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("real_client.py")
TOKEN = "cyt_p_of_a_test"
CLUSTERS = [str(number) for number in range(11)]
# What ours has otherwise, by its place: docs/cytetype.md says why.
VERSION = {"/query/clientInfo/clientVersion", "/request/clientInfo/clientVersion"}
NOTICE = {"/details/notice"}


def run(env: str, module: str, server: Running, folder: Path) -> dict[str, Any]:
    """What a run stored, and what the server was asked, without the number of the job."""
    folder.mkdir()
    command = [need_client(env), SCRIPT, EXAMPLES / "pbmc68k.h5ad", server.url, TOKEN, "found.json", module]
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads((folder / "found.json").read_text())
    assert found["details"]["job_id"] == found["job_id"]
    [request] = [job["request"] for job in server.seen()["jobs"] if job["id"] == found["job_id"]]
    text = json.dumps(found | {"request": request["input_data"]})
    cleaned: dict[str, Any] = json.loads(text.replace(found["job_id"], "JOB"))
    return cleaned


def check_whole(found: dict[str, Any]) -> None:
    assert list(found["request"]["markerGenes"]) == CLUSTERS
    assert [one["clusterId"] for one in found["annotations"]] == CLUSTERS
    assert "B cell" in found["obs"]["cytetype_annotation_louvain"]


def differences(ours: Any, theirs: Any, place: str = "") -> set[str]:
    """The places where two values differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        names = {*ours, *theirs}
        both = [differences(ours[name], theirs[name], f"{place}/{name}") for name in names & {*ours} & {*theirs}]
        return set().union(*both) | {f"{place}/{name}" for name in {*ours} ^ {*theirs}}
    return set() if ours == theirs else {place}


@pytest.mark.parametrize("presigned", [False, True], ids=["chunks", "presigned"])
def test_the_client_completes_a_run_and_ours_asks_and_stores_the_same(presigned: bool, tmp_path: Path) -> None:
    lost = {"call": "part" if presigned else "chunk", "fault": "status:503", "kind": "vars_h5", "index": 1}
    options = {"presigned": presigned, "form": "full" if presigned else "legacy", "polls": 2, "not_found": 1}
    with running_server(tmp_path / "state", token=TOKEN, rules=[lost], **options) as server:
        theirs = run("cytetype", "cytetype", server, tmp_path / "theirs")
        for kind, name in {"vars_h5": "vars.h5", "obs_duckdb": "obs.duckdb"}.items():
            assert server.content(kind) == (tmp_path / "theirs" / name).read_bytes()
        ours = run("cytetype", "cassia_engine", server, tmp_path / "ours")
    check_whole(theirs)
    assert all(one["justification"] and one["supportingMarkers"] for one in theirs["annotations"])
    assert set(theirs["obs"]["cytetype_reviewerConfidence_louvain"]) <= {"High", "Low"}
    assert differences(ours, theirs) == VERSION | NOTICE


def test_of_an_earlier_release_ours_differs_in_what_is_new(tmp_path: Path) -> None:
    with running_server(tmp_path / "state", token=TOKEN, form="legacy") as server:
        theirs = run("cytetype-0.19", "cytetype", server, tmp_path / "theirs")
        ours = run("cytetype", "cassia_engine", server, tmp_path / "ours")
    check_whole(theirs)
    found = differences(ours, theirs)
    # 0.19 neither fills the older fields nor stores the reviewer's confidence.
    added = {place for place in found if "reviewerConfidence" in place}
    assert {"/obs/cytetype_reviewerConfidence_louvain", "/cells/cytetype_reviewerConfidence_louvain"} <= added
    assert found - added - VERSION - NOTICE <= {"/annotations", "/result/annotations", "/stored/annotations"}
