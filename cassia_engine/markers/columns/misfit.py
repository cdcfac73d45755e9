"""What a table lacks for the format that is nearest, and what to do."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from cassia_engine.callers import option
from cassia_engine.errors import UsageError, shown
from cassia_engine.markers.columns.clear_columns import clear_columns
from cassia_engine.markers.columns.formats import Format, listed
from cassia_engine.markers.columns.known_formats import PRESTO, SCANPY, SEURAT
from cassia_engine.markers.columns.sample import number_columns
from cassia_engine.markers.columns.statistics import is_common, is_unclear_fold, known_statistics, plain
from cassia_engine.markers.columns.unused import statistic_options
from cassia_engine.markers.files.source import Source


def misfit(source: Source, formats: Sequence[Format]) -> UsageError:
    """What a table lacks for the format that is nearest."""
    common = (SEURAT.name, SCANPY.name, PRESTO.name)
    shown_formats = [format_ for format_ in formats if len(formats) == 1 or format_.name in common]
    closest = min(shown_formats, key=lambda format_: len(format_.missing(source)) / len(format_.needed))
    lacking = closest.missing(source)
    known = known_statistics(source.header)  # by other names
    unknown = [
        name for name in lacking if not any(s in known for s, names in closest.required.items() if name in names)
    ]
    found = f"Found: {listed(source.header)}"
    near = nearest(unknown, source.header)
    if len(formats) > 1 and not near and len(lacking) == len(closest.needed):
        expected = "; ".join(f"{format_.title}: {', '.join(format_.needed)}" for format_ in shown_formats)
        what = (
            f"not a marker table by its columns. {found}. "
            f"Expected: {expected}; or two columns, cluster and comma-separated genes{_naming(source)}"
        )
        return source.error(what, 0, code="not-a-marker-table")
    what = (
        f"no column {', '.join(lacking)}, which a {closest.title} table has "
        f"({', '.join(closest.needed)}). {found}{near}; {_remedy(source, closest, lacking)}"
    )
    return source.error(what, 0, code="columns-missing")


def _remedy(source: Source, closest: Format, lacking: Collection[str]) -> str:
    """What to do; never a way that would lose statistics in silence."""
    numbers = [source.header[position] for position in number_columns(source)]
    unclear = [column for column in numbers if is_unclear_fold(column)]
    if unclear:
        named = option("log2fc_column", unclear[0])
        return f"{shown(unclear[0])} may be a ratio or its logarithm: give {named} if it is log2, else take the log2"
    remedy = "rename the columns"
    if set(lacking) & {closest.cluster, closest.gene}:
        cluster, gene = clear_columns(source)
        if not (cluster and gene):
            cluster = gene = ""
        remedy += f", or name them with {_option('cluster_column', cluster)} and {_option('gene_column', gene)}"
        return f"{remedy}, and statistics with {statistic_options()}" if numbers else remedy
    if power := [column for column in numbers if plain(column) == "power"]:
        both = f"keep avg_log2FC or myAUC beside it, or give {option('score_column', power[0])} if all genes are up"
        return (
            f"{shown(power[0])} (Seurat, roc) does not say which genes are up and which down: {both} (only.pos = TRUE)"
        )
    if numbers:
        return f"{remedy}, or name statistics with {statistic_options()}"
    return f"{remedy}, or give {option('marker_format', 'long')} to take the genes as they stand, without statistics"


def _naming(source: Source) -> str:
    """The options that name clusters and genes, with the columns where these are clear; "" where none may be either."""
    cluster, gene = clear_columns(source)
    if not gene:
        return ""
    if cluster:
        return f"; these may be {option('cluster_column', cluster)} and {option('gene_column', gene)}"
    return f"; or name them with {option('cluster_column')} and {option('gene_column', gene)}"


def _option(name: str, column: str) -> str:
    return option(name, column) if column else option(name)


def nearest(columns: Sequence[str], header: Sequence[str]) -> str:
    """A hint to columns that may be meant by others: by their names, without those that mean something else."""
    import difflib

    lowered = {name.lower(): name for name in header if name}
    pairs = []
    for column in columns:
        possible = [name for name in lowered if _may_mean(name, column.lower())]
        close = difflib.get_close_matches(column.lower(), possible, n=1)
        pairs += [f"{shown(lowered[close[0]])} for {shown(column)}"] if close else []
    return f" (is it {', '.join(pairs)}?)" if pairs else ""


def _may_mean(name: str, column: str) -> bool:
    """Whether a column may be another one that is spelled alike: it has no further number, and is no raw p value."""
    further = set(re.findall(r"\d+", name)) - set(re.findall(r"\d+", column))
    return not further and not (is_common(name) and not is_common(column))
