"""How offline marker scoring came to its answer, as typed values: what a reader needs to check it gene by gene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class ScoredType:
    """A cell type that was scored.

    Attributes:
        score: 0 to 100; not a probability.
        strength: the number that types are ranked by; comparable within a cluster only.
        genes: its markers in the cluster's list with the weight of each, heaviest first.
        expected: whether it is known from the data's tissue, from one near it, or from all.
    """

    label: str
    cl_id: str
    score: float
    strength: float
    genes: tuple[tuple[str, float], ...]
    expected: bool = True

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "genes": tuple((gene, weight) for gene, weight in data["genes"])})


@dataclass(frozen=True, slots=True)
class ScoringCheck:
    """A yes-or-no question about the answer, answered in code."""

    question: str
    passed: bool
    detail: str

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class MarkerScoring:
    """How the answer for one cluster came about.

    Attributes:
        known_genes: how many of the cluster's markers are in the marker knowledge.
        types: the best types, best first; the first is the answer. Empty if no marker is in the knowledge.
        tissues: what the tissue was read as; empty if no tissue counted.
        rival: the strongest type of an unrelated lineage, "" for none.
        rival_strength: its strength by the genes that mark no type related to the answer.
        rival_genes: these genes, strongest first.
        one_gene: what is added to both strengths, so that a single gene does not score 100.
        checks: the checks in code.
    """

    known_genes: int
    types: tuple[ScoredType, ...] = ()
    tissues: tuple[str, ...] = ()
    rival: str = ""
    rival_strength: float = 0.0
    rival_genes: tuple[str, ...] = ()
    one_gene: float = 0.0
    checks: tuple[ScoringCheck, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            **{
                **data,
                "types": tuple(map(ScoredType.from_json, data["types"])),
                "tissues": tuple(data["tissues"]),
                "rival_genes": tuple(data["rival_genes"]),
                "checks": tuple(map(ScoringCheck.from_json, data["checks"])),
            }
        )
