"""The same 30 clusters wherever tasks run: the same summary, and the provider's key nowhere that it was not put.

The key comes into containers by its name, from the environment of the launch; to Slurm as a secret of Nextflow, with
arrays too; and once from a file that the jobs read, while the environment of the launch has it as well. A run in
containers and one on Slurm have a second sample, an .h5ad file whose cells get their labels.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import need
from tests.executors import labelled
from tests.executors.engines import Engine, write_config
from tests.executors.slurm import QUICK, Slurm
from tests.kills.table import draw_table
from tests.mock_provider.running import Running, running_mock
from tests.pipeline.launch import Launcher

pytestmark = pytest.mark.slow

CLUSTERS = 30
CALLS = 3  # of a cluster: annotator, second annotator and strict validator
WITH_H5AD = ("podman", "slurm")
CANARY = "canary-51c7-key"
KEY = "CUSTOM_API_KEY"
ARRAYS = "process { withName: ANNOTATE { array = 3 } }\n"


@dataclass(frozen=True)
class Finished:
    """A run that has ended well."""

    folder: Path
    summary: bytes
    stats: dict[str, int]
    said: str


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_mock(tmp_path_factory.mktemp("mock"), latency=0.05, require_key=CANARY) as running:
        yield running


def run(folder: Path, mock: Running, env: dict[str, str], *options: str, with_h5ad: bool = False) -> Finished:
    """The 30 clusters in six tasks, in a launch folder of their own, and those of an .h5ad file in one more."""
    folder.mkdir(parents=True)
    pipeline = Launcher(need("nextflow"), folder)
    pipeline.env |= env
    if KEY not in env:
        pipeline.keep_secret(KEY, CANARY)
    table = draw_table(folder / "markers.csv", CLUSTERS)
    rows = [{"sample": "s", "markers": str(table), "tissue": "none", "species": "human"}]
    if with_h5ad:
        rows.append(labelled.row())
        options = (*options, "--write_h5ad")
    with (folder / "samples.csv").open("w", newline="") as out:
        sheet = csv.DictWriter(out, rows[-1])
        sheet.writeheader()
        sheet.writerows(rows)
    data = ["--input", str(folder / "samples.csv"), "--chunk_size", "5"]
    asked = ["--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", "mock", "--max_workers", "12"]
    asked += ["--controls", "0", "--validator_involvement", "v0"]  # the same number of calls for each cluster
    mock.post("/reset")
    done = pipeline.run(*data, *asked, "--outdir", str(pipeline.out), *options)
    assert done.code == 0, done.said
    return Finished(folder, (pipeline.out / "s" / "s_summary.csv").read_bytes(), mock.stats(), done.said)


@pytest.fixture(scope="module")
def local(launch_root: Path, mock: Running) -> Finished:
    return run(launch_root / "equal" / "local", mock, {KEY: CANARY})


@pytest.fixture(scope="module", params=["podman", "docker", "slurm", "slurm,podman", "slurm arrays", "slurm file"])
def elsewhere(
    request: pytest.FixtureRequest, launch_root: Path, mock: Running, tmp_path_factory: pytest.TempPathFactory
) -> Finished:
    """The same run on an executor: profiles, and perhaps a word more: in arrays, or with the key from a file."""
    own = tmp_path_factory.mktemp("own")
    profile, _, more = request.param.partition(" ")
    env: dict[str, str] = {KEY: CANARY}
    options = ["-profile", profile]
    for name in profile.split(","):
        executor: Engine | Slurm = request.getfixturevalue(name)
        env |= executor.env
        config = own / f"{name}.config"
        if isinstance(executor, Engine):
            write_config(executor, config)
        else:
            config.write_text(QUICK + {"arrays": ARRAYS, "file": key_file(own / "key"), "": ""}[more])
            if more != "file":
                del env[KEY]
        options += ["-c", str(config)]
    folder = launch_root / "equal" / request.param.replace(",", "-").replace(" ", "-")
    return run(folder, mock, env, *options, with_h5ad=request.param in WITH_H5AD)


def key_file(path: Path) -> str:
    """The configuration by which jobs take the key from a file that only its owner may read."""
    path.touch(mode=0o600)
    path.write_text(f"export {KEY}={CANARY}\n")
    return f"process {{ withLabel: cassia_network {{ beforeScript = '. {path}' }} }}\n"


def test_summary_is_that_of_a_local_run(local: Finished, elsewhere: Finished) -> None:
    assert local.summary.count(b"annotated") == CLUSTERS
    assert elsewhere.summary == local.summary
    n_more = labelled.CLUSTERS if elsewhere.folder.name in WITH_H5AD else 0
    assert elsewhere.stats["calls"] - CALLS * n_more == local.stats["calls"] == CALLS * CLUSTERS
    assert elsewhere.stats["peak_in_flight"] <= 12


def test_cells_get_their_labels(elsewhere: Finished) -> None:
    if elsewhere.folder.name in WITH_H5AD:
        labelled.assert_labelled(elsewhere.folder / "out")


def test_key_is_nowhere(request: pytest.FixtureRequest, elsewhere: Finished) -> None:
    """Neither in what the run leaves nor, where it had jobs of Slurm, in what Slurm keeps of them."""
    assert CANARY not in elsewhere.said
    folders = [elsewhere.folder]
    if "slurm" in elsewhere.folder.name:
        folders.append(request.getfixturevalue("slurm").folder)
    assert files_with(CANARY, *folders) == []


def test_why_jobs_do_not_get_the_environment_of_the_launch(slurm: Slurm, tmp_path: Path) -> None:
    """By default Slurm writes it down, and keeps it for a while; so the search above would have found it."""
    key = "canary-by-default"
    env = {**os.environ, **slurm.env, KEY: key}
    command = ["sbatch", "--hold", "--parsable", "--wrap=true", f"--output={tmp_path}/out"]
    for export, left in ((), 1), (("--export=NONE",), 0):
        job = subprocess.run([*command, *export], env=env, check=True, capture_output=True, text=True).stdout.strip()
        (kept,) = (slurm.folder / "state").glob(f"hash.*/job.{job}")
        assert len(files_with(key, kept)) == left
        slurm.ask("scancel", job)


def test_arrays_share_the_calls_too(elsewhere: Finished) -> None:
    """Four tasks at once share the twelve calls, or four arrays of three tasks."""
    scripts = [path.read_text() for path in elsewhere.folder.glob("work/*/*/.command.sh")]
    shares = {share for script in scripts for share in re.findall(r"--tasks (\d+) --max_workers (\d+)", script)}
    assert shares == {("12" if "arrays" in elsewhere.folder.name else "4", "12")}


def files_with(text: str, *folders: Path) -> list[Path]:
    """The files below them in which it stands."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path for path in files if text.encode() in path.read_bytes()]
