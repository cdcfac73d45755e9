"""A term of the Cell Ontology at three levels: its major class, the type as atlases name it, and itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from cassia_engine import package_data
from cassia_engine.ontology import Ontology, Relation, compare
from cassia_engine.ontology.broad_lineages import Lineage, table_lineage
from cassia_engine.ontology.lists import TOO_GENERAL

# The major class of families whose lineages are types of their own, such as monocyte and macrophage.
_CLASSES = {
    "B": "CL:0000236",  # B cell, with plasma cells
    "myeloid": "CL:0000763",
    "muscle": "CL:0000187",
    "mural": "CL:0008034",
    "stromal": "CL:0000499",
}
# Types by function, shape or age, which cut across those that atlases name: memory and naive T cell, sensory neuron,
# mucus secreting, neuroendocrine, duct epithelial and radial glial cell.
_ACROSS = frozenset({"CL:0000813", "CL:0000898", "CL:0000101", "CL:0000319", "CL:0000165", "CL:0000068", "CL:0000681"})
# What the ontology puts below another type, and atlases beside it: pancreatic endocrine and enteroendocrine cell,
# regulatory and CD4-positive T cell.
_BESIDE = {"CL:0008024": "CL:0000164", "CL:0000815": "CL:0000624"}
_OF_A_CLASS = (Relation.SAME, Relation.BROADER)


@dataclass(frozen=True, slots=True)
class Levels:
    """Ids of the Cell Ontology; each is the next one or above it."""

    broad: str
    medium: str
    fine: str


class Leveller:
    """Finds the levels of terms.

    Args:
        named: ids of the types that atlases name: by default those whose markers are known.
    """

    def __init__(self, ontology: Ontology, named: Collection[str] | None = None):
        self._ontology = ontology
        self._named = frozenset(named) if named is not None else _named()

    def levels(self, cl_id: str) -> Levels:
        """The levels of a current term; one outside all lineages, such as "malignant cell", has itself at each."""
        lineage = table_lineage(cl_id, self._ontology)
        if lineage is None or not self._is_of(cl_id, lineage.cl_id):
            return Levels(cl_id, cl_id, cl_id)
        broad = _CLASSES.get(lineage.family, lineage.cl_id)
        if not (self._is_of(cl_id, broad) and self._is_of(lineage.cl_id, broad)):  # such as a satellite cell of muscle
            broad = lineage.cl_id
        return Levels(broad, self._medium(cl_id, lineage, broad), cl_id)

    def _medium(self, cl_id: str, lineage: Lineage, broad: str) -> str:
        """The lineage, if it is narrower than the class; else the widest type below that which atlases name."""
        if lineage.cl_id != broad and lineage.cl_id not in TOO_GENERAL:
            return lineage.cl_id
        line = self._ontology.steps_up(cl_id)
        hidden = {above for below, above in _BESIDE.items() if below in line} | _ACROSS | TOO_GENERAL
        named = [one for one in line if one in self._named and one != broad and one not in hidden]
        inside = [one for one in named if self._is_of(one, broad) and self._family(one) == lineage.family]
        return max(inside, key=lambda one: (self._ontology.n_kinds(one), one), default=cl_id)

    def _family(self, cl_id: str) -> str:
        found = table_lineage(cl_id, self._ontology)
        return found.family if found else ""

    def _is_of(self, cl_id: str, other: str) -> bool:
        return compare(self._ontology, cl_id, other) in _OF_A_CLASS


def _named() -> frozenset[str]:
    return frozenset(cl_id for cl_id, *_ in package_data.rows("markers.tsv") if cl_id)
