"""The Cell Ontology's terms, labels and parents, from the table that ships with the package.

The table is made by scripts/make_ontology.py; its source and licence are in data/ATTRIBUTION.md.
"""

from __future__ import annotations

from functools import cache, cached_property
from importlib.resources import files
from typing import NamedTuple

RELEASE = "2026-03-26"


class Term(NamedTuple):
    """A term of the ontology; `parents` are the direct ones ("is a")."""

    id: str
    label: str
    synonyms: tuple[str, ...]
    parents: tuple[str, ...]
    deprecated: bool
    replaced_by: str


class Ontology:
    """Terms by id. An id that the release does not have gives "" or nothing, never an error.

    Attributes:
        version: date of the Cell Ontology release.
    """

    version = RELEASE

    def __init__(self, terms: dict[str, Term]):
        self._terms = terms
        self._ancestors: dict[str, frozenset[str]] = {}

    @classmethod
    @cache
    def load(cls) -> Ontology:
        """The shipped ontology, read once a process."""
        text = (files("cassia_engine") / "data" / "cl.tsv").read_text(encoding="utf-8")
        return cls({t.id: t for t in map(_term, text.splitlines()[1:])})

    def __contains__(self, cl_id: str) -> bool:
        return cl_id in self._terms

    def label(self, cl_id: str) -> str:
        term = self._terms.get(cl_id)
        return term.label if term else ""

    def deprecated(self, cl_id: str) -> bool:
        term = self._terms.get(cl_id)
        return term is not None and term.deprecated

    def parents(self, cl_id: str) -> tuple[str, ...]:
        term = self._terms.get(cl_id)
        return term.parents if term else ()

    def ancestors(self, cl_id: str) -> frozenset[str]:
        """Every term above `cl_id`, without itself."""
        known = self._ancestors.get(cl_id)
        if known is None:
            parents = self.parents(cl_id)
            known = frozenset(parents).union(*map(self.ancestors, parents))
            self._ancestors[cl_id] = known
        return known

    def find(self, label: str) -> str:
        """The current term with this label, or else this synonym, in any case; "" if there is none.

        A synonym that several terms share names none of them.
        """
        name = " ".join(label.split()).casefold()
        return self._by_label.get(name) or self._by_synonym.get(name, "")

    @cached_property
    def _by_label(self) -> dict[str, str]:
        return {t.label.casefold(): t.id for t in self._terms.values() if not t.deprecated}

    @cached_property
    def _by_synonym(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for term in self._terms.values():
            for synonym in set() if term.deprecated else set(map(str.casefold, term.synonyms)):
                found[synonym] = "" if synonym in found else term.id
        return found


def _term(line: str) -> Term:
    cl_id, label, synonyms, parents, deprecated, replaced_by = line.split("\t")
    return Term(cl_id, label, _list(synonyms), _list(parents), deprecated == "1", replaced_by)


def _list(field: str) -> tuple[str, ...]:
    return tuple(field.split("|")) if field else ()
