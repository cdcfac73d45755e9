"""How a label was placed in the Cell Ontology, and how two terms stand to each other."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from cassia_engine.records.record import Record

_BY_NAME = " (by the model's ontology name)"


class How(StrEnum):
    """How a label was placed, from the surest to none."""

    ID = "id"
    EXACT = "exact"
    SYNONYM = "synonym"
    NORMALISED = "normalised"
    ABBREVIATION = "abbreviation"
    TOKENS = "tokens"
    OBSOLETE = "obsolete replaced"
    BROADER = "broader"
    COMMON_PARENT = "common parent"
    MISS = "miss"


# The term says less than the label.
NEAR_ONLY = frozenset({How.BROADER, How.COMMON_PARENT})


class Relation(StrEnum):
    """What the other label is, compared with ours."""

    SAME = "same"
    NARROWER = "narrower"  # a kind of our type
    BROADER = "broader"  # ours is a kind of it
    RELATED = "related"  # another type of our lineage
    DIFFERENT = "different"  # of another lineage
    UNKNOWN = "unknown"  # one of them says too little to tell

    @property
    def converse(self) -> Relation:
        """What ours is, compared with the other."""
        return _CONVERSE.get(self, self)


_CONVERSE = {Relation.NARROWER: Relation.BROADER, Relation.BROADER: Relation.NARROWER}


class TermMatch(Record, frozen=True):
    """How the term of a label was found, or why there is none.

    Attributes:
        how: None where no term was looked for.
        why: the reason of a miss.
        by_ontology_name: whether the model's name of a Cell Ontology term was looked up in place of its label.
    """

    how: How | None = None
    why: str = ""
    by_ontology_name: bool = False

    @property
    def text(self) -> str:
        """As the tables have it: "synonym", "miss: no term has this name"; "" where no term was looked for."""
        found = f"{self.how or ''}{_BY_NAME if self.by_ontology_name else ''}"
        return ": ".join(filter(None, (found, self.why)))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Of an earlier result file, which has the text alone."""
        found, _, why = text.partition(": ")
        how = found.removesuffix(_BY_NAME)
        return cls(How(how), why, how != found) if how in list(How) else cls(why=text)


NOT_LOOKED_FOR = TermMatch()
