"""The one AnnData that is meant of several: a modality of a MuData, or a table of a SpatialData."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError, did_you_mean, shown
from cassia_engine.h5ad import is_mudata, is_spatialdata
from cassia_engine.h5ad.elements import columns_of, is_frame
from cassia_engine.h5ad.kinds import is_group
from cassia_engine.h5ad.names import listed
from cassia_engine.h5ad.options import CONTAINERS, H5adOptions

# Where SpatialData keeps its tables: before 0.1 there was one, called table.
_TABLES = ("tables", "table")


def anndata_of(root: Any, place: str, options: H5adOptions) -> Any:
    """The group of the AnnData in an open file or Zarr store: its root, a modality or a table.

    Raises:
        UsageError: there are several and none is named, or there is none of the name given.
    """
    if is_group(modalities := root.get("mod")):
        name = _chosen(list(modalities), "modality", place, options)
        own, of_all = modalities[name].get("obs"), root.get("obs")
        if is_frame(own) and is_frame(of_all):
            _check_group_key(columns_of(own), columns_of(of_all), name, place, options)
        return modalities[name]
    for tables in () if "obs" in root else map(root.get, _TABLES):
        if is_group(tables):
            return tables[_chosen(list(tables), "table", place, options)]
    _refuse_names(place, options)
    return root


def object_of(value: Any, place: str, options: H5adOptions) -> Any:
    """The AnnData in memory that a value is, or has as a modality or a table.

    Raises:
        UsageError: as `anndata_of`.
    """
    if is_mudata(value):
        name = _chosen(list(value.mod), "modality", place, options)
        adata = value.mod[name]
        own, of_all = (list(map(str, frame.columns)) for frame in (adata.obs, value.obs))
        _check_group_key(own, of_all, name, place, options)
        return adata
    if is_spatialdata(value):
        return value.tables[_chosen(list(value.tables), "table", place, options)]
    _refuse_names(place, options)
    return value


def _chosen(names: Sequence[str], parameter: str, place: str, options: H5adOptions) -> str:
    """The name of a modality or table: the given one, or the only one.

    Raises:
        UsageError: there are several and none is named, or there is none of the name given; lists them.
    """
    names = sorted(names)
    _refuse_names(place, options, but=parameter)
    given: str | None = getattr(options, parameter)
    if given in names:
        return given
    if given is None and len(names) == 1:
        return names[0]
    several = {"modality": "modalities", "table": "tables"}[parameter]
    there = f"the {CONTAINERS[parameter]} has {f'the {several} {listed(names)}' if names else f'no {several}'}"
    if given is None:
        what = f"{there}; {f'name one with {argument(parameter)}' if names else 'write one into it'}"
        raise UsageError(what, path=place, code="modality-or-table-missing")
    what = f"{option(parameter, given)}: no such {parameter}{did_you_mean(given, names)}; {there}"
    raise UsageError(what, path=place, code="modality-or-table-not-found")


def _check_group_key(
    own: Sequence[str], of_all: Sequence[str], modality: str, place: str, options: H5adOptions
) -> None:
    """See that the column of groups is in the modality's own obs, where it is in that of the whole MuData.

    Raises:
        UsageError: it is not; says how to bring it there.
    """
    key = options.group_key
    if key is None or key in own:
        return
    inner = key.removeprefix(f"{modality}:")
    if inner in own:
        what = f"the modality itself calls this column {shown(inner)}: give {option('group_key', inner)}"
    elif key in of_all:
        what = (
            f"obs of the whole MuData has this column, and obs of {modality} has not; copy it there "
            f"(mdata[{modality!r}].obs[{key!r}] = mdata.obs[{key!r}]) and write the file again"
        )
    else:
        return
    raise UsageError(f"{option('group_key', key)}: {what}", path=place, code="group-key-of-all-modalities")


def _refuse_names(place: str, options: H5adOptions, but: str = "") -> None:
    """Refuse the name of a modality or table where there are none.

    Raises:
        UsageError: one was given.
    """
    for name, container in CONTAINERS.items():
        if name != but and (value := getattr(options, name)) is not None:
            what = f"{option(name, value)} is for a {container}, and this is none; leave it out"
            raise UsageError(what, path=place, code="option-only-for-container")
