"""What passes between the stages, as immutable typed records, and its JSON form.

Chunk and result files are these records written down: `to_json` and the `from_json` of each class are
each other's inverse. `SCHEMA_VERSION` changes whenever a field does, together with docs/formats.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from sys import intern
from typing import Any, Self

from cassia_engine.errors import UsageError

SCHEMA_VERSION = "1.1"

CHUNK_KIND = "cassia-chunk"
RESULT_KIND = "cassia-result"
STATUS_KIND = "cassia-status"

_PLAIN = frozenset((str, int, float, bool, type(None)))


class Outcome(StrEnum):
    """What became of a cluster. Nothing is ever called "Unknown" to hide a failure."""

    ANNOTATED = "annotated"
    NO_MARKERS = "no_markers"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    UNPARSED = "unparsed"
    FAILED = "failed"
    NOT_REACHED = "not_reached"

    @property
    def is_failure(self) -> bool:
        """Whether the cluster counts against --max_failed_clusters."""
        return self not in (Outcome.ANNOTATED, Outcome.NO_MARKERS)


class Confidence(StrEnum):
    """How sure an annotation is, by the written rule of its annotator; not a probability."""

    HIGH = "High"
    MODERATE = "Moderate"
    LOW = "Low"


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker gene of a cluster, with the statistics its table had (None: the table had none)."""

    gene: str
    log2fc: float | None = None
    p_val_adj: float | None = None
    pct_in: float | None = None  # fraction (0 to 1) of the cluster's cells that express the gene
    pct_out: float | None = None  # the same for all other cells
    score: float | None = None  # the test's own statistic (Scanpy's `scores`)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "gene": intern(data["gene"])})


@dataclass(frozen=True, slots=True)
class SetAside:
    """Genes that passed the filter but tell little of a cell's type, in the table's order, best first."""

    kind: str
    genes: tuple[str, ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["kind"], tuple(map(intern, data["genes"])))


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster and its chosen markers, best first.

    Attributes:
        id: opaque; never read as a number.
        index: 0-based order of appearance in the marker table.
        n_rows: rows (or genes, in a simplified table) the table has for it.
        n_passing: how many of them pass the filter; `markers` holds the first n_genes of these.
        context: what the person said of this cluster alone.
        set_aside: technical genes that would have been among `markers`; others have taken their places.
        hints: what the genes say of a state, such as many cell-cycle genes, a sentence each.
    """

    id: str
    index: int
    n_rows: int
    n_passing: int
    markers: tuple[Marker, ...]
    context: str = ""
    set_aside: tuple[SetAside, ...] = ()
    hints: tuple[str, ...] = ()

    @property
    def genes(self) -> list[str]:
        return [m.gene for m in self.markers]

    @property
    def no_markers_reason(self) -> str:
        """Why the cluster has no markers, for the outcome `no_markers`."""
        return f"none of its {self.n_rows} rows passes the filter"

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            **{
                **data,
                "markers": tuple(Marker.from_json(m) for m in data["markers"]),
                "set_aside": tuple(SetAside.from_json(s) for s in data["set_aside"]),
                "hints": tuple(data["hints"]),
            }
        )


def check_sample_name(name: str) -> None:
    """Refuse a sample name that cannot start a file's name."""
    if not name or name.startswith((".", "-")) or "/" in name or not name.isprintable() or len(name) > 120:
        raise UsageError(
            f"--name {name!r}: files are named after it; give 1 to 120 printable characters without /, "
            "and none of . and - in front"
        )


