"""Files that real versions of anndata and Scanpy wrote (tests/data/anndata/README.md), against Scanpy's data frames."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from msgspec import UNSET
from msgspec.structs import replace

from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.records import Cluster
from cassia_engine.settings import SplitSettings

FILES = Path(__file__).parent.parent / "data" / "anndata"
KEYS = sorted(path.stem for path in FILES.glob("*.csv"))
VERSIONS = sorted(FILES.glob("anndata_*.h5ad"))
SIZES = {"0": 25, "1": 20, "2": 20, "3": 15}
# Few cells and genes: nearly all of them are looked at.
LOOSE = {"min_log2fc": 0.0, "max_p_val_adj": 0.9, "allow_unknown_genes": True}


def read(path: Path, **options: object) -> MarkerTable:
    return read_markers(path, SplitSettings(**{**LOOSE, **options}), "human")  # type: ignore[arg-type]


def of_table(table: MarkerTable) -> MarkerTable:
    """Without cells and how genes were ranked; scores as 32-bit numbers, which pandas writes with eight digits."""
    return MarkerTable(replace(table.selection, ranking=None), tuple(map(_of_table, table.clusters)))


def _of_table(cluster: Cluster) -> Cluster:
    markers = (replace(m, log2fc=_short(m.log2fc), score=_short(m.score)) for m in cluster.markers)
    return replace(cluster, cells=UNSET, markers=tuple(replace(m, mean=None) for m in markers))


def _short(value: float | None) -> float | None:
    return None if value is None else float(np.float32(value))


@pytest.fixture(scope="module")
def no_cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of Scanpy without matrices, in which fractions could be counted that the data frame has not."""
    path = Path(shutil.copy(FILES / "scanpy.h5ad", tmp_path_factory.mktemp("no_cells")))
    with h5py.File(path, "r+") as file:
        del file["X"], file["raw/X"]
    return path


@pytest.mark.parametrize("key", KEYS)
def test_ranked_genes_are_those_of_the_data_frame(key: str, no_cells: Path) -> None:
    found = read(no_cells, rank_key=key)
    # Of one group Scanpy's data frame has no column.
    one = {"cluster_name": found.clusters[0].id} if len(found.clusters) == 1 else {}
    assert of_table(found) == of_table(read(FILES / f"{key}.csv", **one))
    assert any(cluster.markers for cluster in found.clusters)
    assert {cluster.id: cluster.n_cells for cluster in found.clusters}.items() <= SIZES.items()


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_every_version_of_anndata_gives_the_same_clusters(path: Path) -> None:
    found = read(path)
    assert of_table(found) == of_table(read(FILES / "scanpy.h5ad", rank_key="wilcoxon_pts"))
    assert found == read(VERSIONS[0])
    assert all(marker.mean is not None for cluster in found.clusters for marker in cluster.markers)


def test_versions_are_all_there() -> None:
    assert {path.stem.removeprefix("anndata_") for path in VERSIONS} >= {
        *("0.7.8", "0.8.0", "0.10.9", "0.11.4", "0.12.19", "0.13.4_pandas2", "0.13.4_pandas3")
    }


def test_symbols_of_ids_are_found() -> None:
    named = {cluster.id: cluster.genes for cluster in read(FILES / "scanpy.h5ad", rank_key="t_test").clusters}
    assert {cluster.id: cluster.genes for cluster in read(FILES / "ids.h5ad").clusters} == named


def test_result_of_cosg_is_read() -> None:
    table = read(FILES / "scanpy.h5ad", rank_key="cosg")
    assert [cluster.id for cluster in table.clusters] == list("0123")
    assert table.selection.marker_format == "scanpy_scores"
    assert all(cluster.markers for cluster in table.clusters)
