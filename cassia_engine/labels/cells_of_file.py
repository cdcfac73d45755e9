"""The labels of the cells of an .h5ad file, as columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from cassia_engine.errors import UsageError
from cassia_engine.h5ad.attributes import attribute
from cassia_engine.h5ad.elements import index_of, parameters, texts
from cassia_engine.h5ad.file_data import FileData
from cassia_engine.h5ad.kinds import is_group
from cassia_engine.h5ad.labels import Labelled
from cassia_engine.h5ad.stores import opened_h5ad
from cassia_engine.labels.cap_sets import ALGORITHM, PLACE
from cassia_engine.labels.labelling import labelled
from cassia_engine.labels.summary import LabelSet
from cassia_engine.labels.wanted import Wanted


@dataclass(frozen=True, slots=True)
class FoundLabels:
    """What is written, and the names of the cells if they were asked for, with what obs calls them."""

    labelled: Labelled
    index_name: str
    index: Sequence[str]


def labels_for(data: Path, label_set: LabelSet, wanted: Wanted, into_copy: bool, with_index: bool) -> FoundLabels:
    """The labels of the cells in a file.

    Args:
        into_copy: whether the columns come beside those that obs has.
        with_index: whether the names of the cells are wanted.

    Raises:
        UsageError: something given cannot be used; says what, where and what to do.
    """
    with opened_h5ad(_checked(data), str(data)) as file:
        obs = file["obs"]
        taken = {*obs} if into_copy else ()
        sets = _cap_sets(file) if into_copy else {}
        found = labelled(FileData(str(data), file), label_set, wanted, taken, _own(file, wanted), sets)
        return FoundLabels(found, attribute(obs, "_index"), index_of(obs) if with_index else ())


def _checked(data: Path) -> Path:
    """The path of what is an HDF5 file at least."""
    if data.is_dir():
        raise UsageError("this is a folder; labels go into an .h5ad file", path=data, code="labels-data-folder")
    with open(data, "rb"):
        pass  # what is wrong with it is the system's to say
    if not h5py.is_hdf5(data):
        what = "this is no HDF5 file; give an .h5ad file, and the summary behind it"
        raise UsageError(what, path=data, code="labels-data-not-hdf5")
    return data


def _own(file: h5py.File, wanted: Wanted) -> Collection[str]:
    """The columns that an earlier labelling has written."""
    written: Any = file.get(f"uns/{wanted.key}/columns")
    return [] if written is None else [name for name in texts(written) if name]


def _cap_sets(file: h5py.File) -> Mapping[str, str]:
    """The annotation sets that uns describes, and the algorithm of each, "" where it is not said."""
    described = file.get("/".join(("uns", *PLACE)))
    sets = described.items() if is_group(described) else ()
    return {name: str(parameters(said).get(ALGORITHM) or "") for name, said in sets if is_group(said)}
