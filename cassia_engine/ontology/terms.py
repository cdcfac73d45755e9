"""The Cell Ontology's terms, labels and parents, from the table that ships with the package.

The table is made by scripts/make_ontology.py; its source and licence are in data/ATTRIBUTION.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache, cached_property
from typing import NamedTuple, Self

from cassia_engine import package_data

RELEASE = "2026-03-26"
# An id, and the same as people and file formats write it.
CL_ID = re.compile(r"CL:\d{7}")
WRITTEN_ID = re.compile(r"CL[:_](\d{7})", re.IGNORECASE)
# Where a lineage path begins: the first of these above a term, narrow ones first.
_BROAD = (
    *("CL:0000988", "CL:0000115", "CL:0002319", "CL:0000187", "CL:0000586", "CL:0000066", "CL:0000499"),
    *("CL:0002320", "CL:0000183", "CL:0000151"),
)
# Where a path goes on through, if it can: a mature B cell is a lymphocyte first, and then what presents antigens.
_LYMPHOCYTE = "CL:0000542"


class Term(NamedTuple):
    """A term of the ontology; `parents` are the direct ones ("is a")."""

    id: str
    label: str
    synonyms: tuple[str, ...]
    parents: tuple[str, ...]
    deprecated: bool
    replaced_by: str


class Terms:
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
    def load(cls) -> Self:
        """Those of the shipped ontology, read once a process."""
        return cls({t.id: t for t in map(_term, package_data.rows("cl.tsv"))})

    def __contains__(self, cl_id: str) -> bool:
        return cl_id in self._terms

    def __iter__(self) -> Iterator[Term]:
        """Every term in order of id, deprecated ones too."""
        return iter(self._terms.values())

    def label(self, cl_id: str) -> str:
        term = self._terms.get(cl_id)
        return term.label if term else ""

    def deprecated(self, cl_id: str) -> bool:
        term = self._terms.get(cl_id)
        return term is not None and term.deprecated

    def parents(self, cl_id: str) -> tuple[str, ...]:
        term = self._terms.get(cl_id)
        return term.parents if term else ()

    def current(self, cl_id: str) -> str:
        """The id itself, or of a deprecated term the one that replaces it; "" if there is none."""
        term = self._terms.get(cl_id)
        if term is None or not term.deprecated:
            return cl_id if term else ""
        successor = self._terms.get(term.replaced_by)
        return successor.id if successor and not successor.deprecated else ""

    def ancestors(self, cl_id: str) -> frozenset[str]:
        """Every term above `cl_id`, without itself."""
        known = self._ancestors.get(cl_id)
        if known is None:
            parents = self.parents(cl_id)
            known = frozenset(parents).union(*map(self.ancestors, parents))
            self._ancestors[cl_id] = known
        return known

    def is_a(self, cl_id: str, other: str) -> bool:
        """Whether the first term is the other one or below it."""
        return cl_id == other or other in self.ancestors(cl_id)

    def n_kinds(self, cl_id: str) -> int:
        """How many terms are below `cl_id`."""
        return self._kinds.get(cl_id, 0)

    @cached_property
    def _kinds(self) -> Counter[str]:
        current = (term.id for term in self._terms.values() if not term.deprecated)
        return Counter(above for cl_id in current for above in self.ancestors(cl_id))

    def steps_up(self, cl_id: str) -> dict[str, int]:
        """Each term above `cl_id`, and itself, with the least number of "is a" steps to it; nearest first."""
        steps = {cl_id: 0} if cl_id in self._terms else {}
        line = list(steps)
        for term in line:
            for parent in self.parents(term):
                if parent not in steps:
                    steps[parent] = steps[term] + 1
                    line.append(parent)
        return steps

    def line(self, cl_id: str) -> tuple[str, ...]:
        """Terms from the broad lineage (such as hematopoietic cell) down to `cl_id`, by the shortest way.

        A term outside the broad lineages starts at the root; a term that the release does not have gives ().
        """
        above = self.steps_up(cl_id)
        if not above:
            return ()
        start = next((b for b in _BROAD if b in above), max(above, key=lambda term: above[term]))
        if _LYMPHOCYTE in above:
            return (*self._way(start, _LYMPHOCYTE)[:-1], *self._way(_LYMPHOCYTE, cl_id))
        return self._way(start, cl_id)

    def _way(self, start: str, cl_id: str) -> tuple[str, ...]:
        """The shortest way down; of several the one with the lowest ids."""
        steps = self.steps_up(cl_id)
        path = [start]
        while path[-1] != cl_id:
            below = steps[path[-1]] - 1
            path.append(min(t for t, n in steps.items() if n == below and path[-1] in self.parents(t)))
        return tuple(path)

    def lineage_path(self, cl_id: str) -> tuple[str, ...]:
        """The labels of `line`."""
        return tuple(map(self.label, self.line(cl_id)))

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


def _term(row: list[str]) -> Term:
    cl_id, label, synonyms, parents, deprecated, replaced_by = row
    return Term(cl_id, label, _list(synonyms), _list(parents), deprecated == "1", replaced_by)


def _list(field: str) -> tuple[str, ...]:
    return tuple(field.split("|")) if field else ()
