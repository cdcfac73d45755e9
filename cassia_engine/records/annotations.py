"""What a cluster is said to be: by an annotator, and by a person who corrects it."""

from __future__ import annotations

import json

from cassia_engine.records.json_form import to_json
from cassia_engine.records.outcomes import Confidence
from cassia_engine.records.record import Number, Record
from cassia_engine.records.terms import NOT_LOOKED_FOR, TermMatch


class CellType(Record, frozen=True):
    """A ranked candidate: a label, its Cell Ontology term ("" where it has none), and its 0-100 score."""

    label: str
    cl_id: str = ""
    cl_label: str = ""
    score: Number | None = None


class Annotation(Record, frozen=True):
    """One opinion on a cluster. A hypothesis: nothing here has been shown by an experiment.

    Attributes:
        general_type: the broad cell type, or "unresolved" where the markers do not tell.
        detailed_types: ranked candidates, best first; the first one is the answer. Empty if unresolved.
        mixed_types: types that may be mixed in this cluster, most often empty.
        state: activation, cycling and the like; never a cell type.
        cl_id, cl_label: the Cell Ontology term of the answer ("" where none is placed).
        evidence_genes: genes of the cluster's list that decided it, strongest first.
        conflicting_genes: genes of the list, or looked up, that speak against it.
        unsupported_genes: genes that were cited but are not in the list.
        score: 0 to 100; what it means is the annotator's to say, it is not a probability. None if nobody gave one.
        score_reason: why, in the annotator's or validator's words.
        match: how the answer was placed in the ontology, or why it was not.
        top_explained: share (0 to 1) of the cluster's first 20 genes that the answer explains; None if not asked.
        possible_tissues: what the markers say of the tissue, where none was given.
        context_conflict: in what the markers contradict the tissue or species that were given.
        specific: a finer type than the answer that the markers point to, with its own score; None for none.
        probability: 0 to 1, that the answer is the very type that an expert would name, as calibrated; None if not.
        probability_near: the same, that it is this type, one of its kinds or one that it is a kind of.
    """

    general_type: str
    detailed_types: tuple[CellType, ...]
    cl_id: str
    cl_label: str
    confidence: Confidence
    score: Number | None
    mixed_types: tuple[str, ...] = ()
    state: str = ""
    evidence_genes: tuple[str, ...] = ()
    conflicting_genes: tuple[str, ...] = ()
    unsupported_genes: tuple[str, ...] = ()
    score_reason: str = ""
    match: TermMatch = NOT_LOOKED_FOR
    top_explained: Number | None = None
    possible_tissues: tuple[str, ...] = ()
    context_conflict: str = ""
    specific: CellType | None = None
    probability: Number | None = None
    probability_near: Number | None = None

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


class Correction(Record, frozen=True):
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
