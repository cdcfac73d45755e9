"""Which long format a table has, by its columns and what the person named; what is left unused is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from cassia_engine.callers import argument, option
from cassia_engine.errors import raise_all, shown
from cassia_engine.genes.ids import id_kind
from cassia_engine.genes.recognised import are_hardly_known, are_mostly_known
from cassia_engine.markers.columns.formats import LONG, ROW_NAMES, Format, data_columns, has_two, listed, refuse_double
from cassia_engine.markers.columns.known_formats import FORMATS, GENERIC, SCANPY_SCORES
from cassia_engine.markers.columns.misfit import misfit, nearest
from cassia_engine.markers.columns.remarks import say_choice
from cassia_engine.markers.columns.sample import are_genes, has_lists, number_columns, texts_of
from cassia_engine.markers.columns.statistics import KNOWN, known_statistics, matching, plain
from cassia_engine.markers.files.headers import (
    CLUSTER_HEADERS,
    CLUSTER_PREFIXES,
    GENE_HEADERS,
    ID_HEADERS,
    SYMBOL_HEADERS,
)
from cassia_engine.markers.files.source import Source
from cassia_engine.settings import SplitSettings

_P_VALUE = re.compile(r"(?:raw|nominal)?p(?:s|vals?|values?)?(?:raw|nominal)?|(?:mwu|t|wilcox|max|minimump)pval(?:ue)?")


def choose_format(source: Source, settings: SplitSettings) -> Format | None:
    """The long format with statistics that a table has, with its own columns in it; None: it has two columns only.

    Raises:
        UsageError: its columns fit none, or not the forced one; says what was found and what is expected.
    """
    _check_named(source, settings)
    if settings.marker_format in (LONG.name, "simplified"):
        _refuse_named_statistics(source, settings)
        return None
    formats = _formats(settings)
    fitting = fitting_format(source, settings)
    if not fitting:
        _refuse_without_cluster(source, settings)
        if has_two(source, settings, formats):
            _refuse_named_statistics(source, settings)
            return None
        raise misfit(source, formats)
    statistics = fitting.statistics(source).values()
    refuse_double(source, [fitting.cluster, fitting.gene, *(column for found in statistics for column in found)])
    _refuse_alike(source, fitting)
    say_choice(source, fitting, next(format_ for format_ in formats if format_.name == fitting.name), settings)
    return fitting


def fitting_format(source: Source, settings: SplitSettings) -> Format | None:
    """The long format with statistics that a table has, with its own columns in it; None if it fits none."""
    forced = settings.marker_format in FORMATS
    fits = (_fitted(source, format_, settings, forced) for format_ in _formats(settings))
    return next((fit for fit in fits if fit), None)


def _formats(settings: SplitSettings) -> list[Format]:
    """All formats, or the forced one, with the columns that a person named."""
    formats = [_named(format_, settings) for format_ in FORMATS.values()]
    forced = settings.marker_format in FORMATS
    return [format_ for format_ in formats if format_.name == settings.marker_format] if forced else formats


def _fitted(source: Source, format_: Format, settings: SplitSettings, forced: bool) -> Format | None:
    """The format with the table's own columns of clusters and genes, if it fits."""
    known = FORMATS[format_.name] if not forced else format_
    statistics = {statistic: matching(source.header, names) for statistic, names in known.required.items()}
    if not all(statistics.values()):
        return None
    names = (known.cluster, known.gene)
    own = names != (GENERIC.cluster, GENERIC.gene) and set(names) <= set(source.header)
    marked = not known.marks or bool(matching(source.header, known.marks))
    if not (marked or own or forced):
        return None
    if known.name == GENERIC.name and not _has_statistics(source, format_):
        return None
    if known.name == SCANPY_SCORES.name and has_lists(source, format_.gene):
        return None
    if not forced and _leaves_out(source, known):
        return None
    cluster = settings.cluster_column or _cluster_column(source, format_)
    gene = settings.gene_column or _gene_column(source, format_, settings, cluster)
    if cluster is None or gene is None or cluster == gene:
        return None
    return replace(format_, cluster=cluster, gene=gene)


def _leaves_out(source: Source, format_: Format) -> bool:
    """Whether a format would leave out fold changes or p values that the table has."""
    found = GENERIC.statistics(source).keys() & {"log2fc", "p_val_adj"}
    return bool(found - format_.statistics(source).keys())


def _cluster_column(source: Source, format_: Format) -> str | None:
    if format_.cluster in source.header:
        return format_.cluster
    if found := matching(source.header, (format_.cluster, *CLUSTER_HEADERS)):
        return found[0]
    starts = tuple(map(plain, CLUSTER_PREFIXES))
    return next((name for name in source.header if plain(name).startswith(starts)), None)


def _gene_column(source: Source, format_: Format, settings: SplitSettings, cluster: str | None) -> str | None:
    """The column of genes: that of the format, or one known by its name, or the row names; symbols before ids."""
    header = [name for name in source.header if name != cluster]
    found = matching(header, (format_.gene, *GENE_HEADERS)) or matching(header, ID_HEADERS)
    if not found and source.header[0] in ROW_NAMES and are_genes(texts_of(source, 0)):
        found = (source.header[0],)
    if not found:
        return None
    texts = texts_of(source, source.header.index(found[0]))
    if not settings.gene_map and id_kind(texts):
        return _symbols(source, header) or found[0]
    if are_hardly_known(texts):  # names in words, as of mygene: CD3d molecule
        return _symbols(source, header, known=True) or found[0]
    return found[0]


