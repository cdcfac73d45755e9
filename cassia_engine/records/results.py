"""What comes out: annotations, the conversations they are from, what these cost, and what became of each cluster."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from sys import intern
from typing import Any, Self

from cassia_engine.records.clusters import Cluster
from cassia_engine.records.json_form import to_json
from cassia_engine.records.outcomes import Confidence, ConfidenceReason, Outcome
from cassia_engine.records.rounds import Round
from cassia_engine.records.scoring import MarkerScoring
from cassia_engine.records.terms import NOT_LOOKED_FOR, TermMatch


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
        match: how the answer was placed in the ontology, or why it was not.
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
    match: TermMatch = NOT_LOOKED_FOR
    top_explained: float | None = None
    possible_tissues: tuple[str, ...] = ()
    context_conflict: str = ""

    @property
    def label(self) -> str:
        """The answer: the first candidate, or the general type where there is none ("unresolved")."""
        return self.detailed_types[0].label if self.detailed_types else self.general_type

    @property
    def text(self) -> str:
        """The annotation as the JSON text of a conversations file."""
        data = {**to_json(self), "match": self.match.text}
        named = {"cl_match" if name == "match" else name: value for name, value in data.items()}
        return json.dumps(named, ensure_ascii=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        data = {**data, "match": _match(data)}
        data.pop("cl_match", None)
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
        lists = ("annotations", "checks", "validations")
        calls = tuple(_held_once(call) for call in data["calls"])
        return cls(**{**data, **{name: tuple(map(intern, data[name])) for name in lists}, "calls": calls})


def _held_once(call: Mapping[str, Any]) -> dict[str, Any]:
    """The call with what calls have in common, such as prompts and schema, in memory once: it is most of them."""
    request = call.get("request")
    body = {"request": _shared(request)} if isinstance(request, dict) else {}
    return {intern(k): intern(v) if type(v) is str else v for k, v in {**call, **body}.items()}


def _shared(value: Any) -> Any:
    """A request's body or message with its texts interned, and other objects, such as a schema, by their JSON."""
    if isinstance(value, str):
        return intern(value)
    if isinstance(value, list):
        return [_shared(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {intern(k): _parsed(json.dumps(v)) if isinstance(v, dict) else _shared(v) for k, v in value.items()}


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    return json.loads(text)


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
class Correction:
    """What a person says of a cluster, beside whatever was answered for it.

    Attributes:
        label: the cell type in the person's words; "" for a comment alone, which changes no label.
        general_type: the broad type that the term belongs to; of a label without a term the label itself.
        cl_id, cl_label: the label's Cell Ontology term ("" where it has none).
        match: how the term was found, or why none was.
        comment: what else was said.
        decided_by: who says so.
    """

    label: str = ""
    general_type: str = ""
    cl_id: str = ""
    cl_label: str = ""
    match: TermMatch = NOT_LOOKED_FOR
    comment: str = ""
    decided_by: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "match": _match(data)})


def _match(data: Mapping[str, Any]) -> TermMatch:
    """How a term was found; earlier files have it as text."""
    return TermMatch.from_json(data["match"]) if "match" in data else TermMatch.from_text(data["cl_match"])


@dataclass(frozen=True, slots=True)
class ClusterResult:
    """A cluster with its outcome; `votes` holds the opinions asked for (one today, none if it failed).

    A `correction` leaves all else as it was: outcome, votes and conversation are what was answered. `scoring` is there
    where the offline annotator scored the markers, `rounds` where a model was asked. `objections` are what the
    validator had against the answer that stands, a sentence each; `confidence_reasons` say why a model's answer got
    its confidence and no more.
    """

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
    correction: Correction | None = None
    scoring: MarkerScoring | None = None
    objections: tuple[str, ...] = ()
    confidence_reasons: tuple[ConfidenceReason, ...] = ()
    rounds: tuple[Round, ...] = ()

    @classmethod
    def unanswered(cls, cluster: Cluster, reason: str) -> Self:
        """Of a cluster that nobody annotated: it has no markers, or was not reached for this reason."""
        if not cluster.markers:
            return cls(cluster, Outcome.NO_MARKERS, cluster.no_markers_reason)
        return cls(cluster, Outcome.NOT_REACHED, reason)

    @property
    def annotation(self) -> Annotation | None:
        """What was answered, corrected or not."""
        return self.votes[0] if self.votes else None

    @property
    def named_by_person(self) -> Correction | None:
        """The correction, where it says what the label is; None for none, and for a comment alone."""
        return self.correction if self.correction and self.correction.label else None

    @property
    def replaced(self) -> bool:
        """Whether a person's label stands in the place of an answer, whose evidence and score are then of another type.

        A person who gives the very label and term of the answer confirms it.
        """
        named, answer = self.named_by_person, self.annotation
        if named is None or answer is None:
            return False
        return (named.label.casefold(), named.cl_id) != (answer.label.casefold(), answer.cl_id)

    @property
    def standing(self) -> Annotation | None:
        """The annotation whose label stands: None where there is none, or a person's label has replaced it."""
        return None if self.replaced else self.annotation

    @property
    def label(self) -> str:
        """The cluster's label, by whomever; "unresolved" where the markers did not tell, "" where there is none."""
        named = self.named_by_person
        return named.label if named else self.annotation.label if self.annotation else ""

    @property
    def has_cell_type(self) -> bool:
        """Whether a type was named, by whomever; "unresolved" is a valid answer that names none."""
        return bool(self.named_by_person or (self.annotation and self.annotation.detailed_types))

    @property
    def failed(self) -> bool:
        """Whether it counts against --max_failed_clusters: a label by a person makes good what failed."""
        return self.outcome.is_failure and self.named_by_person is None

    @property
    def confidence_reason(self) -> str:
        """Why a model's answer got its confidence and no more, in words; "" where that is not known."""
        return "; ".join(reason.text for reason in self.confidence_reasons)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        earlier = data.get("confidence_reason")
        reasons = data.get("confidence_reasons", [{"code": "", "text": earlier}] if earlier else [])
        return cls(
            **{
                **{name: value for name, value in data.items() if name != "confidence_reason"},
                "confidence_reasons": tuple(map(ConfidenceReason.from_json, reasons)),
                "cluster": Cluster.from_json(data["cluster"]),
                "outcome": Outcome(data["outcome"]),
                "votes": tuple(Annotation.from_json(v) for v in data["votes"]),
                "conversation": Conversation.from_json(data["conversation"]),
                "usage": Usage.from_json(data["usage"]),
                "correction": data["correction"] and Correction.from_json(data["correction"]),
                "scoring": MarkerScoring.from_json(scoring) if (scoring := data.get("scoring")) else None,
                "objections": tuple(data.get("objections", ())),
                "rounds": tuple(map(Round.from_json, data.get("rounds", ()))),
            }
        )
