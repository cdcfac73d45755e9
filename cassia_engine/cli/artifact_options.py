"""Options on what a CyteType server is sent of an AnnData, which `artifacts` and `submit` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cassia_engine.cli.options import parameter_option
from cassia_engine.settings import SplitSettings
from cassia_engine.settings.declaration import parameters

if TYPE_CHECKING:
    from cassia_engine.artifacts.compressed import Compression
    from cassia_engine.cytetype.input_data import Contents
    from cassia_engine.cytetype.preparation import Study
    from cassia_engine.h5ad.options import H5adOptions

# Those of SplitSettings that say how clusters and genes are found.
_OF_H5AD = ("group_key", "rank_key", "rank", "gene_symbols_column", "coordinates_key", "label_na", "modality", "table")
_OF_CONTENTS = ("n_top_genes", "no_metadata", "min_percentage", "max_metadata_categories", "max_cells_per_group")
NAMES = (*_OF_H5AD, "study_context", *_OF_CONTENTS, "compression")


def artifact_options(command: Any) -> Any:
    """The options of these names."""
    own = (
        click.option("--study_context", default="", help="What is known of the study, in your words."),
        click.option("--n_top_genes", type=click.IntRange(1), default=50, help="Marker genes per cluster."),
        click.option("--no_metadata", is_flag=True, help="Leave columns of obs out of query.json."),
        click.option(
            "--min_percentage",
            type=click.IntRange(0, 100),
            default=10,
            help="Values of metadata that no more percent of a cluster's cells have are left out of query.json.",
        ),
        click.option(
            "--max_metadata_categories",
            type=click.IntRange(1),
            default=500,
            help="Columns of obs with more values are left out of query.json.",
        ),
        click.option(
            "--max_cells_per_group",
            type=click.IntRange(1),
            default=1000,
            help="Cells with coordinates per cluster in query.json.",
        ),
        click.option(
            "--compression",
            type=click.Choice(["gzip", "lz4"]),
            default="gzip",
            help="Of NAME_vars.h5: every HDF5 reads gzip; lz4 is as CyteType writes it, and needs the extra lz4.",
        ),
    )
    of_h5ad = tuple(parameter_option(parameters(SplitSettings)[name]) for name in _OF_H5AD)
    for option in reversed((*of_h5ad, *own)):
        command = option(command)
    return command


def taken(options: dict[str, Any]) -> tuple[H5adOptions, Contents, Study, Compression]:
    """What these options say, taken out of those of a subcommand.

    Raises:
        UsageError: the compression needs a package that is not installed.
    """
    from cassia_engine.artifacts.compressed import Compression
    from cassia_engine.cytetype.input_data import Contents
    from cassia_engine.cytetype.preparation import Study
    from cassia_engine.h5ad.options import H5adOptions

    found = {name: options.pop(name) for name in NAMES}
    contents = Contents(
        found["n_top_genes"],
        not found["no_metadata"],
        found["min_percentage"],
        found["max_metadata_categories"],
        found["max_cells_per_group"],
    )
    h5ad = H5adOptions(**{name: found[name] for name in _OF_H5AD})
    compression = Compression(found["compression"])
    compression.compressor()  # that its package is missing is known before anything is read
    return h5ad, contents, Study(found["study_context"]), compression