@dataclass(frozen=True, slots=True)
class Dataset:
    """What the person said about the data. `name` is the sample's name and starts every output file's."""

    name: str
    tissue: str
    species: str
    additional_info: str = ""

    def checked(self) -> Self:
        """The same, once it is sure that files can be named after it and its texts can be written.

        Raises:
            UsageError: with the option at fault.
        """
        check_sample_name(self.name)
        for option in ("tissue", "species", "additional_info"):
            if any("\ud800" <= character <= "\udfff" for character in getattr(self, option)):
                raise UsageError(f"--{option}: the text is not valid UTF-8")
        return self

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Selection:
    """How the markers were chosen from the table.

    Attributes:
        marker_format: seurat, scanpy or simplified.
        ranked_by: the statistic the order comes from, "avg_log2FC", "scores" or "given order".
        n_genes: the most markers a cluster gets.
        max_p_val_adj, min_log2fc, min_pct: thresholds; None where the table lacks the column.
        gene_filter: "technical" if technical genes were set aside, else "none".
    """

    marker_format: str
    ranked_by: str
    n_genes: int
    max_p_val_adj: float | None = None
    min_log2fc: float | None = None
    min_pct: float | None = None
    gene_filter: str = "none"

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Chunk:
    """The clusters of one task: `index` of `count` chunks of a data set of `n_clusters`.

    `siblings[i]` are the first genes of cluster i of the whole data set, for contrast; () where none were wanted.
    """

    dataset: Dataset
    selection: Selection
    index: int
    count: int
    n_clusters: int
    clusters: tuple[Cluster, ...]
    siblings: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            dataset=Dataset.from_json(data["dataset"]),
            selection=Selection.from_json(data["selection"]),
            index=data["index"],
            count=data["count"],
            n_clusters=data["n_clusters"],
            clusters=tuple(Cluster.from_json(c) for c in data["clusters"]),
            siblings=tuple(map(tuple, data["siblings"])),
        )


