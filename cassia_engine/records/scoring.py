"""How offline marker scoring came to its answer, as typed values: what a reader needs to check it gene by gene."""

from __future__ import annotations

from cassia_engine.records.record import Number, Record


class ScoredType(Record, frozen=True):
    """A cell type that was scored.

    Attributes:
        score: 0 to 100; not a probability.
        strength: the number that types are ranked by; comparable within a cluster only.
        genes: its markers in the cluster's list with the weight of each, heaviest first.
        expected: whether it is known from the data's tissue, from one near it, or from all.
    """

    label: str
    cl_id: str
    score: Number
    strength: Number
    genes: tuple[tuple[str, Number], ...]
    expected: bool = True


class ScoringCheck(Record, frozen=True):
    """A yes-or-no question about the answer, answered in code.

    Attributes:
        failure: what failed, in a few words; "" if it passed.
    """

    question: str
    passed: bool
    detail: str
    failure: str = ""


class Tie(Record, frozen=True):
    """Types that came out about as strong as the answer.

    Attributes:
        types: their labels, strongest first.
        broader: the answer is broader than each of them, and was chosen for that.
    """

    types: tuple[str, ...]
    broader: bool


class MarkerScoring(Record, frozen=True):
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
        tie: which types came out about the same; None where none did.
    """

    known_genes: int
    types: tuple[ScoredType, ...] = ()
    tissues: tuple[str, ...] = ()
    rival: str = ""
    rival_strength: Number = 0.0
    rival_genes: tuple[str, ...] = ()
    one_gene: Number = 0.0
    checks: tuple[ScoringCheck, ...] = ()
    tie: Tie | None = None

    @property
    def margin(self) -> float:
        """How far the first type is ahead of the second, from 0, which is a tie, to 1, where there is no other type."""
        if len(self.types) < 2 or not self.types[0].strength:
            return 1.0
        return round(max(0.0, 1 - self.types[1].strength / self.types[0].strength), 4)
