"""The bundled real examples: what they are said to be, and that cassia annotates them."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

import cassia_engine
from cassia_engine.markers import read_markers
from cassia_engine.offline import open_annotator
from cassia_engine.records import Dataset
from cassia_engine.report.review_flags import review_flags
from cassia_engine.settings import SplitSettings
from tests.conftest import ROOT

EXAMPLES = Path(cassia_engine.__file__).parent / "data" / "examples"
PBMC = EXAMPLES / "pbmc68k_scanpy.csv"
INTESTINE = EXAMPLES / "large_intestine_seurat.csv.gz"
PROCESSED = EXAMPLES / "large_intestine_processed.csv"
SUBCLUSTERS = EXAMPLES / "subcluster_seurat.csv.gz"


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def categories(cells: h5py.File, column: str) -> list[str]:
    """The column of .obs, decoded to a label per cell."""
    group = cells["obs"][column]
    names = [name.decode() for name in group["categories"][:]]
    return [names[code] for code in group["codes"][:]]


def test_pbmc_table_has_its_louvain_clusters_with_all_genes() -> None:
    table = read_markers(PBMC)
    assert table.selection.marker_format == "scanpy"
    assert [cluster.id for cluster in table.clusters] == [str(number) for number in range(11)]
    assert {cluster.n_rows for cluster in table.clusters} == {765}
    assert all(cluster.markers for cluster in table.clusters)
    assert table.clusters[0].markers[0].pct_in is not None


def test_intestine_table_is_whole() -> None:
    table = read_markers(INTESTINE)
    assert table.selection.marker_format == "seurat"
    assert sum(cluster.n_rows for cluster in table.clusters) == 31_313
    assert [cluster.id for cluster in table.clusters] == [
        "monocyte (inaccurate annotation)",
        "plasma cell",
        "cd8-positive, alpha-beta t cell (mixed)",
        "transit amplifying cell of large intestine",
        "intestinal enteroendocrine cell",
        "intestinal crypt stem cell",
    ]


def test_processed_table_has_the_clusters_of_the_whole_one_by_their_best_genes() -> None:
    table, whole = read_markers(PROCESSED), read_markers(INTESTINE)
    assert table.selection.marker_format == "simplified"
    assert [cluster.id for cluster in table.clusters] == [cluster.id for cluster in whole.clusters]
    # Its lists have 50 genes each: nothing is there to take the places of technical ones.
    kept = [len(cluster.markers) for cluster in table.clusters]
    aside = [sum(len(some.genes) for some in cluster.set_aside) for cluster in table.clusters]
    assert [some + others for some, others in zip(kept, aside, strict=True)] == [50] * 6
    # Its maker chose by other rules; the genes are those of the same cluster all the same.
    table, whole = (read_markers(path, SplitSettings(gene_filter="none")) for path in (PROCESSED, INTESTINE))
    for short, long in zip(table.clusters, whole.clusters, strict=True):
        assert len({*short.genes} & {*long.genes}) > 25


def test_subcluster_table_is_whole() -> None:
    table = read_markers(SUBCLUSTERS)
    assert table.selection.marker_format == "seurat"
    assert [cluster.id for cluster in table.clusters] == ["0", "1", "2", "3", "4", "5"]
    assert sum(cluster.n_rows for cluster in table.clusters) == 2_023


@pytest.mark.parametrize(("table", "lines"), [(INTESTINE, 31_314), (SUBCLUSTERS, 2_024)])
def test_packed_tables_are_gzip_without_a_date(table: Path, lines: int) -> None:
    packed = table.read_bytes()
    assert packed[:4] == b"\x1f\x8b\x08\x00"  # no stored file name
    assert packed[4:8] == bytes(4)
    assert gzip.decompress(packed).count(b"\n") == lines


def test_h5ad_holds_the_cells_that_the_labels_were_counted_in() -> None:
    with h5py.File(EXAMPLES / "pbmc68k.h5ad") as cells:
        clusters, labels = categories(cells, "louvain"), categories(cells, "bulk_labels")
        assert cells["X"].attrs["encoding-type"] == "csr_matrix"
        assert list(cells["X"].attrs["shape"]) == [700, 765]
        assert cells["obsm"]["X_umap"].shape == (700, 2)
    for row in rows(EXAMPLES / "pbmc68k_labels.csv"):
        inside = [label for cluster, label in zip(clusters, labels, strict=True) if cluster == row["cluster"]]
        most = max(inside.count(label) for label in inside)
        assert len(inside) == int(row["n_cells"])
        assert inside.count(row["label"]) == most
        assert most / len(inside) == pytest.approx(float(row["fraction"]), abs=0.0005)


def test_every_pbmc_cluster_has_a_label() -> None:
    labelled = [row["cluster"] for row in rows(EXAMPLES / "pbmc68k_labels.csv")]
    assert labelled == [cluster.id for cluster in read_markers(PBMC).clusters]


def test_examples_are_small_and_carry_their_licences() -> None:
    assert sum(path.stat().st_size for path in EXAMPLES.iterdir()) < 2_500_000
    licences = (EXAMPLES / "LICENSES.md").read_text(encoding="utf-8")
    assert "Theis Lab" in licences
    assert "ElliotXie" in licences


@pytest.mark.parametrize(
    ("table", "tissue"),
    [(PBMC, "blood"), (INTESTINE, "large intestine"), (PROCESSED, "large intestine"), (SUBCLUSTERS, "large intestine")],
)
def test_cassia_annotates_every_cluster(tmp_path: Path, table: Path, tissue: str) -> None:
    context = ["--name", "example", "--tissue", tissue, "--species", "human", "--outdir", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "cassia_engine", "run", str(table), *context], check=True)
    summary = rows(tmp_path / "example_summary.csv")
    assert [row["Cluster ID"] for row in summary] == [cluster.id for cluster in read_markers(table).clusters]
    assert {row["Status"] for row in summary} == {"annotated"}
    assert {row["Provider"] for row in summary} == {"offline"}


def test_two_clusters_of_the_demonstration_need_review() -> None:
    """The samplesheet of `make demo`: the crypt stem cells have genes of dividing blood cells among their markers, and
    the monocytes are named wrongly by their authors' own account, with two types that score about the same."""
    found = []
    with (ROOT / "assets" / "samplesheet.csv").open(encoding="utf-8", newline="") as sheet:
        for row in csv.DictReader(sheet):
            settings = SplitSettings(ranking_method=row["ranking_method"] or SplitSettings().ranking_method)
            table = read_markers(ROOT / "assets" / row["markers"], settings)
            annotator = open_annotator(Dataset(row["sample"], row["tissue"], row["species"]))
            results = [annotator.annotate(cluster) for cluster in table.clusters]
            found += [(r.cluster.id, c.word, c.detail) for r in results for c in review_flags(r, "offline")]
    assert [(cluster, word) for cluster, word, _ in found] == [
        ("monocyte (inaccurate annotation)", "low confidence"),
        ("intestinal crypt stem cell", "2 conflicting genes"),
        ("intestinal crypt stem cell", "low confidence"),
    ]
    assert found[1][2] == "Against it: CDK6, MYB."
