"""Ranked genes stay arrays: what is made of them, and what is said, is the same as of their text."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cassia_engine.errors import CassiaError
from cassia_engine.markers import read_markers
from cassia_engine.markers.files import input_kinds
from cassia_engine.markers.files.arrays import Arrays
from cassia_engine.markers.files.source import Source, open_source
from cassia_engine.settings import SplitSettings
from tests.h5ad.test_real_files import FILES, LOOSE

OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"min_log2fc": 0.1, "min_pct": 0.0},
    {"max_p_val_adj": 1.0, "ranking_method": "Score"},
    {"ranking_method": "p_val_adj"},
    {"ranking_method": "pct_diff"},
    {"n_genes": 2, "gene_filter": "none"},
    {"marker_format": "generic", "cluster_column": "group", "gene_column": "names"},
    {"score_column": "pvals", "ascending": True},
    {"log2fc_column": "scores"},
    {"gene_column": "group", "cluster_column": "names"},
)
GENES = st.one_of(
    st.sampled_from(
        ["CD3D", "CD3E", "MS4A1", "MT-CO1", "RPL3", "HBB", "hsa-CD3D", "CD3D-1", "CD3D.1", "ENSG00000167286"]
    ),
    st.sampled_from(
        ["NA", "NaN", "nan", "", "None", "'", "'-1", "-1", "=CD3D", " CD3D", "CD3D ", "a,b", 'a"b', "a\nb"]
    ),
    st.sampled_from(
        ["EPCAM low", "EPCAM-", "no gene at all is here", "#REF!", "Total", "Note: CD3D", "group", "names"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)
GROUPS = st.one_of(
    st.sampled_from(
        ["0", "1", "007", "1.0", "T", "B/NK", "a,b", 'a"b', "group", "Total", "Note: one", "'-1", "-1", "=1"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=5),
)
SINGLE = st.floats(width=32) | st.sampled_from([0.0, 0.1, 0.25, 1.0, -1.0, 2.5, 1e-30])
DOUBLE = st.floats() | st.sampled_from([0.0, 0.05, 1e-300, 0.01, 1.0])
SHARE = st.floats(0, 1) | st.sampled_from([0.1, 1.0, float("nan")])
STATISTICS = ("scores", "logfoldchanges", "pvals", "pvals_adj")


@st.composite
def ranked(draw: st.DrawFn) -> dict[str, Any]:
    """A result in `uns`, as Scanpy and others have it."""
    groups = draw(st.lists(GROUPS, min_size=1, max_size=4, unique=True))
    genes = draw(st.lists(GENES, min_size=1, max_size=12))
    n_rows = draw(st.integers(1, 14))
    names = {group: draw(st.lists(st.sampled_from(genes), min_size=n_rows, max_size=n_rows)) for group in groups}
    found: dict[str, Any] = {"names": records(names, object), "params": draw(st.sampled_from(PARAMETERS))}
    for name in draw(st.sets(st.sampled_from(STATISTICS), min_size=1).map(sorted)):
        of = SINGLE if name in STATISTICS[:2] else DOUBLE
        values = {group: draw(st.lists(of, min_size=n_rows, max_size=n_rows)) for group in groups}
        found[name] = records(values, np.float32 if name in STATISTICS[:2] else np.float64)
    index = list(dict.fromkeys(genes))[draw(st.integers(0, 1)) :]
    for name in ("pts", "pts_rest") if draw(st.booleans()) else ():
        shares = {group: draw(st.lists(SHARE, min_size=len(index), max_size=len(index))) for group in groups}
        found[name] = pd.DataFrame(shares, index=pd.Index(index, dtype=object), dtype=np.float64)
    return found


PARAMETERS: tuple[dict[str, str], ...] = (
    {},
    {"method": "wilcoxon", "reference": "rest"},
    {"method": "logreg"},
    {"method": "COSG"},
)


def records(fields: Mapping[str, Sequence[Any]], dtype: Any) -> Any:
    arrays = [np.array(values, dtype) for values in fields.values()]
    found = np.empty(len(arrays[0]), [(name, dtype) for name in fields])
    for name, values in zip(fields, arrays, strict=True):
        found[name] = values
    return found


def in_memory(found: dict[str, Any]) -> Any:
    frame = pd.DataFrame(index=pd.Index([], dtype=object))
    return SimpleNamespace(obs=frame, var=frame, uns={"test": found}, obsm={}, layers={}, X=None, raw=None)


def as_text(arrays: Arrays, place: str, _: Path) -> Source:
    return open_source(arrays.as_text(), place, in_rows=True)


@pytest.fixture(scope="module")
def result_of() -> Callable[..., tuple[Any, list[str]]]:
    """What comes of markers, a table or an error, and what is said."""

    def result(markers: Any, text: bool, **options: Any) -> tuple[Any, list[str]]:
        said: list[str] = []
        handler, log = logging.Handler(), logging.getLogger("cassia_engine")
        handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
        level = log.level
        with pytest.MonkeyPatch.context() as patch:
            if text:
                patch.setattr(input_kinds, "_open_arrays", as_text)
            log.addHandler(handler)
            log.setLevel(logging.INFO)
            try:
                chosen = SplitSettings(**{"allow_unknown_genes": True, **options})
                return read_markers(markers, chosen, "human"), said
            except CassiaError as error:
                return f"{type(error).__name__}: {error}", said
            finally:
                log.removeHandler(handler)
                log.setLevel(level)

    return result


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=60, deadline=None)
@given(ranked(), st.sampled_from(OPTIONS))
def test_wild_results_give_the_same_as_their_text(
    result_of: Callable[..., Any], found: dict[str, Any], options: dict[str, Any]
) -> None:
    of_arrays, of_text = (result_of(in_memory(found), text, rank_key="test", **options) for text in (False, True))
    assert of_arrays == of_text


KEYS = ("wilcoxon_pts", "wilcoxon_ties", "t_test", "logreg", "reference", "subset_reference", "rankby_abs", "n_genes")


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("key", KEYS)
def test_results_of_scanpy_give_the_same_as_their_text(
    result_of: Callable[..., Any], key: str, options: dict[str, Any]
) -> None:
    chosen = {"rank_key": key, **LOOSE, **options}
    of_arrays, of_text = (result_of(FILES / "scanpy.h5ad", text, **chosen) for text in (False, True))
    assert of_arrays == of_text


@pytest.mark.parametrize("key", KEYS)
def test_no_text_is_written_of_a_result_of_scanpy(
    result_of: Callable[..., Any], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Arrays] = []
    monkeypatch.setattr(Arrays, "as_text", written.append)
    found, _ = result_of(FILES / "scanpy.h5ad", False, rank_key=key, **LOOSE)
    assert found.clusters
    assert not written
