"""Names of a reply's fields as models write them: mainCellType, "Main cell type", **lineage_fits**."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

_LONGEST = 20_000  # characters of a text in which JSON is looked for
_SHORT = 60  # characters of a name that is kept in memory
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_JOINTS = re.compile(r"[\W_]+")
_NUMBERING = re.compile(r"^\W*(?:q(?:uestion)?[ _.]?)?\d{1,2}(?:[.):]\s*|[\s_-]+)(?=[A-Za-z])", re.IGNORECASE)

# Other names for a field that models are used to, besides other spellings of its own.
TOP: Mapping[str, tuple[str, ...]] = {
    "evidence": (
        *("supporting_genes", "supporting_markers", "supporting_evidence", "evidence_genes", "evidence_markers"),
        *("key_genes", "key_markers", "key_marker_genes", "marker_genes", "markers", "supporting_marker_genes"),
    ),
    "conflicts": ("conflicting_genes", "conflicting_markers", "contradicting_genes", "contradictory_genes"),
    "lineage": ("general_type", "general_cell_type", "main_cell_type", "broad_cell_type", "major_cell_type"),
    "candidates": (
        *("detailed_types", "detailed_cell_types", "sub_cell_types", "cell_types", "candidate_types", "subtypes"),
        *("candidate_cell_types", "ranked_candidates", "predicted_cell_types", "cell_subtypes"),
    ),
    "sure": ("sure_type", "sure_of", "certain", "certain_type"),
    "specific": ("most_specific", "most_specific_type", "specific_type", "finest_type"),
    "hypotheses": ("hypothesis", "candidates", "candidate_types", "cell_types", "possible_types"),
    "wanted_genes": (
        *("genes_wanted", "genes_to_check", "genes", "check_genes", "requested_genes", "genes_requested"),
        *("wanted", "genes_of_interest", "ask_for"),
    ),
    "for_a": ("genes_for_a", "a_genes", "a"),
    "for_b": ("genes_for_b", "b_genes", "b"),
    "choice": ("answer", "decision", "verdict", "chosen", "selected", "winner"),
    "reason": ("rationale", "explanation", "why"),
    "mixture": ("mixed_types", "possible_mixed_cell_types", "mixed_cell_types", "possible_mixture", "mixtures"),
    "state": ("cell_state",),
    "context_conflict": ("context_conflicts",),
    "possible_tissues": ("tissues",),
    "score": ("confidence_score", "confidence", "confidence_level", "overall_score"),
    "score_reason": ("score_rationale", "score_explanation", "reason_for_score"),
    "own_type": ("own_cell_type", "own_best_type", "validator_type"),
    "feedback": ("suggestion", "suggestions"),
}
ENTRY: Mapping[str, tuple[str, ...]] = {
    "gene": (
        *("gene_symbol", "gene_name", "symbol", "marker", "marker_gene", "name"),
        *("genes", "markers", "marker_genes", "gene_symbols", "symbols", "supporting_genes"),
    ),
    "speaks_for": ("supports", "speaks_against", "indicates", "meaning", "reason", "rationale"),
    "cell_type": ("type", "name", "label", "candidate", "subtype", "sub_cell_type", "identity", "lineage"),
    "cl_name": ("ontology_name", "cell_ontology_name", "cl_label", "cell_ontology_term"),
    "genes_for": ("supporting_genes", "evidence", "for", "genes", "markers", "supporting_markers"),
    "genes_against": ("conflicting_genes", "conflicts", "against", "contradicting_genes"),
    "still_open": ("open", "open_question", "question", "what_would_decide", "to_check"),
    "probability": ("confidence", "score", "likelihood"),
    "separating_genes": ("supporting_genes", "genes", "markers", "marker_genes", "key_genes", "key_markers"),
    "genes": ("gene", "markers", "marker_genes", "supporting_genes", "key_genes"),
    "answer": (
        *("value", "response", "verdict", "result", "decision", "judgement", "judgment", "assessment", "reply"),
        *("conclusion", "status", "yes_no", "is_true", "holds", "choice", "selected"),
    ),
    "question": ("name", "criterion", "check", "id", "key", "question_id", "question_name", "field", "item"),
}


def key(name: str) -> str:
    """A field's name in lower case with its words joined by "_", without a number in front."""
    if name.isidentifier() and name.islower() and not name.startswith("q"):
        return name
    name = _NUMBERING.sub("", name)
    return "_".join(_JOINTS.sub(" ", _HUMP.sub(" ", name)).casefold().split())


class Fields:
    """An object's fields, looked up without regard to how their names are written, and by other names of theirs."""

    def __init__(self, fields: Mapping[str, Any], other_names: Mapping[str, tuple[str, ...]]):
        self._values: dict[str, Any] = {}
        for name, value in fields.items():
            self._values.setdefault(_squashed(name), value)
        self._other_names = other_names

    def __contains__(self, name: str) -> bool:
        return self._find(name) is not None

    def get(self, name: str) -> Any:
        """The field's value; None if it is not there under any of its names. JSON within a text is read."""
        found = self._find(name)
        return None if found is None else unpacked(self._values[found])

    def under(self, names: Iterable[str]) -> dict[str, Any]:
        """The values of the fields that are there, by these names."""
        found = ((name, self._find(name)) for name in names)
        return {name: unpacked(self._values[one]) for name, one in found if one is not None}

    def _find(self, name: str) -> str | None:
        for one in _spellings(name, self._other_names.get(name, ())):
            if one in self._values:
                return one
        return None


def unpacked(value: Any) -> Any:
    """The list or object that a text holds as JSON or as Python writes it, else the value as it is."""
    if not isinstance(value, str) or len(value) > _LONGEST or (value[:1], value[-1:]) not in (("[", "]"), ("{", "}")):
        return value
    # Python warns of escapes that it does not know.
    for read in (json.loads,) if "\\" in value else (json.loads, ast.literal_eval):
        try:
            found = read(value)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return found if isinstance(found, (list, dict)) else value
    return value


def _squashed(name: str) -> str:
    return _squashed_short(name) if len(name) <= _SHORT else _squash(name)


def _squash(name: str) -> str:
    return _JOINTS.sub("", _NUMBERING.sub("", name)).casefold()


# Replies have the same few names, each looked up many times.
_squashed_short = lru_cache(maxsize=1024)(_squash)


@lru_cache(maxsize=256)
def _spellings(name: str, other_names: tuple[str, ...]) -> tuple[str, ...]:
    """A field's names as they are looked up, its own first."""
    return tuple(map(_squashed, (name, *other_names)))
