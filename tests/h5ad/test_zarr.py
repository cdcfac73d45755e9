"""AnnData, MuData and SpatialData in Zarr stores of format 2 and 3, as folders and as zip files."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.errors import UsageError
from tests.conftest import need
from tests.h5ad.test_real_files import FILES, read

STORES = ("anndata_0.11.4_zarr2.zarr.zip", "anndata_0.13.4_zarr3.zarr.zip")
SPATIAL_ROOTS = {
    "anndata_0.11.4_zarr2.zarr.zip": (".zgroup", '{"zarr_format": 2}'),
    "anndata_0.13.4_zarr3.zarr.zip": ("zarr.json", '{"zarr_format": 3, "node_type": "group", "attributes": {}}'),
}


@pytest.fixture(scope="module", autouse=True)
def zarr() -> None:
    need("zarr")


def expected() -> Any:
    return read(FILES / "anndata_0.10.9.h5ad")


def unpacked(name: str, folder: Path) -> Path:
    shutil.unpack_archive(FILES / name, folder)
    return folder


@pytest.mark.parametrize("name", STORES)
def test_stores_give_the_clusters_of_the_file(name: str, tmp_path: Path) -> None:
    assert read(FILES / name) == expected()
    assert read(unpacked(name, tmp_path / "a.zarr")) == expected()


@pytest.mark.parametrize("name", STORES)
def test_matrix_of_a_store_is_read_as_that_of_the_file(name: str) -> None:
    """One is dense, the other one CSR in shards."""
    options = {"rank": True, "group_key": "cell_type"}
    assert read(FILES / name, **options) == read(FILES / "anndata_0.10.9.h5ad", **options)


def test_folder_that_was_packed_whole_is_found_within(tmp_path: Path) -> None:
    store = unpacked(STORES[1], tmp_path / "data" / "a.zarr")
    packed = shutil.make_archive(str(tmp_path / "a.zarr"), "zip", store.parent, store.name)
    assert read(Path(packed)) == expected()


def test_modality_of_a_store_is_read() -> None:
    assert read(FILES / "mudata_0.4.1.zarr.zip", modality="rna") == expected()


@pytest.mark.parametrize("name", STORES)
@pytest.mark.parametrize("tables", ["tables", "table"])
def test_table_of_a_spatialdata_is_read(tables: str, name: str, tmp_path: Path) -> None:
    """The layout that spatialdata 0.8.0 writes (compared by hand); `table` is that before 0.1."""
    store = tmp_path / "a.zarr"
    cells = unpacked(name, store / tables / "cells")
    root, content = SPATIAL_ROOTS[name]
    for folder in (store, cells.parent):
        (folder / root).write_text(content)
    assert read(store) == read(store, table="cells") == read(cells) == expected()
    shutil.copytree(cells, cells.parent / "bins")
    with pytest.raises(UsageError, match="the SpatialData has the tables bins, cells; name one with table"):
        read(store)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", STORES)
def test_names_that_differ_in_letter_case_only_are_told_apart(name: str, packed: bool, tmp_path: Path) -> None:
    """Also where the metadata of all elements is in one file, which zarr 3.1 misreads then."""
    import zarr

    from cassia_engine.h5ad.zarr_records import register

    register()  # what newer versions write
    path = unpacked(name, tmp_path / "a.zarr")
    shutil.copytree(path / "obs" / "cell_type", path / "obs" / "Cell_type")
    obs = zarr.open_group(path / "obs", mode="r+", use_consolidated=False)
    obs.attrs["column-order"] = [*obs.attrs["column-order"], "Cell_type"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # format 3 does not specify it yet
        zarr.consolidate_metadata(path)
    store = Path(shutil.make_archive(str(path), "zip", path)) if packed else path
    assert read(store).clusters[0].cells == expected().clusters[0].cells


def test_store_without_an_anndata_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / ".zgroup").write_text('{"zarr_format": 2}')
    with pytest.raises(UsageError, match="this is no AnnData: it has no obs and var"):
        read(tmp_path / "a.zarr")


@pytest.mark.parametrize("damage", ["metadata", "values", "zip"])
def test_damaged_store_is_refused_in_one_line(damage: str, tmp_path: Path) -> None:
    path = unpacked(STORES[1], tmp_path / "a.zarr")
    if damage == "metadata":
        (path / "zarr.json").write_text("{")
    elif damage == "values":
        (path / "uns/rank_genes_groups/names/c/0").write_bytes(b"no zstd")
    else:
        path = tmp_path / "a.zarr.zip"
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("zarr.json", "{")
    with pytest.raises(UsageError, match=r"zarr .* cannot read this store") as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_missing_zarr_is_said_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(UsageError, match=r"not installed: pip install 'cassia-engine\[zarr\]'"):
        read(FILES / STORES[0])


def test_old_zarr_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import zarr

    monkeypatch.setattr(zarr, "__version__", "2.18.7")
    with pytest.raises(UsageError, match=r"read by zarr 3, and here is 2\.18\.7"):
        read(FILES / STORES[0])


def test_zarr_is_imported_for_stores_only() -> None:
    code = f"""
import sys
from cassia_engine.markers import read_markers
from cassia_engine.settings import SplitSettings
read_markers({str(FILES / "mudata_0.4.1.h5mu")!r}, SplitSettings(modality="rna"), "human")
print("zarr" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n", done.stderr
