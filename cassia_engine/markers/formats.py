"""Marker table formats as data, and how a table is recognised by its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cassia_engine.errors import raise_all, shown
from cassia_engine.faces import argument, option
from cassia_engine.markers.source import Source
from cassia_engine.records import Cluster, Selection
from cassia_engine.settings import SplitSettings

# What the column of row names is called that R and pandas write first: nothing, or what a reader made of that.
ROW_NAMES = ("", "X", "Unnamed: 0")
_PANDAS_INDEX = "__index_level_0__"  # in Parquet, at the end
# Columns of fold changes to base e: those of Seurat before version 4, and of presto on its log-normalized values.
NATURAL_LOGARITHMS = ("avg_logFC", "logFC")
SIMPLIFIED_TITLE = "simplified (cluster, genes)"
MOST_NAMED = 30


@dataclass(frozen=True, slots=True)
class MarkerTable:
    """A marker table as read: its clusters in order of appearance, and how their markers were chosen."""

    selection: Selection
    clusters: tuple[Cluster, ...]


@dataclass(frozen=True, slots=True)
class Format:
    """A long format, a gene a row.

    Attributes:
        required, optional: a statistic of `records.Marker` to the names its column may have, newest first.
        percent: fractions are written as percent, 0 to 100.
    """

    name: str
    title: str
    cluster: str
    gene: str
    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    percent: bool = False

    @property
    def needed(self) -> list[str]:
        """The columns without which a table is not of this format, by their newest names."""
        return [self.cluster, self.gene, *(names[0] for names in self.required.values())]

    def statistics(self, source: Source) -> dict[str, str]:
        """The statistics that a table has, each with its column."""
        found = {}
        for statistic, names in {**self.required, **self.optional}.items():
            column = next((name for name in names if name in source.header), None)
            if column is not None:
                found[statistic] = column
        return found

    def missing(self, source: Source) -> list[str]:
        """The columns of `needed` that a table lacks."""
        groups = [(self.cluster,), (self.gene,), *self.required.values()]
        return [names[0] for names in groups if not set(names) & set(source.header)]


SEURAT = Format(
    name="seurat",
    title="Seurat FindAllMarkers",
    cluster="cluster",
    gene="gene",
    required={"log2fc": ("avg_log2FC", "avg_logFC"), "p_val_adj": ("p_val_adj",)},
    optional={"pct_in": ("pct.1",), "pct_out": ("pct.2",), "score": ("Score", "score")},
)
SCANPY = Format(
    name="scanpy",
    title="Scanpy rank_genes_groups_df",
    cluster="group",
    gene="names",
    required={"log2fc": ("logfoldchanges",), "p_val_adj": ("pvals_adj",)},
    optional={"score": ("scores",), "pct_in": ("pct_nz_group",), "pct_out": ("pct_nz_reference",)},
)
PRESTO = Format(
    name="presto",
    title="presto wilcoxauc",
    cluster="group",
    gene="feature",
    required={"log2fc": ("logFC",), "p_val_adj": ("padj",)},
    optional={"score": ("auc",), "pct_in": ("pct_in",), "pct_out": ("pct_out",)},
    percent=True,
)
LONG = Format(name="long", title="long (a gene a row, in given order)", cluster="cluster", gene="gene")

# Headers by which two columns in the other order are recognised, and two of more where a format is forced.
_CLUSTERS = ("cluster", "clusters", "group")
_GENES = ("gene", "genes", "names", "feature", "marker", "markers")
FORMATS = {format_.name: format_ for format_ in (SEURAT, SCANPY, PRESTO)}


def choose_format(source: Source, settings: SplitSettings) -> Format | None:
    """The long format with statistics that a table has by its columns, or the one forced; None: two columns only.

    Raises:
        UsageError: its columns fit none, or not the forced one; says what was found and what is expected.
    """
    _check_named(source, settings)
    formats = [_named(format_, settings) for format_ in FORMATS.values()]
    if settings.marker_format in FORMATS:
        formats = [format_ for format_ in formats if format_.name == settings.marker_format]
    fitting = next((format_ for format_ in formats if not format_.missing(source)), None)
    if settings.marker_format in (LONG.name, "simplified") or (not fitting and _has_two(source, settings, formats)):
        return None
    if not fitting:
        raise source.error(_misfit(source, formats), 0)
    _refuse_double(source, [fitting.cluster, fitting.gene, *fitting.statistics(source).values()])
    return fitting


def two_columns(source: Source, settings: SplitSettings) -> tuple[int, int]:
    """Positions of clusters and genes in a table without statistics: as named, else as known, else in this order.

    Raises:
        UsageError: there are more columns, and it is not said which.
    """
    named = [source.header.index(name) if name else None for name in (settings.cluster_column, settings.gene_column)]
    match named, data_columns(source):
        case [int(cluster), int(gene)], _:
            found = (cluster, gene)
        case [int(cluster), None], [first, second] if cluster in (first, second):
            found = (cluster, first + second - cluster)
        case [None, int(gene)], [first, second] if gene in (first, second):
            found = (first + second - gene, gene)
        case [None, None], [first, second]:
            swapped = source.header[first].lower() in _GENES and source.header[second].lower() in _CLUSTERS
            found = (second, first) if swapped else (first, second)
        case _:
            known = [[name for name in source.header if name.lower() in names] for names in (_CLUSTERS, _GENES)]
            if settings.marker_format != LONG.name or any(len(names) != 1 for names in known):
                both = f"{option('cluster_column')} and {option('gene_column')}"
                raise source.error(
                    f"{len(data_columns(source))} columns; a table without statistics has two, cluster and genes. "
                    f"Found: {_listed(source.header)}; name the two with {both}",
                    0,
                )
            found = (source.header.index(known[0][0]), source.header.index(known[1][0]))
    if found[0] == found[1]:
        raise source.error(
            f"{argument('cluster_column')} and {argument('gene_column')} are both {shown(source.header[found[0]])}", 0
        )
    return found


def long_of(source: Source, columns: tuple[int, int]) -> Format:
    """Two columns, by their positions, as a long table."""
    cluster, gene = (source.header[position] for position in columns)
    _refuse_double(source, [cluster, gene])
    return replace(LONG, cluster=cluster, gene=gene)


def data_columns(source: Source) -> Sequence[int]:
    """Positions of the columns, without those of row names."""
    columns = [position for position, name in enumerate(source.header) if name != _PANDAS_INDEX]
    if len(columns) > 2 and not source.header[columns[-1]]:
        columns.pop()  # every line ends with a delimiter
    return columns[1:] if len(columns) > 2 and source.header[columns[0]] in ROW_NAMES else columns


def _has_two(source: Source, settings: SplitSettings, formats: Sequence[Format]) -> bool:
    """Whether a table without a format is one of cluster and genes, with no statistics that would be left unused."""
    if settings.marker_format != "auto":
        return False
    if len(data_columns(source)) == 2:
        return True
    named = settings.cluster_column is not None and settings.gene_column is not None
    statistics = [name for format_ in formats for names in format_.required.values() for name in names]
    return named and not set(statistics) & set(source.header)


def _named(format_: Format, settings: SplitSettings) -> Format:
    cluster, gene = settings.cluster_column or format_.cluster, settings.gene_column or format_.gene
    return replace(format_, cluster=cluster, gene=gene)


def _check_named(source: Source, settings: SplitSettings) -> None:
    named = {"cluster": settings.cluster_column, "gene": settings.gene_column}
    raise_all(
        [
            source.error(
                f"no column {shown(column)}, given as --{option}_column. Found: {_listed(source.header)}"
                f"{_nearest([column], source.header)}",
                0,
            )
            for option, column in named.items()
            if column is not None and column not in source.header
        ]
    )
    _refuse_double(source, [column for column in named.values() if column])


def _refuse_double(source: Source, columns: Sequence[str]) -> None:
    double = [column for column in dict.fromkeys(columns) if source.header.count(column) > 1]
    raise_all([source.error(f"column {shown(column)} is there twice; rename or remove one", 0) for column in double])


def _misfit(source: Source, formats: Sequence[Format]) -> str:
    """What a table lacks for the format that is nearest."""
    closest = min(formats, key=lambda format_: len(format_.missing(source)) / len(format_.needed))
    lacking = closest.missing(source)
    found = f"Found: {_listed(source.header)}"
    nearest = _nearest(lacking, source.header)
    if len(formats) > 1 and not nearest and len(lacking) == len(closest.needed):
        expected = "; ".join(f"{format_.title}: {', '.join(format_.needed)}" for format_ in formats)
        return (
            f"not a marker table by its columns. {found}. "
            f"Expected: {expected}; or two columns, cluster and comma-separated genes"
        )
    remedy = "rename the columns"
    if set(lacking) & {closest.cluster, closest.gene}:
        remedy += f", or name them with {option('cluster_column')} and {option('gene_column')}"
    else:
        long = option("marker_format", "long")
        remedy += f", or give {long} to take the genes as they stand, without statistics"
    return (
        f"no column {', '.join(lacking)}, which a {closest.title} table has "
        f"({', '.join(closest.needed)}). {found}{nearest}; {remedy}"
    )


def _nearest(columns: Sequence[str], header: Sequence[str]) -> str:
    import difflib

    lowered = {name.lower(): name for name in header if name}
    near = ((column, difflib.get_close_matches(column.lower(), lowered, n=1)) for column in columns)
    pairs = [f"{shown(lowered[names[0]])} for {shown(column)}" for column, names in near if names]
    return f" (is it {', '.join(pairs)}?)" if pairs else ""


def _listed(header: Sequence[str]) -> str:
    more = f", ... ({len(header)} in all)" if len(header) > MOST_NAMED else ""
    return ", ".join(shown(name) for name in header[:MOST_NAMED]) + more
