"""Broad lineages: the general type of an answer, and which answers have nothing to do with each other."""

from __future__ import annotations

from typing import NamedTuple

from cassia_engine.ontology.terms import Terms


class Lineage(NamedTuple):
    """A broad cell type; lineages of one family blend into each other."""

    family: str
    cl_id: str  # of the general type
    label: str


# (family, general type, terms): the first term that a type is or descends from is its lineage, so narrow ones
# come first. A general type other than the term itself stands where the ontology files a type under a function
# (pancreatic D cell is a neuron there, ciliated cell no epithelial cell) and a biologist expects the tissue.
_TABLE: tuple[tuple[str, str, str], ...] = (
    ("T and innate lymphoid", "", "CL:0000084 CL:0000623 CL:0001065"),
    ("B", "", "CL:0000786 CL:0000980 CL:0000236 CL:0000945"),
    # follicular dendritic, type B synovial, trabecular meshwork, meningothelial
    ("stromal", "CL:0000499", "CL:0000442 CL:0002301 CL:0002367 CL:0002379"),
    ("myeloid", "", "CL:0000129 CL:0000092 CL:0000097 CL:0000094 CL:0000451 CL:0000235 CL:0000576 CL:0000766"),
    ("erythroid", "", "CL:0000764"),
    ("megakaryocyte", "", "CL:0000233 CL:0000556"),
    ("blood", "", "CL:0008001 CL:0000763 CL:0000738 CL:0000988"),  # precursor, myeloid cell, leukocyte
    ("choroid plexus", "CL:0000066", "CL:0000706"),
    ("corneal endothelium", "CL:0000066", "CL:0000132"),
    ("endothelial", "", "CL:0000115"),
    ("glial", "", "CL:0000125 CL:0002573"),
    ("glial", "CL:0000125", "CL:4023059 CL:0000516 CL:0002576"),  # committed OPC, satellite glia, perineurial
    ("endocrine", "", "CL:0000163 CL:0000165"),
    # pancreatic D, other pituitary, chromaffin, melanotroph, folliculostellate, parathyroid, adrenal cortex
    ("endocrine", "CL:0000163", "CL:0000173 CL:0000637 CL:0000638 CL:0000166"),
    ("endocrine", "CL:0000163", "CL:0000440 CL:0000642 CL:0000446 CL:0002097"),
    ("neural", "", "CL:0000540 CL:0000031 CL:0011020 CL:0000047"),
    ("neural crest", "", "CL:0011012"),
    ("muscle", "CL:0000192", "CL:0002481"),  # peritubular myoid cell
    ("muscle", "", "CL:0000746 CL:0000188 CL:0000192 CL:0000187 CL:0000056"),
    ("interstitial", "", "CL:0002088"),
    ("mural", "", "CL:0000669 CL:0008034"),
    ("mural", "CL:0008034", "CL:1000618"),  # juxtaglomerular
    ("gonadal", "", "CL:0000216 CL:0000178 CL:0000501 CL:0000503 CL:0000175"),
    ("mesothelial", "", "CL:0000077"),
    ("melanocyte", "", "CL:0000148"),
    ("fat", "", "CL:0000136"),
    ("skeletal", "", "CL:0000138 CL:0000062 CL:0000137 CL:0000058 CL:0007010 CL:0002564"),
    ("germ", "", "CL:0000586"),
    ("germ", "CL:0000586", "CL:0000670"),  # primordial germ cell
    ("trophoblast", "", "CL:0000351"),
    ("epithelial", "", "CL:0000066"),
    ("stromal", "", "CL:0000057 CL:0000186 CL:0000499 CL:0000134 CL:0008019"),
    # basal, ciliated, seromucous, sebaceous, hair follicle, transit amplifying, malignant, hepatoblast,
    # salivary gland, amniocyte, mammary luminal progenitor, other secretory cell
    (
        "epithelial",
        "CL:0000066",
        "CL:0000646 CL:0000064 CL:0000159 CL:2000021 CL:0002559 CL:0009010 CL:0001064 CL:0005026 CL:0009005 "
        "CL:0002323 CL:0009116 CL:0000151",
    ),
)
_LINEAGES = {term: (family, general or term) for family, general, terms in _TABLE for term in terms.split()}
# Precursors and unspecific leukocytes share their markers with every mature blood cell.
_BLOOD = frozenset({"blood", "T and innate lymphoid", "B", "myeloid", "erythroid", "megakaryocyte"})


def lineage_of(cl_id: str, label: str, ontology: Terms) -> Lineage:
    """The lineage of a term; a term outside all of them, or a type without one, stands for itself."""
    found = table_lineage(cl_id, ontology)
    return found or Lineage(cl_id or label, cl_id, ontology.label(cl_id) or label)


def table_lineage(cl_id: str, ontology: Terms) -> Lineage | None:
    """The lineage of a term; None for one outside all of them."""
    line = {cl_id} | ontology.ancestors(cl_id)
    for term, (family, general) in _LINEAGES.items():
        if term in line:
            return Lineage(family, general, ontology.label(general))
    return None


def related(family: str, other: str) -> bool:
    """Whether types of the two families may share markers without being mixed."""
    return family == other or ("blood" in (family, other) and {family, other} <= _BLOOD)
