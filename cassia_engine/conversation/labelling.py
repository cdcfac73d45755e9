"""Which of the types of a claim are the labels: by the depth that was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from cassia_engine.conversation.term_mapper import MappedTerm, TermMapper
from cassia_engine.evidence import kind
from cassia_engine.records import CellType, Relation, TermMatch
from cassia_engine.records.replies import Candidate, Claim, Specific
from cassia_engine.replies import answer_label, is_unresolved, named_candidates

BROAD, FINE = "broad", "fine"


def types_of(
    claim: Claim, score: float | None, terms: TermMapper, depth: str
) -> tuple[tuple[CellType, ...], TermMatch]:
    """The answer and its rivals, each type once, and how the answer was placed in the ontology; () if unresolved.

    The lineage alone stands where no candidate is named. With the depth `fine` the most specific type comes first, with
    `broad` the broad lineage of the answer.
    """
    if is_unresolved(claim):
        return (), TermMatch()
    first, *others = [(c.cell_type, c.cl_name) for c in named_candidates(claim)] or [(claim.lineage, "")]
    named: list[tuple[str, str, float | None]] = [(*first, score), *((*other, None) for other in others)]
    if (finest := finest_of(claim, terms, depth)) is not None:
        named[0] = (finest.cell_type, finest.cl_name, finest.probability)
    found: dict[str, tuple[str, MappedTerm, float | None]] = {}
    for label, cl_name, given in named:
        found.setdefault(kind(label, terms.cl_id), (label, terms.map(label, cl_name), given))
    every = list(found.values())
    if depth == BROAD:
        every = _broad(every, terms)
    types = (CellType(label, place.cl_id, place.cl_label, given) for label, place, given in every)
    return tuple(types), every[0][1].match


def finest_of(claim: Claim, terms: TermMapper, depth: str) -> Specific | None:
    """The most specific type of a claim, where that is the label; None where it is not."""
    return claim.specific if depth == FINE and is_finer(claim, terms) else None


def at_depth(claim: Claim, terms: TermMapper, depth: str) -> Claim:
    """The claim with the label as its answer: the most specific type, or the broad lineage, where that is the label."""
    if depth == BROAD:
        return _at_lineage(claim, terms)
    finest = finest_of(claim, terms, depth)
    if finest is None:
        return claim
    first = Candidate(finest.cell_type, finest.cl_name, finest.separating_genes)
    return replace(claim, candidates=(first, *named_candidates(claim)[1:]), specific=None)


def _at_lineage(claim: Claim, terms: TermMapper) -> Claim:
    """The claim with its broad lineage as its answer. Who is sure of a kind of it is sure of it."""
    answer = terms.answer(claim)
    if answer is None:
        return claim
    label = terms.lineage(answer.cl_id, answer_label(claim))
    first = Candidate(label, label, ())
    broad = replace(claim, lineage=label, candidates=(first, *named_candidates(claim)[1:]), specific=None)
    sure = first if terms.sure(broad) is Relation.NARROWER else claim.sure
    return replace(broad, sure=sure)


def finer_type(claim: Claim, types: Sequence[CellType], terms: TermMapper) -> CellType | None:
    """The most specific type that the annotator named, where it says more than the answer."""
    if not types or not claim.specific or not is_finer(claim, terms):
        return None
    place = terms.map(claim.specific.cell_type, claim.specific.cl_name)
    if kind(claim.specific.cell_type, terms.cl_id) == kind(types[0].label, terms.cl_id):
        return None
    return CellType(claim.specific.cell_type, place.cl_id, place.cl_label, claim.specific.probability)


def is_finer(claim: Claim, terms: TermMapper) -> bool:
    """Whether the annotator names a finer type than its answer: not the answer itself, nor broader or of another
    lineage."""
    answer = terms.answer(claim)
    if claim.specific is None or answer is None:
        return False
    if kind(answer_label(claim), terms.cl_id) == kind(claim.specific.cell_type, terms.cl_id):
        return False
    relation = terms.compare(answer, terms.map(claim.specific.cell_type, claim.specific.cl_name))
    return relation not in (Relation.BROADER, Relation.DIFFERENT)


def _broad(
    every: Sequence[tuple[str, MappedTerm, float | None]], terms: TermMapper
) -> list[tuple[str, MappedTerm, float | None]]:
    """The lineages of types, each once, the answer's first; a type without a lineage stands for itself."""
    found: dict[str, tuple[str, MappedTerm, float | None]] = {}
    for label, place, given in every:
        lineage = terms.lineage(place.cl_id, label)
        broad = (lineage, terms.map(lineage), given) if lineage != label else (label, place, given)
        found.setdefault(broad[0], broad)
    return list(found.values())
