"""Annotation on this machine in place of a CyteType server: by marker scoring, or a model that the caller names."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from cassia_engine.cytetype.input_data import Contents
from cassia_engine.errors import UsageError
from cassia_engine.h5ad.options import H5adOptions
from cassia_engine.knowledge.species import species_in
from cassia_engine.knowledge.tissues import TissueTable
from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.records import OFFLINE, Dataset, Merged
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.stages.run import run_table

log = logging.getLogger(__name__)


def dataset_of(name: str, context: str, symbols: Sequence[str]) -> Dataset:
    """A data set by what is said of the study: species and tissue are taken from that.

    Args:
        name: what its outputs start with.
        symbols: gene symbols, which tell human from mouse where the context does not.

    Raises:
        UsageError: the name is none for files.
    """
    species = species_in(context) or _species_of_genes(symbols)
    tissue = ", ".join(sorted(TissueTable.load().read(context).named)) or "none"
    log.info("species: %s, tissue: %s, as far as the study context and the genes tell", species, tissue)
    return Dataset(name, tissue, species, context).checked()


def split_settings(options: H5adOptions, contents: Contents, here: bool) -> SplitSettings:
    """How markers are chosen as CyteType does: the first of each cluster, by the test's scores, without thresholds.

    Args:
        here: they are for this machine, where technical genes are set aside; a server is sent all.
    """
    return SplitSettings(
        n_genes=contents.n_top_genes,
        ranking_method="Score",
        max_p_val_adj=1.0,
        min_log2fc=0.0,
        min_pct=0.0,
        gene_filter="technical" if here else "none",
        allow_unknown_genes=True,
        group_key=options.group_key,
        rank_key=options.rank_key,
        rank=options.rank,
        gene_symbols_column=options.gene_symbols_column,
        coordinates_key=options.coordinates_key,
        label_na=options.label_na,
        modality=options.modality,
        table=options.table,
        controls=0,  # the class has no option by which they could be left out
    )


def markers_of(data: Any, chosen: SplitSettings, species: str) -> MarkerTable:
    """The clusters of an AnnData with their markers.

    Args:
        data: an AnnData object, or a list with the path of its file.

    Raises:
        UsageError: they cannot be read.
    """
    with _scores_needed():
        return read_markers(data, chosen, species)


@contextmanager
def _scores_needed() -> Iterator[None]:
    """Ranked genes without scores are said so: nobody who calls this has named a ranking.

    Raises:
        UsageError: of what is within.
    """
    try:
        yield
    except UsageError as error:
        if error.code != "ranking-column-missing":
            raise
        what = "the ranked genes have no scores, by which markers are chosen; rank again by scanpy.tl.rank_genes_groups"
        raise UsageError(what, path=error.path, code="cytetype-no-scores") from None


def annotate_here(
    adata: Any, dataset: Dataset, chosen: SplitSettings, who: AnnotateSettings, show_progress: bool
) -> Merged:
    """The clusters of an AnnData, annotated on this machine.

    Raises:
        UsageError, AccountError, TemporaryError: something given cannot be used, or the model's provider refuses.
    """
    if who.provider == OFFLINE:
        dataset = replace(dataset, additional_info="")  # marker scoring takes species and tissue from it, no more
    with _scores_needed():
        merged, ended = run_table(adata, dataset, chosen, who, show_progress)
    if ended:
        raise ended
    return merged


def _species_of_genes(symbols: Sequence[str]) -> str:
    """Mouse where most symbols are written like Cd3d, else human, as CD3D."""
    capital = sum(bool(re.fullmatch(r"[A-Z0-9][A-Z0-9.-]*", name)) for name in symbols)
    mouse = sum(bool(re.fullmatch(r"[A-Z][a-z0-9.-]*[a-z][a-z0-9.-]*", name)) for name in symbols)
    return "mouse" if mouse > capital else "human"
