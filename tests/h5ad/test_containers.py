"""One AnnData of several: modalities of a MuData, tables of a SpatialData, in files and in memory."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import pandas as pd
import pytest

from cassia_engine.errors import UsageError
from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.settings import SplitSettings
from tests.h5ad.files import Small
from tests.h5ad.test_ranked_genes import anndata_like
from tests.h5ad.test_real_files import FILES, LOOSE

MUDATA = FILES / "mudata_0.4.1.h5mu"


def read(given: Any, /, **options: Any) -> MarkerTable:
    return read_markers(given, SplitSettings(**{**LOOSE, **options}), "human")


def expected() -> MarkerTable:
    return read(FILES / "anndata_0.10.9.h5ad")


def with_one_modality(path: Path) -> Path:
    with h5py.File(shutil.copy(MUDATA, path), "r+") as file:
        del file["mod/adt"]
    return path


def test_modality_is_read_as_its_own_file() -> None:
    assert read(MUDATA, modality="rna") == expected()


def test_only_modality_needs_no_name(tmp_path: Path) -> None:
    assert read(with_one_modality(tmp_path / "one.h5mu")) == expected()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "none is named": ({}, "the MuData has the modalities adt, rna; name one with modality"),
    "no such one": ({"modality": "rn"}, 'modality="rn": no such modality (did you mean rna?); the MuData has '),
    "one without ranked genes": ({"modality": "adt"}, "there are no ranked genes"),
    "a table": ({"table": "cells"}, 'table="cells" is for a SpatialData, and this is none; leave it out'),
    "clusters of all modalities": (
        {"modality": "rna", "group_key": "joint", "rank": True},
        'group_key="joint": obs of the whole MuData has this column, and obs of rna has not; copy it there '
        "(mdata['rna'].obs['joint'] = mdata.obs['joint'])",
    ),
    "clusters by their name in all modalities": (
        {"modality": "rna", "group_key": "rna:cell_type"},
        'the modality itself calls this column cell_type: give group_key="cell_type"',
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_in_one_line(what: str) -> None:
    options, message = WRONG[what]
    with pytest.raises(UsageError) as caught:
        read(MUDATA, **options)
    assert str(caught.value).startswith(f"{MUDATA}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_mudata_is_told_behind_the_block_of_its_writer() -> None:
    assert MUDATA.read_bytes()[:6] == b"MuData"


def test_mudata_without_modalities_is_said(tmp_path: Path) -> None:
    path = with_one_modality(tmp_path / "none.h5mu")
    with h5py.File(path, "r+") as file:
        del file["mod/rna"]
    with pytest.raises(UsageError, match="the MuData has no modalities"):
        read(path)


@pytest.mark.parametrize("name", ["modality", "table"])
def test_names_are_refused_for_an_anndata_and_a_table(name: str, tmp_path: Path) -> None:
    csv = tmp_path / "a.csv"
    csv.write_text("cluster,gene\nT,CD3D\nT,CD3E\n")
    for path in (FILES / "scanpy.h5ad", csv):
        with pytest.raises(UsageError, match=f'{name}="rna" is for a (MuData|SpatialData), and this is none'):
            read(path, **{name: "rna"})


def test_objects_in_memory_give_the_same() -> None:
    adata = anndata_like(Small())
    of_anndata = {name: getattr(adata, name) for name in ("var", "uns", "obsm", "X")}
    obs = pd.DataFrame({"joint": ["a"] * 8})
    mudata: Any = SimpleNamespace(mod={"rna": adata, "adt": adata}, n_mod=2, obs=obs, **of_anndata)
    spatial: Any = SimpleNamespace(tables={"cells": adata}, images={}, shapes={})
    assert read(mudata, modality="rna") == read(spatial) == read(spatial, table="cells") == read(adata)
    with pytest.raises(UsageError, match="the MuData: the MuData has the modalities adt, rna"):
        read(mudata)
    with pytest.raises(UsageError, match=r"the SpatialData: table=.*: no such table"):
        read(spatial, table="bins")
    with pytest.raises(UsageError, match="obs of the whole MuData has this column"):
        read(mudata, modality="rna", group_key="joint")