@dataclass(frozen=True, slots=True)
class CellType:
    """A ranked candidate: a label, its Cell Ontology term ("" where it has none), and its 0-100 score."""

    label: str
    cl_id: str = ""
    cl_label: str = ""
    score: float | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Annotation:
    """One opinion on a cluster. A hypothesis: nothing here has been shown by an experiment.

    Attributes:
        general_type: the broad cell type, or "unresolved" where the markers do not tell.
        detailed_types: ranked candidates, best first; the first one is the answer. Empty if unresolved.
        mixed_types: types that may be mixed in this cluster, most often empty.
        state: activation, cycling and the like; never a cell type.
        cl_id, cl_label: the Cell Ontology term of the answer ("" where none is placed).
        evidence_genes: genes of the cluster's list that decided it, strongest first.
        conflicting_genes: genes of the list that speak against it.
        unsupported_genes: genes that were cited but are not in the list.
        score: 0 to 100; what it means is the annotator's to say, it is not a probability. None if nobody gave one.
        score_reason: why, in the annotator's or validator's words.
        cl_match: how the answer was placed in the ontology ("exact", "synonym", ...), or why it was not.
        top_explained: share (0 to 1) of the cluster's first 20 genes that the answer explains; None if not asked.
        possible_tissues: what the markers say of the tissue, where none was given.
        context_conflict: in what the markers contradict the tissue or species that were given.
    """

    general_type: str
    detailed_types: tuple[CellType, ...]
    cl_id: str
    cl_label: str
    confidence: Confidence
    score: float | None
    mixed_types: tuple[str, ...] = ()
    state: str = ""
    evidence_genes: tuple[str, ...] = ()
    conflicting_genes: tuple[str, ...] = ()
    unsupported_genes: tuple[str, ...] = ()
    score_reason: str = ""
    cl_match: str = ""
    top_explained: float | None = None
    possible_tissues: tuple[str, ...] = ()
    context_conflict: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        lists = ("mixed_types", "evidence_genes", "conflicting_genes", "unsupported_genes", "possible_tissues")
        return cls(
            **{
                **data,
                **{name: tuple(data[name]) for name in lists},
                "detailed_types": tuple(CellType.from_json(t) for t in data["detailed_types"]),
                "confidence": Confidence(data["confidence"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Conversation:
    """Every message of one cluster. Texts alternate: annotations[0], checks[0], validations[0], annotations[1] ...

    `checks[i]` is what the code found in annotations[i] before anybody else read it. `calls` holds one mapping a
    request that went out (empty for the offline annotator).
    """

    annotations: tuple[str, ...] = ()
    validations: tuple[str, ...] = ()
    formatting: str | None = None
    scoring: str | None = None
    calls: tuple[Mapping[str, Any], ...] = ()
    checks: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        lists = ("annotations", "checks", "validations", "calls")
        return cls(**{**data, **{name: tuple(data[name]) for name in lists}})


@dataclass(frozen=True, slots=True)
class Usage:
    """What a cluster cost. None is unknown, which is not 0."""

    calls: int = 0
    input_tokens: int | None = 0
    output_tokens: int | None = 0
    cost_usd: float | None = 0.0

    @property
    def words(self) -> str:
        """In words: "22 calls, 45,100 tokens in, 6,020 out, cost unknown"; "" if nobody was asked."""
        if not self.calls:
            return ""
        sent, received = ("unknown" if n is None else f"{n:,}" for n in (self.input_tokens, self.output_tokens))
        cost = "unknown" if self.cost_usd is None else f"{self.cost_usd:.2g} USD"
        return f"{self.calls:,} calls, {sent} tokens in, {received} out, cost {cost}"

    def __add__(self, other: Usage) -> Usage:
        def known(one: Any, two: Any) -> Any:
            return None if one is None or two is None else one + two

        return Usage(
            self.calls + other.calls,
            known(self.input_tokens, other.input_tokens),
            known(self.output_tokens, other.output_tokens),
            known(self.cost_usd, other.cost_usd),
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class ClusterResult:
    """A cluster with its outcome; `votes` holds the opinions asked for (one today, none if it failed)."""

    cluster: Cluster
    outcome: Outcome
    reason: str = ""
    votes: tuple[Annotation, ...] = ()
    score: float | None = None
    validated: bool | None = None
    iterations: int = 0
    decided_by: str = ""
    conversation: Conversation = field(default_factory=Conversation)
    usage: Usage = field(default_factory=Usage)

    @property
    def annotation(self) -> Annotation | None:
        return self.votes[0] if self.votes else None

    @property
    def has_cell_type(self) -> bool:
        """Whether a type was named; "unresolved" is a valid answer that names none."""
        return bool(self.annotation and self.annotation.detailed_types)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            **{
                **data,
                "cluster": Cluster.from_json(data["cluster"]),
                "outcome": Outcome(data["outcome"]),
                "votes": tuple(Annotation.from_json(v) for v in data["votes"]),
                "conversation": Conversation.from_json(data["conversation"]),
                "usage": Usage.from_json(data["usage"]),
            }
        )


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Who annotated: the header of a result file, with nothing volatile (no date, no path).

    `notice` is the sentence the outputs must say first, such as that no language model was asked; `prompts` the
    version of the prompts; `parameters` what was asked for beside the model, as (name, value).
    """

    provider: str
    model: str
    engine_version: str
    notice: str = ""
    knowledge: str = ""
    prompts: str = ""
    parameters: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "parameters": tuple((name, value) for name, value in data["parameters"])})


def to_json(record: Any) -> Any:
    """The plain JSON form of a record: dataclasses become objects, tuples become lists.

    Absent statistics of a marker are left out, so that a simplified table's chunk is a list of names.
    """
    kind: type = type(record)
    # By type, and plain values first: a result has thousands of them.
    if kind in _PLAIN:
        return record
    if kind is Marker:
        return {k: v for k in _names(kind) if (v := getattr(record, k)) is not None}
    if names := _names(kind):
        return {k: to_json(getattr(record, k)) for k in names}
    if isinstance(record, (tuple, list)):
        return [v if type(v) in _PLAIN else to_json(v) for v in record]
    if isinstance(record, Mapping):
        return {k: v if type(v) in _PLAIN else to_json(v) for k, v in record.items()}
    return record


@cache
def _names(kind: type) -> tuple[str, ...]:
    """The names of a dataclass's fields, () of any other type."""
    return tuple(f.name for f in fields(kind)) if is_dataclass(kind) else ()
