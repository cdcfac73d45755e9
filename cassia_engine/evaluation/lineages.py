"""The broad lineages that `same lineage` is counted by.

They are coarser than those that answers are given by (`ontology.broad_lineages`), and are kept apart from these: a
change of how cassia names general types must not change the measure it is judged by.
"""

from __future__ import annotations

from cassia_engine.ontology import Ontology

BLOOD = "CL:0000988"
OTHER_BLOOD = "other hematopoietic"
# The first lineage one of whose terms is the type itself, or above it, is the type's.
_LINEAGES: tuple[tuple[str, str], ...] = (
    ("T and innate lymphoid", "CL:0000084 CL:0001065"),
    ("B", "CL:0000945 CL:0000786 CL:0000980"),
    ("myeloid", "CL:0000766 CL:0000451 CL:0000113 CL:0000097 CL:0000094 CL:0000129 CL:0000235 CL:0000576"),
    ("erythroid and megakaryocyte", "CL:0000764 CL:0000556 CL:0000233"),
    ("hematopoietic precursor", "CL:0008001"),
    ("endothelial", "CL:0000115"),
    ("glial", "CL:0000125 CL:0002573 CL:0000126"),
    ("neural", "CL:0000540 CL:0000031"),
    ("muscle", "CL:0000187 CL:0008000 CL:0000192 CL:0000746 CL:0008002 CL:0000594"),
    ("mural", "CL:0008034 CL:0000669"),
    ("stromal", "CL:0000057 CL:0000499 CL:0000186 CL:0000134 CL:0000632 CL:0002574"),
    ("fat", "CL:0000136"),
    ("skeletal", "CL:0000138 CL:0000062 CL:0000092"),
    ("mesothelial", "CL:0000077"),
    ("melanocyte", "CL:0000148"),
    ("endocrine", "CL:0000164 CL:0000165 CL:0000163"),
    ("germ", "CL:0000586"),
    ("epithelial", "CL:0000066"),
    (OTHER_BLOOD, BLOOD),
)
_TERMS = tuple((name, frozenset(terms.split())) for name, terms in _LINEAGES)


def lineage(cl_id: str, ontology: Ontology) -> str:
    """The name of a term's lineage; "" for a term outside all of them, which shares a lineage with no other."""
    line = {cl_id} | ontology.ancestors(cl_id)
    return next((name for name, terms in _TERMS if line & terms), "")
