"""What becomes of a label: a term and how it was found, or a miss and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from cassia_engine.records import How


class Hit(NamedTuple):
    """A term and how it was found; without `cl_id` a reason why none was."""

    cl_id: str
    how: How
    why: str
    set_aside: tuple[str, ...] = ()


def miss(why: str) -> Hit:
    """No term, and why."""
    return Hit("", How.MISS, why)


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a label stands in the Cell Ontology.

    Attributes:
        label: as it was given.
        cl_id, cl_label: the term; both "" for a miss.
        how: how it was found. `broader`: part of the label has no place in the ontology, the term is the nearest one
            above. `common parent`: the label names several types, this is the close parent of all of them.
        why: in words, what decided; for a miss, the reason.
        set_aside: words of the label that do not tell the type (state, place, number), as understood.
        candidates: for a miss, ids of the nearest terms, best first, for a person to choose from; none was taken.
        steps: what was tried, in order.
    """

    label: str
    cl_id: str
    cl_label: str
    how: How
    why: str
    set_aside: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        return self.how is not How.MISS
