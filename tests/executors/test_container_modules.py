"""A module alone in podman, in the pipeline of somebody else: the image has all that its one task needs."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import duckdb
import h5py
import pytest

from tests.conftest import ROOT, need
from tests.consumer.conftest import PIPELINE, blocks, carry_out
from tests.executors.engines import Engine, write_config
from tests.executors.labelled import CELLS, H5AD
from tests.pipeline.launch import Launcher

pytestmark = pytest.mark.slow


def test_one_task_per_anndata(launch_root: Path, podman: Engine) -> None:
    """Reading, annotating offline, report and labels: a copy and a table that can be opened, with the same columns."""
    folder = launch_root / "celltypes"
    pipeline = Path(shutil.copytree(PIPELINE, folder / "pipeline"))
    carry_out(blocks("console")[1].replace("PATH/TO/cassia", shlex.quote(str(ROOT))), pipeline)
    launched = Launcher(need("nextflow"), folder)
    launched.env |= podman.env
    config = write_config(podman, folder / "podman.config")
    config.write_text(f"{config.read_text()}podman.enabled = true\n")
    keys = ("--group_key", "cell_type", "--rank_key", "t_test", "--results", launched.out)
    options = ("-profile", "celltypes", "-c", config, "--h5ad", H5AD, *keys)
    run = launched.run(*options, pipeline=pipeline / "celltypes.nf")
    assert run.code == 0, run.said
    [script] = (path.read_text(encoding="utf-8") for path in folder.glob("work/*/*/.command.run"))
    assert "podman run -i" in script and podman.image in script

    table = duckdb.read_parquet(str(launched.out / "leiden:wilcoxon.parquet")).df()
    base = "annotation:cassia:scvi:0.5"
    columns = [f"{base}:{end}" for end in ("cell_type", "ontology_term", "ontology_term_id", "cell_state")]
    assert (len(table), list(table)) == (CELLS, ["cell", *columns])
    with h5py.File(launched.out / "leiden:wilcoxon.h5ad") as after:
        assert after["obs"].keys() >= set(columns)
    assert (launched.out / "leiden:wilcoxon_report.html").is_file()
