"""Six broad lineages, each with a hue: the same in the table, the tree, the dots and the scores."""

from __future__ import annotations

from functools import cache

from cassia_engine.ontology import Ontology
from cassia_engine.ontology.broad_lineages import lineage_of as family_of

# Name in the report, and the families of ontology.broad_lineages in it. The place is the number of the hue, from
# --lineage-0 to --lineage-5 of styles/lineages.css. Germ cells, and terms outside all families, have none.
_TABLE: tuple[tuple[str, frozenset[str]], ...] = (
    ("T and innate lymphoid", frozenset({"T and innate lymphoid"})),
    ("B and plasma", frozenset({"B"})),
    ("myeloid and other blood", frozenset({"myeloid", "erythroid", "megakaryocyte", "blood"})),
    (
        "epithelial and endocrine",
        frozenset({"epithelial", "endocrine", "choroid plexus", "corneal endothelium", "mesothelial", "trophoblast"}),
    ),
    (
        "stromal, muscle and vessel",
        frozenset({"stromal", "endothelial", "mural", "muscle", "interstitial", "gonadal", "fat", "skeletal"}),
    ),
    ("neural and glial", frozenset({"neural", "glial", "neural crest", "melanocyte"})),
)
LINEAGES = tuple(name for name, _ in _TABLE)
_HUES = {family: hue for hue, (_, families) in enumerate(_TABLE) for family in families}


@cache
def lineage_of(cl_id: str) -> int | None:
    """The index in LINEAGES of a Cell Ontology term; None without a term, or for one that is in none of them."""
    return _HUES.get(family_of(cl_id, "", Ontology.load()).family) if cl_id else None
