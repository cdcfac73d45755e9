"""The current terms of the Cell Ontology with their names, by which the page completes a label that a person types."""

from __future__ import annotations

from functools import cache

from cassia_engine.ontology import Ontology


@cache
def terms() -> list[list[str]]:
    """For each term its id, its label and its synonyms, in order of id."""
    return [[t.id, t.label, *t.synonyms] for t in Ontology.load() if not t.deprecated]
