"""`--dry_run`: what the model would be asked and what that costs, in place of asking it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import cassia
from tests.conftest import EXAMPLES
from tests.mock_provider.running import running_mock
from tests.pipeline.launch import Launcher
from tests.pipeline.test_parameters import TABLE, assert_said

pytestmark = pytest.mark.slow

PBMC, GUT = EXAMPLES / "pbmc68k_scanpy.csv", EXAMPLES / "large_intestine_seurat.csv.gz"


def files(folder: Path) -> set[str]:
    """What is there but for what is said of every run."""
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return {name for name in found if not name.startswith("pipeline_info/")}


def test_a_dry_run_estimates_all_samples_and_asks_nothing(pipeline: Launcher) -> None:
    sheet = pipeline.folder / "sheet.csv"
    sheet.write_text(f"sample,markers,tissue,species\npbmc,{PBMC},blood,human\ngut,{GUT},large intestine,human\n")
    journal = pipeline.folder / ".cassia"
    with running_mock() as mock:
        asked = ("--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", "mock")
        about = ("--tissue", "blood", "--species", "human", "--name", "pbmc", "--outdir", "before")
        assert cassia("run", PBMC, *about, *asked, cwd=pipeline.folder).returncode == 0
        (journal / "journal" / "STOP-of-an-account").write_text("it is not for a dry run to remove")
        calls, kept = mock.stats()["calls"], files(journal)
        run = pipeline.run("--input", sheet, "--outdir", pipeline.out, "--chunk_size", "6", *asked, "--dry_run")
        assert run.code == 0, run.said
        assert (mock.stats()["calls"], files(journal)) == (calls, kept)
    assert files(pipeline.out) == {"estimate.txt", "estimate.json"}
    found = json.loads((pipeline.out / "estimate.json").read_text())
    gut, pbmc = found["samples"]
    assert (gut["sample"], pbmc["sample"]) == ("gut", "pbmc")
    # What the journal has answered costs nothing.
    assert (pbmc["calls"], pbmc["clusters"], pbmc["recorded_clusters"]) == (0, 0, 11)
    assert gut["recorded_clusters"] == 0 and found["calls"] == gut["calls"] > gut["clusters"] > 0
    # It is printed at the end, as the engine wrote it.
    assert (pipeline.out / "estimate.txt").read_text().rstrip("\n") in run.said
    assert run.said.rstrip("\n").endswith("estimate.txt and estimate.json. This was a dry run: nothing is annotated.")


def test_a_dry_run_without_anything_to_estimate_is_refused(pipeline: Launcher) -> None:
    run = pipeline.run(*TABLE, "--dry_run")
    assert run.code != 0
    line = "--dry_run: --provider offline asks no language model, so that nothing is paid for; name a provider"
    assert_said(run.said, [line])
