"""What a reader is asked, and what it answers: JSON, a line each."""

from __future__ import annotations

from typing import Literal

import msgspec

MOST_CELLS = 20_000_000
SAMPLED_CELLS = 20_000  # of the embedding
LONGEST_NAME = 500  # characters of the name of a cluster
MOST_VALUES = 20  # of a column, with a number of cells each
LARGEST_ANSWER = 32 * 2**20  # bytes
OTHER = "other"


class ArtifactError(Exception):
    """A file of a job cannot be read; the text is one line for a person.

    Attributes:
        is_absent: whether there is no such file, gene or column; else the file itself is at fault.
    """

    def __init__(self, message: str, is_absent: bool = False):
        super().__init__(message)
        self.is_absent = is_absent


class Request(msgspec.Struct, frozen=True, tag_field="ask"):
    """What a reader is asked."""


class Open(Request, frozen=True, tag="open"):
    """The files to answer from, which has to come first.

    Attributes:
        vars_h5, obs_duckdb: their paths; None for one that the job does not have.
        labels: of the clusters, by id.
    """

    vars_h5: str | None
    obs_duckdb: str | None
    labels: dict[str, str]


class AskGenes(Request, frozen=True, tag="genes"):
    """For `Genes`."""


class AskExpression(Request, frozen=True, tag="expression"):
    """For `Expression`."""

    gene: str


class AskEmbedding(Request, frozen=True, tag="embedding"):
    """For `Embedding`."""


class AskColumns(Request, frozen=True, tag="columns"):
    """For `Columns`."""


class AskComposition(Request, frozen=True, tag="composition"):
    """For `Composition`."""

    column: str


AnyRequest = Open | AskGenes | AskExpression | AskEmbedding | AskColumns | AskComposition


class Opened(msgspec.Struct, frozen=True):
    """The reader is ready.

    Attributes:
        missing: what the system cannot do to confine it; empty where it can do all.
    """

    missing: list[str]


class Failed(msgspec.Struct, frozen=True):
    """There is no answer.

    Attributes:
        fault: of cassia itself, for the log; "" where the file or the request is at fault.
    """

    message: str
    is_absent: bool = False
    fault: str = ""


class Genes(msgspec.Struct, frozen=True):
    """The genes of vars.h5, each once."""

    genes: list[str]
    n_cells: int


class ClusterExpression(msgspec.Struct, frozen=True):
    """A gene in the cells of a cluster; missing values count for none of it.

    Attributes:
        percent: of the cells, whose value is not 0.
        mean, quartiles: of all cells; None where the cluster has none.
    """

    cluster: str
    n_cells: int
    percent: float | None
    mean: float | None
    quartiles: tuple[float, float, float] | None


class Expression(msgspec.Struct, frozen=True):
    """A gene.

    Attributes:
        values: of the cells of the embedding, in its order; None for a missing one.
    """

    gene: str
    clusters: list[ClusterExpression]
    values: list[float | None]


class Embedding(msgspec.Struct, frozen=True):
    """Coordinates of cells, a seeded sample where there are many.

    Attributes:
        cluster: the place of each cell's cluster in `clusters`; -1 for a cell of none of them.
    """

    key: str
    x: list[float]
    y: list[float]
    cluster: list[int]
    clusters: list[str]


class Column(msgspec.Struct, frozen=True):
    """A column of obs; `n_values` counts different ones."""

    name: str
    kind: Literal["categorical", "numeric"]
    n_values: int


class Columns(msgspec.Struct, frozen=True):
    """The columns of obs but for coordinates, and the one that has the clusters."""

    columns: list[Column]
    cluster_column: str


class ClusterCounts(msgspec.Struct, frozen=True):
    """How many cells of a cluster have each value; `missing` have none."""

    cluster: str
    n_cells: int
    missing: int
    counts: list[int]


class CategoricalComposition(msgspec.Struct, frozen=True, tag_field="kind", tag="categorical"):
    """A column of categories, by cluster.

    Attributes:
        values: the most frequent ones, and `OTHER` behind them if there are more.
        n_other_values: how many are counted together there.
    """

    column: str
    values: list[str]
    n_other_values: int
    clusters: list[ClusterCounts]


class ClusterQuantiles(msgspec.Struct, frozen=True):
    """Least value, quartiles and largest value of a cluster's cells; None where all are missing."""

    cluster: str
    n_cells: int
    missing: int
    quantiles: tuple[float, float, float, float, float] | None


class NumericComposition(msgspec.Struct, frozen=True, tag_field="kind", tag="numeric"):
    """A column of numbers, by cluster."""

    column: str
    clusters: list[ClusterQuantiles]


Composition = CategoricalComposition | NumericComposition
