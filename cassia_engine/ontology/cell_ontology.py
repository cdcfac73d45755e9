"""The Cell Ontology with both of its questions: what a term is, and which term a label means."""

from __future__ import annotations

from functools import cached_property

from cassia_engine.ontology.resolution import Resolution
from cassia_engine.ontology.resolver import Resolver
from cassia_engine.ontology.terms import Terms


class Ontology(Terms):
    """Terms by id, and the place of any label among them."""

    def resolve(self, label: str) -> Resolution:
        """The term that a label of any origin means, or an explicit miss. Never an error; remembered by label."""
        return self._resolver.resolve(label)

    @cached_property
    def _resolver(self) -> Resolver:
        return Resolver(self)


def resolve(label: str) -> Resolution:
    """`Ontology.load().resolve(label)`."""
    return Ontology.load().resolve(label)
