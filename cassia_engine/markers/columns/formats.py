"""What a marker table's format is, and tables of two columns. The formats themselves are rows of `known_formats`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cassia_engine.errors import shown
from cassia_engine.markers.columns.statistics import NATURAL_LOGARITHMS, least_score, matching
from cassia_engine.markers.files.source import Source
from cassia_engine.records import Cluster, SampledCells, Selection
from cassia_engine.settings import SplitSettings

# What the column of row names is called that R and pandas write first: nothing, or what a reader made of that.
ROW_NAMES = ("", "X", "Unnamed: 0")
_PANDAS_INDEX = "__index_level_0__"  # in Parquet, at the end
SIMPLIFIED_TITLE = "simplified (cluster, genes)"
MOST_NAMED = 30


@dataclass(frozen=True, slots=True)
class MarkerTable:
    """A marker table as read: its clusters in order of appearance, and how their markers were chosen.

    `cells` are those of an AnnData that stand for all; None for a table of another kind.
    """

    selection: Selection
    clusters: tuple[Cluster, ...]
    cells: SampledCells | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """A long format, a gene a row.

    Attributes:
        cluster, gene: its columns of clusters and genes.
        required, optional: a statistic of `records.Marker` to the names its column may have, newest first; `*_name` are
            all columns whose names end so, and a marker passes by each of them.
        direction: which genes are up, in words.
        marks: columns of which a table has at least one, or else clusters and genes by names that only this format has.
        above: further columns; where a table has one, its value is above this number in a marker's row.
        true: further columns; where a table has one, it is True in a marker's row.
        natural: names of fold changes to base e.
        log_p: p values are natural logarithms.
        percent: fractions are written as percent, 0 to 100.
        reference: the column that says what a cluster was compared with.
        signed_score: where a row has no fold change, the sign of its score stands in, and a score of 0 or -1 is none.
        ranked: rows stand in the order of the tool's ranking, which is kept where no fold change or score is.
        common: so well known that no log line says which thresholds hold.
        family: the starts of further names that the tool writes, which are not used.
    """

    name: str
    title: str
    cluster: str
    gene: str
    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    direction: str = ""
    marks: tuple[str, ...] = ()
    above: Mapping[str, float] = field(default_factory=dict)
    true: tuple[str, ...] = ()
    natural: tuple[str, ...] = NATURAL_LOGARITHMS
    log_p: bool = False
    percent: bool = False
    reference: str = ""
    signed_score: bool = False
    common: bool = False
    ranked: bool = False
    family: tuple[str, ...] = ()

    @property
    def needed(self) -> list[str]:
        """The columns without which a table is not of this format, by their newest names."""
        return [self.cluster, self.gene, *(names[0] for names in self.required.values())]

    def statistics(self, source: Source) -> dict[str, tuple[str, ...]]:
        """The statistics that a table has, each with its column, or its columns where there is one a condition."""
        found = {name: matching(source.header, names) for name, names in {**self.required, **self.optional}.items()}
        return {name: columns for name, columns in found.items() if columns}

    def bounds(self, source: Source) -> dict[str, float]:
        """Further columns that a table has, each with what it is above in a marker's row.

        A score is one of them where there is no fold change to tell genes that are up from those that are down.
        """
        found = {column: least for name, least in self.above.items() for column in matching(source.header, (name,))}
        statistics = self.statistics(source)
        if "log2fc" not in statistics and not found:
            found = {column: least_score(column) for column in statistics.get("score", ())}
        return found

    def missing(self, source: Source) -> list[str]:
        """The columns of `needed` that a table lacks."""
        groups = [(self.cluster,), (self.gene,), *self.required.values()]
        return [names[0] for names in groups if not matching(source.header, names)]


LONG = Format(name="long", title="long (a gene a row, in given order)", cluster="cluster", gene="gene")


def data_columns(source: Source) -> Sequence[int]:
    """Positions of the columns, without those of row names."""
    columns = [position for position, name in enumerate(source.header) if name != _PANDAS_INDEX]
    if len(columns) > 2 and not source.header[columns[-1]]:
        columns.pop()  # every line ends with a delimiter
    return columns[1:] if len(columns) > 2 and source.header[columns[0]] in ROW_NAMES else columns


def has_two(source: Source, settings: SplitSettings, formats: Sequence[Format]) -> bool:
    """Whether a table without a format is one of cluster and genes, with no statistics that would be left unused."""
    if settings.marker_format != "auto":
        return False
    if len(data_columns(source)) == 2:
        return True
    named = settings.cluster_column is not None and settings.gene_column is not None
    statistics = [name for format_ in formats for names in format_.required.values() for name in names]
    return named and not set(statistics) & set(source.header)


def refuse_double(source: Source, columns: Sequence[str]) -> None:
    double = [column for column in dict.fromkeys(columns) if source.header.count(column) > 1]
    if double:
        what = f"columns {listed(double)} are" if len(double) > 1 else f"column {shown(double[0])} is"
        raise source.error(f"{what} there twice; rename or remove one", 0, code="column-twice")


def listed(header: Sequence[str]) -> str:
    more = f", ... ({len(header)} in all)" if len(header) > MOST_NAMED else ""
    return ", ".join(shown(name) for name in header[:MOST_NAMED]) + more
