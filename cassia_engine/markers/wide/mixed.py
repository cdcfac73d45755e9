"""Columns that part the rows of a cluster, of a sample, a condition, a resolution: read as one, they would be mixed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from cassia_engine.callers import argument
from cassia_engine.errors import UsageError, shown
from cassia_engine.markers.columns.formats import ROW_NAMES, Format
from cassia_engine.markers.columns.gene_columns import is_number
from cassia_engine.markers.columns.sample import number_columns
from cassia_engine.markers.columns.statistics import plain
from cassia_engine.markers.columns.unused import used_columns
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, CLUSTER_PREFIXES, GENE_HEADERS, ID_HEADERS
from cassia_engine.markers.files.source import MISSING, Problems, Source, rows
from cassia_engine.settings import SplitSettings

# What people call the column that says of what a table is, where they put several tables below each other.
_NAMES = """
    sample samples sample_id sample_name sample_type orig.ident origin condition conditions condition_id cond donor
    donors donor_id patient patients patient_id subject subject_id individual mouse mouse_id animal animal_id batch
    batches batch_id dataset datasets dataset_id dataset_name data_set study study_id experiment experiment_id cohort
    project project_id resolution resolutions res clustering clustering_resolution comparison comparisons contrast
    contrasts contrast_id time times timepoint timepoints time_point day days dpi hpi age age_group developmental_stage
    treatment treatments stimulation stimulus stim genotype strain disease disease_state diagnosis phenotype tissue
    tissues organ region library library_id replicate replicates rep sex gender file file_name filename sheet
    sheet_name tissue_type tissue_class cancer_type
"""
_KEYS = ("level_0", ".id", "id", "l1", "key", "list_name", "...1", *(name.lower() for name in ROW_NAMES))
_REPEATED = 0.05  # of the pairs of cluster and gene, to be those of several tables
_ROWS_A_VALUE = 3  # at least, on average, of a column that parts a table
_MOST_VALUES = 1000
_MOST_ROWS = 2_000_000  # that are looked at
_SHOWN = 5


@dataclass(slots=True)
class _Column:
    """A column that may part the rows of a cluster, and what was seen of it.

    Attributes:
        named: it says so by its name: then it is enough that a cluster has two of its values.
        may_be_blocks: it is enough that its values stand in blocks, which have clusters of the same ids.
        values: its values with their numbers, in their order.
        runs: how many blocks of equal values there are.
        first: the first value of each cluster; `several`: the first cluster that has two.
        pairs: the first value of each pair of cluster and gene; `repeated`: how many have another one.
    """

    position: int
    named: bool
    may_be_blocks: bool
    values: dict[str, int] = field(default_factory=dict)
    n_rows: int = 0
    runs: int = 0
    last: int = -1
    first: dict[str, int] = field(default_factory=dict)
    several: str | None = None
    pairs: dict[int, int] = field(default_factory=dict)
    repeated: int = 0

    def add(self, cluster: str, gene: str, value: str) -> None:
        """Take note of a row."""
        number = self.values.setdefault(value, len(self.values))
        self.n_rows += 1
        self.runs += number != self.last
        self.last = number
        if self.first.setdefault(cluster, number) != number and self.several is None:
            self.several = cluster
        self.repeated += self.pairs.setdefault(hash((cluster, gene)), number) != number

    @property
    def parts_clusters(self) -> bool:
        """Whether rows of one cluster belong to several tables."""
        is_measured = all(map(is_number, self.values))
        if self.several is None or (not (self.named and not is_measured) and not self._has_few_values):
            return False
        in_blocks = self.may_be_blocks and self.runs == len(self.values)
        return self.named or in_blocks or self.repeated > _REPEATED * len(self.pairs)

    @property
    def _has_few_values(self) -> bool:
        return len(self.values) * _ROWS_A_VALUE <= self.n_rows


def refuse_mixed(source: Source, format_: Format | None, pair: tuple[int, int], settings: SplitSettings) -> None:
    """Refuse a table in which a column parts the rows of a cluster, whose ids are those of several tables then.

    Args:
        format_: the format; None for a table without statistics.
        pair: positions of clusters and genes.

    Raises:
        UsageError: there is such a column; says its values and what to do.
    """
    used = {*pair, *(used_columns(source, format_) if format_ else ())}
    columns = _candidates(source, used, format_, settings)
    if not columns:
        return
    for number, (_, row) in enumerate(rows(source, Problems(source))):
        if number == _MOST_ROWS or not columns:
            break
        for column in columns:
            cluster, gene, value = (row[position].strip() for position in (*pair, column.position))
            if value not in MISSING and cluster not in MISSING:
                column.add(cluster, gene, value)
        columns = [column for column in columns if len(column.values) <= _MOST_VALUES]
    if found := next((column for column in columns if column.parts_clusters), None):
        raise _error(source, found)


def _candidates(
    source: Source, used: Collection[int], format_: Format | None, settings: SplitSettings
) -> list[_Column]:
    numbers = number_columns(source)
    reference = plain(format_.reference) if format_ else ""
    found = []
    for position, name in enumerate(source.header):
        lowered, bare = name.strip().lower(), plain(name)
        if position in used or (reference and bare == reference) or bare in _GENES:
            continue
        named = bare in _PLAIN_NAMES
        blocks = lowered in (*CLUSTER_HEADERS, *_KEYS) or lowered.startswith(CLUSTER_PREFIXES)
        if blocks and settings.cluster_column is not None:
            continue  # a person chose between the two
        cells = [row[position].strip() for row in source.sample if position < len(row)]
        if named or ((blocks or (format_ and position not in numbers)) and _repeat(cells)):
            found.append(_Column(position, named, blocks))
    return found


def _repeat(cells: Sequence[str]) -> bool:
    """Whether the first values of a column are the same again and again."""
    return len(set(cells)) * 2 <= len(cells)


def _error(source: Source, column: _Column) -> UsageError:
    values = list(column.values)
    more = ", ..." if len(values) > _SHOWN else ""
    name = shown(source.header[column.position]) or "''"
    what = f"column {name} has {len(values)} values ({', '.join(map(shown, values[:_SHOWN]))}{more})"
    where = f"and cluster {shown(column.several or '')} has rows of several: clusters of the same id would be mixed"
    remedy = "give a table for each value (in a samplesheet a row each), or keep the rows of one"
    other = f", or name the clusters with {argument('cluster_column')}" if column.may_be_blocks else ""
    end = "; remove the column if the rows belong together"
    return source.error(f"{what}, {where}; {remedy}{other}{end}", 0, code="comparisons-mixed")


_PLAIN_NAMES = frozenset(map(plain, _NAMES.split()))
_GENES = frozenset(map(plain, (*GENE_HEADERS, *(name for name in ID_HEADERS if name not in _KEYS))))
