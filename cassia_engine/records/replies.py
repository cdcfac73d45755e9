"""What was read in a model's replies: the annotator's claim and the validator's verdict.

Names of genes and questions are in memory once when records are read: a sample has thousands of rounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from sys import intern
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Cited:
    """A gene and what it speaks for."""

    gene: str
    speaks_for: str

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(intern(data["gene"]), intern(data["speaks_for"]))


@dataclass(frozen=True, slots=True)
class Candidate:
    cell_type: str
    cl_name: str
    separating_genes: tuple[str, ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(intern(data["cell_type"]), intern(data["cl_name"]), _names(data["separating_genes"]))


@dataclass(frozen=True, slots=True)
class Partner:
    """A type that may be mixed into the cluster, and the genes that show it."""

    cell_type: str
    genes: tuple[str, ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(intern(data["cell_type"]), _names(data["genes"]))


@dataclass(frozen=True, slots=True)
class Claim:
    """An annotator's answer. Fields that it left out are empty; the score is None where there is none from 0 to 100.

    `repaired` says what had to be done to the reply to read it.
    """

    lineage: str
    candidates: tuple[Candidate, ...]
    evidence: tuple[Cited, ...] = ()
    conflicts: tuple[Cited, ...] = ()
    mixture: tuple[Partner, ...] = ()
    state: str = ""
    context_conflict: str = ""
    possible_tissues: tuple[str, ...] = ()
    score: float | None = None
    score_reason: str = ""
    repaired: tuple[str, ...] = ()

    def for_validator(self) -> dict[str, Any]:
        """The claim as its judge sees it: without the score and the reasons given for it."""
        return {
            "evidence": [{"gene": c.gene, "speaks_for": c.speaks_for} for c in self.evidence],
            "conflicts": [{"gene": c.gene, "speaks_for": c.speaks_for} for c in self.conflicts],
            "lineage": self.lineage,
            "candidates": [
                {"cell_type": c.cell_type, "cl_name": c.cl_name, "separating_genes": list(c.separating_genes)}
                for c in self.candidates
            ],
            "mixture": [{"cell_type": p.cell_type, "genes": list(p.genes)} for p in self.mixture],
            "state": self.state,
            "context_conflict": self.context_conflict,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            **{
                **data,
                "candidates": tuple(map(Candidate.from_json, data["candidates"])),
                "evidence": tuple(map(Cited.from_json, data["evidence"])),
                "conflicts": tuple(map(Cited.from_json, data["conflicts"])),
                "mixture": tuple(map(Partner.from_json, data["mixture"])),
                "possible_tissues": tuple(data["possible_tissues"]),
                "repaired": tuple(data["repaired"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a validator's question; `yes` is None where it was neither yes nor no."""

    yes: bool | None
    genes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["yes"], _names(data["genes"]))


@dataclass(frozen=True, slots=True)
class Verdict:
    """A validator's reply: its own best type and an answer to each question, by its id."""

    own_type: str
    answers: Mapping[str, Answer]
    feedback: str = ""
    score: float | None = None
    score_reason: str = ""
    repaired: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        answers = {intern(question): Answer.from_json(answer) for question, answer in data["answers"].items()}
        return cls(**{**data, "answers": answers, "repaired": tuple(data["repaired"])})


def _names(genes: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(intern, genes))
