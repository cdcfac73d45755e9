"""The Cell Ontology: its terms, and the place of any label in it.

`Ontology.load().resolve("CD4+ Tcm")` says which term a label means and how that was found, or why none was taken.
`compare(ontology, ours, other)` says how two terms stand to each other. docs/ontology.md explains the rules.
"""

from cassia_engine.ontology.cell_ontology import Ontology, resolve
from cassia_engine.ontology.relations import Relation, compare
from cassia_engine.ontology.resolution import Resolution
from cassia_engine.ontology.terms import CL_ID, RELEASE, WRITTEN_ID, Term

__all__ = ["CL_ID", "RELEASE", "WRITTEN_ID", "Ontology", "Relation", "Resolution", "Term", "compare", "resolve"]
