"""A foreign pipeline runs the subworkflow and a module alone, by what docs/modules.md says and nothing else."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import h5py
import pytest

import cassia_engine
from tests.conftest import EXAMPLES, ROOT
from tests.consumer.conftest import PIPELINE, blocks
from tests.mock_provider.running import running_mock
from tests.pipeline.launch import Launcher, Run

SAMPLES = {
    "pbmc": ("b1", "blood", EXAMPLES / "pbmc68k_scanpy.csv", 11),
    "gut": ("b2", "large intestine", EXAMPLES / "large_intestine_processed.csv", 6),
}
CLUSTERS = sum(size for *_, size in SAMPLES.values())
CALLS = 3  # of a cluster: annotator, second annotator and strict validator
KEY = "canary-1c7e-key"
# The same calls for each cluster, whatever its answer, and no controls.
SAME_CALLS = """process {
    withName: CASSIA_SPLIT { ext.args = '--chunk_size 5 --controls 0' }
    withName: 'CASSIA_ANNOTATE|CASSIA_COLLECT' {
        ext.args = { "--provider custom --base_url '${params.url}' --model mock --journal_dir '${params.journal}' \
            --validator_involvement v0" }
    }
}
"""


def run(launcher: Launcher, consumer: Path, *arguments: str) -> Run:
    """Run the pipeline over both tables; `cassia` is found in the folder that the page names for it."""
    sheet = launcher.folder / "sheet.csv"
    rows = [f"{name},{batch},{tissue},human,{table}\n" for name, (batch, tissue, table, _) in SAMPLES.items()]
    sheet.write_text("sample,batch,tissue,species,table\n" + "".join(rows))
    options = ("--sheet", sheet, "--results", launcher.out, "--cassia_bin", ROOT / "bin")
    return launcher.run(*options, *arguments, pipeline=consumer)


def assert_counts(launcher: Launcher) -> None:
    """What stands behind cassia in the pipeline had each summary, with all that was in its meta."""
    for name, (batch, _, _, size) in SAMPLES.items():
        assert (launcher.out / f"{batch}_{name}.txt").read_text() == f"{size}\n"


@pytest.mark.slow
def test_offline(launcher: Launcher, consumer: Path) -> None:
    done = run(launcher, consumer)
    assert (done.code, "WARN" in done.said) == (0, False), done.said
    assert_counts(launcher)
    for name, (_, tissue, _, size) in SAMPLES.items():
        with (launcher.out / name / f"{name}_summary.csv").open(encoding="utf-8", newline="") as text:
            rows = list(csv.DictReader(text))
        assert {(row["Tissue"], row["Provider"]) for row in rows} == {(tissue, "offline")}
        assert len(rows) == size
    index = (launcher.out / "index.html").read_text(encoding="utf-8")
    assert all(f'href="./{name}/{name}_report.html"' in index for name in SAMPLES)
    # Five clusters a chunk, by ext.args.
    assert done.said.count("CASSIA:ANNOTATE (pbmc") == 3
    versions = (launcher.out / "versions.yml").read_text()
    assert versions.count(f"    cassia: {cassia_engine.__version__}\n") == 5


@pytest.mark.slow
@pytest.mark.parametrize(("left_out", "still_there"), [("INDEX", "CHECK"), ("CHECK", "INDEX")])
def test_stubs_prefix_and_when(launcher: Launcher, consumer: Path, left_out: str, still_there: str) -> None:
    own = launcher.folder / "own.config"
    prefix = 'withName: CASSIA_COLLECT { ext.prefix = { "${meta.batch}_types" } }'
    own.write_text(f"process {{ {prefix}\n withName: 'CASSIA:{left_out}' {{ ext.when = false }} }}\n")
    done = run(launcher, consumer, "-stub-run", "-c", str(own))
    ran = [f"CASSIA:{stage}" in done.said for stage in (left_out, still_there)]
    assert (done.code, ran) == (0, [False, True]), done.said
    for batch, *_ in SAMPLES.values():
        kinds = ("conversations.json", "full.csv", "mqc.json", "outcomes_mqc.json", "report.html", "summary.csv")
        found = sorted(path.name for path in (launcher.out / f"{batch}_types").iterdir())
        assert found == [f"{batch}_types_{kind}" for kind in kinds]


@pytest.mark.slow
def test_language_model_with_a_secret(launcher: Launcher, consumer: Path, tmp_path: Path) -> None:
    """A refused key, then the right one, then everything from the journal."""
    (tmp_path / "mock").mkdir()
    same = launcher.folder / "same.config"
    same.write_text(SAME_CALLS)
    with running_mock(tmp_path / "mock", require_key=KEY) as mock:
        options = ("-profile", "model", "-c", str(same), "--url", f"{mock.url}/v1")
        launcher.keep_secret("CUSTOM_API_KEY", "wrong")
        refused = run(launcher, consumer, *options)
        assert refused.code != 0
        assert f"{CLUSTERS} of {CLUSTERS} clusters have no annotation" in refused.said
        assert list((launcher.folder / "journal").glob("STOP-*"))
        before = mock.stats()["calls"]

        launcher.keep_secret("CUSTOM_API_KEY", KEY)
        done = run(launcher, consumer, *options)
        assert done.code == 0, done.said
        assert_counts(launcher)
        assert mock.stats()["calls"] - before == CALLS * CLUSTERS

        again = run(launcher, consumer, *options)
        assert again.code == 0, again.said
        assert mock.stats()["calls"] - before == CALLS * CLUSTERS
    left = [path for path in launcher.folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert left == []


@pytest.mark.slow
def test_a_module_alone(launcher: Launcher, consumer: Path) -> None:
    options = ("--table", SAMPLES["pbmc"][2], "--cassia_bin", ROOT / "bin")
    done = launcher.run(*options, pipeline=consumer / "one_module.nf")
    assert done.code == 0, done.said
    assert "pbmc: 3 chunk files" in done.said


@pytest.mark.slow
def test_one_task_per_anndata(launcher: Launcher, consumer: Path) -> None:
    """As nf-core/scdownstream's CYTETYPE: a copy with four columns, a table of them, and a row on each."""
    h5ad = ROOT / "tests" / "data" / "anndata" / "scanpy.h5ad"
    keys = ("--group_key", "cell_type", "--rank_key", "t_test", "--study_context", 'a study\'s cells, of "blood"')
    options = ("--h5ad", h5ad, *keys, "--results", launcher.out, "--cassia_bin", ROOT / "bin")
    done = launcher.run("-profile", "celltypes", *options, pipeline=consumer / "celltypes.nf")
    assert done.code == 0, done.said
    base = "annotation:cassia:scvi:0.5"
    ends = ("cell_type", "ontology_term", "ontology_term_id", "cell_state")
    said = done.said.splitlines()
    assert "obs: leiden:wilcoxon.parquet" in said
    assert [line for line in said if line.startswith(base)] == [
        f"{base}:{end} {str(end == 'cell_type').lower()}" for end in ends
    ]
    table = duckdb.read_parquet(str(launcher.out / "leiden:wilcoxon.parquet")).df()
    assert list(table) == ["cell", *(f"{base}:{end}" for end in ends)]
    with h5py.File(h5ad) as before, h5py.File(launcher.out / "leiden:wilcoxon.h5ad") as after:
        assert list(table["cell"]) == list(before["obs/cell/values"].asstr())
        assert after["obs"].keys() - before["obs"].keys() == {f"{base}:{end}" for end in ends}
    report = (launcher.out / "leiden:wilcoxon_report.html").read_text(encoding="utf-8")
    assert "No language model was asked." in report


@pytest.mark.slow
def test_one_task_needs_a_species(launcher: Launcher, consumer: Path) -> None:
    h5ad = ROOT / "tests" / "data" / "anndata" / "scanpy.h5ad"
    keys = ("--h5ad", h5ad, "--group_key", "cell_type", "--rank_key", "t_test", "--cassia_bin", ROOT / "bin")
    done = launcher.run(*keys, pipeline=consumer / "celltypes.nf")
    assert done.code != 0
    assert "the species of leiden:wilcoxon is not known; say it by ext.args, such as" in done.said


def test_every_block_of_the_page_is_of_this_pipeline() -> None:
    texts = [path.read_text(encoding="utf-8") for path in PIPELINE.rglob("*") if path.is_file()]
    assert len(blocks("groovy")) > 8
    for block in blocks("groovy"):
        assert any(block in text for text in texts), block