def _symbols(source: Source, header: Sequence[str], known: bool = False) -> str | None:
    """A column of symbols, beside one of ids; `known`: most of them are known genes."""
    for name in (column for symbol in SYMBOL_HEADERS for column in matching(header, (symbol,))):
        texts = texts_of(source, source.header.index(name))
        are_symbols = len(texts) * 2 > len(source.sample) and not id_kind(texts) and are_genes(texts)
        if are_symbols and (not known or are_mostly_known(texts)):
            return name
    return None


def _has_statistics(source: Source, format_: Format) -> bool:
    """Whether a table for `GENERIC` has a column of numbers with a known name; and its genes are no lists."""
    numbers = {source.header[position] for position in number_columns(source)}
    found = {column for columns in format_.statistics(source).values() for column in columns}
    gene = matching(source.header, (format_.gene, *GENE_HEADERS))
    return bool(numbers & found) and not (gene and has_lists(source, gene[0]))


def _named(format_: Format, settings: SplitSettings) -> Format:
    cluster, gene = settings.cluster_column or format_.cluster, settings.gene_column or format_.gene
    named = {statistic: (column,) for statistic, column in settings.statistic_columns.items()}
    required = {statistic: named.get(statistic, names) for statistic, names in format_.required.items()}
    optional = {**format_.optional, **{name: columns for name, columns in named.items() if name not in required}}
    return replace(format_, cluster=cluster, gene=gene, required=required, optional=optional)


def _check_named(source: Source, settings: SplitSettings) -> None:
    named = {"cluster": settings.cluster_column, "gene": settings.gene_column, **settings.statistic_columns}
    raise_all(
        [
            source.error(
                f"no column {shown(column)}, given as {argument(f'{name}_column')}. Found: {listed(source.header)}"
                f"{nearest([column], source.header)}",
                0,
                code="column-not-found",
            )
            for name, column in named.items()
            if column is not None and column not in source.header
        ]
    )
    refuse_double(source, [column for column in named.values() if column])
    _refuse_smallest_first(source, settings)


def _refuse_smallest_first(source: Source, settings: SplitSettings) -> None:
    """Refuse a p value or a rank that was named as a score: of a score the largest is best."""
    column = settings.score_column
    if not column or settings.ascending:
        return
    what = "a p value" if _P_VALUE.fullmatch(plain(column)) or matching([column], KNOWN["p_val_adj"]) else ""
    what = what or ("a rank" if plain(column) in ("rank", "ranks", "ranking", "order", "position") else "")
    if what:
        remedy = f"name p values with {argument('p_val_adj_column')}, or give {option('ascending', True)}"
        given = f"{shown(column)}, given as {argument('score_column')}, is {what} by its name"
        raise source.error(f"{given}, of which the smallest is best; {remedy}", 0, code="score-not-ascending")


def _refuse_named_statistics(source: Source, settings: SplitSettings) -> None:
    """The table is read without statistics: a column that was named as one would be left unused."""
    if settings.statistic_columns:
        name, column = next(iter(settings.statistic_columns.items()))
        what = f"{option(f'{name}_column', column)} has no effect on a table that is read without statistics"
        if settings.marker_format == "auto":
            both = f"{option('cluster_column')} and {option('gene_column')}"
            raise source.error(f"{what}; name its clusters and genes with {both}", 0, code="statistic-unused-columns")
        raise source.error(
            f"{what}; leave out {option('marker_format', settings.marker_format)}", 0, code="statistic-unused-format"
        )


def _refuse_without_cluster(source: Source, settings: SplitSettings) -> None:
    """Two columns of which one is a statistic are no clusters and genes."""
    columns = data_columns(source)
    if len(columns) != 2 or settings.cluster_column or settings.gene_column:
        return
    numbers = number_columns(source)
    names = [source.header[position] for position in columns]
    scores = [source.header[position] for position in columns if position in numbers]
    genes = matching(names, (*GENE_HEADERS, *ID_HEADERS))
    if genes and scores and set(scores) & set(known_statistics(scores).values()):
        what = f"columns {', '.join(map(shown, names))}: genes and their {scores[0]}, and no column of clusters"
        raise source.error(f"{what}; add one, named cluster", 0, code="cluster-column-missing")


def _refuse_alike(source: Source, format_: Format) -> None:
    """Columns that mean the same by their names, such as padj and p_adj: only a person can say which."""
    for statistic, columns in format_.statistics(source).items():
        stars = [name for name in {**format_.required, **format_.optional}[statistic] if name.startswith("*")]
        if len(columns) > 1 and not stars:
            what = f"columns {' and '.join(map(shown, columns))} have the same name but for its spelling"
            raise source.error(f"{what}; name one with {option(f'{statistic}_column')}", 0, code="columns-alike")
