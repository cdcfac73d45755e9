"""What goes to a CyteType server, from an AnnData: the question, and two files with expression and metadata."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import msgspec

from cassia_engine.artifacts.compressed import Compression
from cassia_engine.artifacts.obs_duckdb import write_obs_duckdb
from cassia_engine.artifacts.vars_h5 import write_vars_h5
from cassia_engine.callers import argument
from cassia_engine.cytetype.input_data import Contents, InputData, gene_symbols, input_data
from cassia_engine.cytetype.protocol import Kind
from cassia_engine.errors import UsageError
from cassia_engine.files import atomic_path, check_writable, stem_of
from cassia_engine.h5ad.annotated import AnnotatedData, Groups
from cassia_engine.h5ad.options import H5adOptions
from cassia_engine.h5ad.ranked_genes import read_ranked_cells
from cassia_engine.h5ad.stores import open_data

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Study:
    """What a person says of the study: its context, and notes for the report's head."""

    context: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the question and the two files are written."""

    query: Path
    vars_h5: Path
    obs_duckdb: Path

    @classmethod
    def of(cls, data: Path, outdir: Path) -> Self:
        """Those of an AnnData: its name in front, so that those of two never meet."""
        return cls.named(stem_of(data), outdir)

    @classmethod
    def named(cls, name: str, outdir: Path) -> Self:
        """Those with a name in front."""
        return cls(*(outdir / f"{name}_{end}" for end in ("query.json", "vars.h5", "obs.duckdb")))

    @property
    def artifacts(self) -> Mapping[Kind, Path]:
        """The two files."""
        return {"vars_h5": self.vars_h5, "obs_duckdb": self.obs_duckdb}


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known of an AnnData before anything is written.

    Attributes:
        question: about its clusters.
        groups: the cells by cluster.
        symbols: shape (genes,), those of `var`.
        coordinates_key: the key of `obsm` whose coordinates are taken; None for none.
    """

    question: InputData
    groups: Groups
    symbols: list[str]
    coordinates_key: str | None


def write_artifacts(
    data: Path, options: H5adOptions, contents: Contents, study: Study, paths: Paths, compression: Compression
) -> None:
    """Write the question and the two files of an .h5ad file or a Zarr store; each is whole or not there.

    Raises:
        UsageError: something given cannot be used; says what, where and what to do.
        OSError: a file cannot be written.
    """
    check_writable(paths.query, paths.vars_h5, paths.obs_duckdb)
    with ExitStack() as stack:
        opened = open_data(data, str(data), options, stack)
        prepared = prepare(opened, options, contents, study)
        for kind, path in paths.artifacts.items():
            write_artifact(kind, path, opened, prepared, compression)
    write_query(paths.query, prepared.question)


def write_artifact(kind: Kind, path: Path, data: AnnotatedData, prepared: Prepared, compression: Compression) -> None:
    """Write one of the two files, whole or not at all.

    Raises:
        UsageError: the AnnData is damaged, or the compression needs a package that is not installed.
        OSError: it cannot be written.
    """
    log.info("%s: writing %s", data.place, path)
    if kind == "vars_h5":
        write_vars_h5(path, data, prepared.symbols, compression)
    else:
        write_obs_duckdb(path, data, prepared.coordinates_key)


def write_query(path: Path, question: InputData) -> None:
    """Write the question, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    with atomic_path(path) as aside:
        aside.write_bytes(msgspec.json.encode(question))


def prepare(data: AnnotatedData, options: H5adOptions, contents: Contents, study: Study) -> Prepared:
    """The question about an open AnnData, and what its files are written with.

    Raises:
        UsageError: it has no ranked genes or no clusters, or is damaged.
    """
    with data.reading():
        found = read_ranked_cells(data, replace(options, counts_only=True))
        if found.cells is None:
            what = f"the column of the clusters is unknown; give {argument('group_key')}"
            raise UsageError(what, path=data.place, code="clusters-unknown")
        question = input_data(data, found, found.cells, contents, study.context, study.tags)
        _check_texts(question, data.place)
        key = found.cells.coordinates.key if found.cells.coordinates else None
        return Prepared(question, found.cells.groups, gene_symbols(data.genes(raw=False), found.symbols), key)


def _check_texts(question: InputData, place: str) -> None:
    """Make sure that files can hold what the AnnData says.

    Raises:
        UsageError: they cannot.
    """
    try:
        msgspec.json.encode(question)
    except UnicodeEncodeError as error:
        what = f"{str(error.object)[:60]!a} has half of a character, and no file can hold it; correct obs or var"
        raise UsageError(what, path=place, code="question-no-text") from None
