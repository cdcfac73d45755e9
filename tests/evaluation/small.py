"""An ontology of a few terms, on which figures can be computed by hand, and ten clusters on it.

    cell - hematopoietic cell - lymphocyte - T cell - CD4 T cell - regulatory T cell
                              - myeloid cell - monocyte
                                             - macrophage
         - endothelial cell
         - fibroblast

Lines of ancestors without "cell": T cell 3, CD4 4, regulatory 5, monocyte and macrophage 3, endothelial and
fibroblast 1.
"""

from __future__ import annotations

from cassia_engine.evaluation.gold import Expert
from cassia_engine.evaluation.predictions import Prediction, Predictions
from cassia_engine.ontology import Ontology, Term

CELL, BLOOD, LYMPHOCYTE, T, CD4, TREG = (
    *("CL:0000000", "CL:0000988", "CL:0000542"),
    *("CL:0000084", "CL:0000624", "CL:0000815"),
)
MYELOID, MONOCYTE, MACROPHAGE, ENDOTHELIAL, FIBROBLAST = (
    *("CL:0000763", "CL:0000576", "CL:0000235"),
    *("CL:0000115", "CL:0000057"),
)
_TERMS = (
    (CELL, "cell", ()),
    (BLOOD, "hematopoietic cell", (CELL,)),
    (LYMPHOCYTE, "lymphocyte", (BLOOD,)),
    (T, "T cell", (LYMPHOCYTE,)),
    (CD4, "CD4-positive, alpha-beta T cell", (T,)),
    (TREG, "regulatory T cell", (CD4,)),
    (MYELOID, "myeloid cell", (BLOOD,)),
    (MONOCYTE, "monocyte", (MYELOID,)),
    (MACROPHAGE, "macrophage", (MYELOID,)),
    (ENDOTHELIAL, "endothelial cell", (CELL,)),
    (FIBROBLAST, "fibroblast", (CELL,)),
)
ONTOLOGY = Ontology({cl_id: Term(cl_id, label, (), parents, False, "") for cl_id, label, parents in _TERMS})

# Cluster, accepted terms, tissue, label, score; the label is None where the tool does not have the cluster.
TEN: tuple[tuple[str, tuple[str, ...], str, str | None, float | None], ...] = (
    ("0", (T,), "blood", "T cell", 0.95),  # exact
    ("1", (MONOCYTE,), "blood", "monocyte", 0.95),  # exact, with the same score
    ("2", (CD4,), "blood", "T cell", 0.85),  # parent
    ("3", (TREG,), "blood", "T cell", 0.75),  # ancestor
    ("4", (MONOCYTE,), "blood", "macrophage", 0.75),  # same lineage, with the same score
    ("5", (ENDOTHELIAL,), "lung", "fibroblast", 0.65),  # different
    ("6", (FIBROBLAST,), "lung", "zorp", 0.35),  # no place in the ontology
    ("7", (T,), "lung", "Unknown", 0.25),  # abstained
    ("8", (ENDOTHELIAL,), "lung", None, None),  # missing
    ("9", (MONOCYTE, MACROPHAGE), "lung", "macrophage", None),  # exact: the second of two
)


def experts() -> tuple[Expert, ...]:
    return tuple(Expert(cluster, "", accepted, tissue=tissue) for cluster, accepted, tissue, _, _ in TEN)


def predictions() -> Predictions:
    answers = (Prediction(cluster, (label,), score=score) for cluster, _, _, label, score in TEN if label is not None)
    return Predictions("ten", "ten", "table", tuple(answers), "score", 1.0)
