"""Options that several subcommands share, with the defaults of `settings`, and what is built from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import click

from cassia_engine.callers import argument
from cassia_engine.errors import UsageError
from cassia_engine.files import local, stem_of
from cassia_engine.records import Dataset
from cassia_engine.settings import (
    GENE_FILTERS,
    INVOLVEMENTS,
    MARKER_FORMATS,
    RANKING_METHODS,
    REASONING,
    AnnotateSettings,
    SplitSettings,
)

Function = TypeVar("Function", bound=Callable[..., Any])


class _FilePath(click.Path):
    """A path of this machine. What is wrong with a file is said by its reader, together with all else that is wrong."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(local(value), param, ctx)


FilePath = _FilePath(path_type=Path, readable=False)

_SPLIT = SplitSettings()
_ANNOTATE = AnnotateSettings()

_SPLIT_OPTIONS = (
    click.option(
        "--marker_format",
        type=click.Choice(MARKER_FORMATS),
        default=_SPLIT.marker_format,
        help="Format of the marker table; auto recognises it by its columns.",
    ),
    click.option("--n_genes", type=int, default=_SPLIT.n_genes, help="The most markers a cluster gets."),
    click.option("--max_p_val_adj", type=float, default=_SPLIT.max_p_val_adj, help="Adjusted p values are below this."),
    click.option("--min_log2fc", type=float, default=_SPLIT.min_log2fc, help="Log2 fold changes are above this."),
    click.option(
        "--min_pct",
        type=float,
        default=_SPLIT.min_pct,
        help="Expressed in at least this fraction of cells, in or outside the cluster.",
    ),
    click.option(
        "--ranking_method",
        type=click.Choice(RANKING_METHODS),
        default=_SPLIT.ranking_method,
        help="What orders a cluster's markers; the largest first, of p_val_adj the smallest.",
    ),
    click.option("--ascending/--descending", default=None, help="Override that direction."),
    click.option("--cluster_column", help="Name of the column of clusters, if the table has its own."),
    click.option("--gene_column", help="Name of the column of genes, if the table has its own."),
    click.option("--log2fc_column", help="Name of the column of log2 fold changes, if the table has its own."),
    click.option("--p_val_adj_column", help="Name of the column of adjusted p values, if the table has its own."),
    click.option(
        "--score_column",
        help="Name of the column of scores, above 0 (an AUC: above 0.5) where a gene is up, if the table has its own.",
    ),
    click.option(
        "--pct_in_column",
        help="Name of the column of fractions of the cluster's cells that express a gene, if the table has its own.",
    ),
    click.option(
        "--pct_out_column",
        help="Name of the column of fractions of the other cells that express a gene, if the table has its own.",
    ),
    click.option(
        "--cluster_name",
        help="Name of the cluster, for a table of one without a column of clusters.  [default: the file's name]",
    ),
    click.option(
        "--gene_map",
        type=FilePath,
        help="Table of two columns, id and symbol, for genes that are Ensembl or Entrez ids.",
    ),
    click.option(
        "--cluster_context",
        type=FilePath,
        help="Table of two columns, cluster and text: what you know of single clusters.",
    ),
    click.option(
        "--gene_filter",
        type=click.Choice(GENE_FILTERS),
        default=_SPLIT.gene_filter,
        help="technical: genes that tell little of a cell type (ribosomal, cell cycle and the like) are set aside, "
        "and the next ones take their places; none: they stay.",
    ),
    click.option(
        "--max_table_size",
        type=float,
        default=_SPLIT.max_table_size,
        help="Gigabytes of text that a marker table may have, unpacked.",
    ),
    click.option(
        "--allow_unknown_genes",
        is_flag=True,
        help="Go on where hardly any gene is known of the species (human or mouse), or where genes are ids.",
    ),
    click.option(
        "--siblings",
        type=int,
        default=_SPLIT.siblings,
        help="How many of the first genes of all other clusters a language model is shown, for contrast.",
    ),
)
_ANNOTATE_OPTIONS = (
    click.option(
        "--provider",
        default=_ANNOTATE.provider,
        help="Who annotates: offline (marker scoring, no language model is asked), a provider that `cassia providers` "
        "lists, or the URL of an API in OpenAI's form.",
    ),
    click.option("--model", help="The provider's name of a model.  [default: the provider's]"),
    click.option("--base_url", help="URL of the API, where it is not the provider's own."),
    click.option(
        "--validator_involvement",
        type=click.Choice(INVOLVEMENTS),
        default=_ANNOTATE.validator_involvement,
        help="v1: accepts what is well supported; v0: challenges every claim, and costs more.",
    ),
    click.option(
        "--max_rounds", type=int, default=_ANNOTATE.max_rounds, help="The most rounds of annotator and validator."
    ),
    click.option("--reasoning", type=click.Choice(REASONING), help="How much a model that can shall reason."),
    click.option("--temperature", type=float, help="Sent to models that take it.  [default: the model's own]"),
    click.option(
        "--max_workers",
        type=int,
        help="Calls to the provider in flight at once.  [default: 16; 1 for a server on this machine]",
    ),
    click.option(
        "--max_retries",
        type=int,
        default=_ANNOTATE.max_retries,
        help="Further conversations for a cluster that ends without an annotation.",
    ),
    click.option(
        "--journal_dir",
        type=FilePath,
        default=_ANNOTATE.journal_dir,
        help="Folder where every answer is recorded, so that none is asked, or paid, for twice.",
    ),
    click.option(
        "--retry_failed",
        is_flag=True,
        help="Ask again about clusters whose recorded answers led to no annotation.",
    ),
    click.option(
        "--timeout",
        type=float,
        default=_ANNOTATE.timeout,
        help="Seconds without any piece of an answer after which a call has failed.",
    ),
    click.option("--proxy", help="URL of a proxy for all calls."),
    click.option("--trust_env", is_flag=True, help="Take the proxy from HTTPS_PROXY and NO_PROXY."),
    click.option("--allow_http", is_flag=True, help="Allow http to other machines than this one."),
    click.option(
        "--knowledge",
        type=FilePath,
        help="Table of your own markers (species, tissue, cell_type, cl_id, gene, source, weight), "
        "added to the bundled one; for offline.",
    ),
)
corrections_option = click.option(
    "--corrections",
    type=FilePath,
    help="Table of your own labels and comments, as the report exports it: cluster, label, and if wanted cl_id, "
    "comment, decided_by.",
)
OF_ANNOTATE = tuple(field.name for field in fields(AnnotateSettings) if field.name != "api_key")


