"""What was read in a model's replies: an annotator's claim, an adjudicator's choice, a validator's verdict, ..."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from cassia_engine.records.record import Number, Record


class Cited(Record, frozen=True, forbid_unknown_fields=False):
    """A gene and what it speaks for."""

    gene: str
    speaks_for: str


class Candidate(Record, frozen=True, forbid_unknown_fields=False):
    cell_type: str
    cl_name: str
    separating_genes: tuple[str, ...]


class Specific(Record, frozen=True, forbid_unknown_fields=False):
    """The most specific type that the genes point to, with a probability of 0 to 100 that it is right, as stated."""

    cell_type: str
    cl_name: str = ""
    separating_genes: tuple[str, ...] = ()
    probability: Number | None = None


class Partner(Record, frozen=True, forbid_unknown_fields=False):
    """A type that may be mixed into the cluster, and the genes that show it."""

    cell_type: str
    genes: tuple[str, ...]


class Claim(Record, frozen=True):
    """An annotator's answer. Fields that it left out are empty; the score is None where there is none from 0 to 100.

    `sure` is the narrowest type that the annotator is sure of, `specific` its best guess at a finer one than the first
    candidate; None where it names none. `wanted_genes` are those whose statistics a second annotator asks for.
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
    score: Number | None = None
    score_reason: str = ""
    repaired: tuple[str, ...] = ()
    sure: Candidate | None = None
    specific: Specific | None = None
    wanted_genes: tuple[str, ...] = ()

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


class Answer(Record, frozen=True, forbid_unknown_fields=False):
    """An answer to a validator's question; `yes` is None where it was neither yes nor no."""

    yes: bool | None
    genes: tuple[str, ...] = ()


class Verdict(Record, frozen=True):
    """A validator's reply: its own best type and an answer to each question, by its id."""

    own_type: str
    answers: Mapping[str, Answer]
    feedback: str = ""
    score: Number | None = None
    score_reason: str = ""
    repaired: tuple[str, ...] = ()


class Choice(Record, frozen=True):
    """An adjudicator's reply: which of two answers the list supports, "a", "b" or "" for neither, and the genes."""

    answer: str
    for_a: tuple[str, ...] = ()
    for_b: tuple[str, ...] = ()
    reason: str = ""
    repaired: tuple[str, ...] = ()


class Hypothesis(Record, frozen=True, forbid_unknown_fields=False):
    """A type that a cluster may have, the genes for and against it, and what would decide on it."""

    cell_type: str
    cl_name: str = ""
    genes_for: tuple[str, ...] = ()
    genes_against: tuple[str, ...] = ()
    still_open: str = ""


class Enquiry(Record, frozen=True):
    """An investigator's reply: its hypotheses, the likeliest first, and the genes whose statistics it wants."""

    hypotheses: tuple[Hypothesis, ...]
    wanted_genes: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()


Said: TypeAlias = Claim | Choice | Verdict | Enquiry