_GROUPS = {
    **dict.fromkeys((field.name for field in fields(SplitSettings)), "Markers"),
    **dict.fromkeys((*OF_ANNOTATE, "fresh"), "Who annotates"),
}


class Grouped(click.Command):
    """A command whose help lists its options in groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if isinstance(param, click.Option) and (record := param.get_help_record(ctx)):
                groups.setdefault(_GROUPS.get(param.name or "", "Options"), []).append(record)
        for title, records in groups.items():
            with formatter.section(title):
                formatter.write_dl(records)


def dataset_options(required: bool = True) -> Callable[[Function], Function]:
    """Name, tissue, species and additional_info; tissue and species are needed if `required`."""
    options = (
        click.option("--name", help="Sample name; output files start with it. [default: from the file's name]"),
        click.option("--tissue", required=required, help='Tissue, in your words; "none" for no tissue.'),
        click.option("--species", required=required, help="Species, such as human or mouse."),
        click.option("--additional_info", default="", help="What else is known of the data, in your words."),
    )
    return lambda command: _with(command, options)


def split_options(command: Function) -> Function:
    return _with(command, _SPLIT_OPTIONS)


def annotate_options(command: Function) -> Function:
    return _with(command, _ANNOTATE_OPTIONS)


def annotate_settings(options: dict[str, Any]) -> AnnotateSettings:
    """The settings of annotate, taken out of the options of a subcommand."""
    return AnnotateSettings(**{name: options.pop(name) for name in OF_ANNOTATE})


def _with(command: Function, options: tuple[Callable[[Function], Function], ...]) -> Function:
    for option in reversed(options):
        command = option(command)
    return command


def dataset(markers: Sequence[Path], name: str | None, tissue: str, species: str, additional_info: str) -> Dataset:
    """What the person said of the data; the name comes from the file's where none was given.

    Raises:
        UsageError: it comes from a pipe, which has no name, or cannot be a name, or a text is none.
    """
    if name is None and len(markers) > 1:
        raise UsageError(f"several tables are one sample; give it a name with {argument('name')}", path=markers[0])
    if name is None and markers[0].parts[:2] == ("/", "dev"):
        raise UsageError(f"a pipe has no name for the output files; give one with {argument('name')}", path=markers[0])
    return Dataset(stem_of(markers[0]) if name is None else name, tissue, species, additional_info).checked()
