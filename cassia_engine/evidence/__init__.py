"""Checks in code of what models say about genes.

citations  the genes in a text such as "**CD3D** (CD3 delta)" or "S100A8/A9"
genes      a cluster's list of genes, and which of them a citation means
naming     a claim with its genes as the list names them
types      whether a label names a cell type, or a gene in its place
checks     what a claim says, compared with the list
"""

from cassia_engine.evidence.checks import RULES, Findings, check, kind
from cassia_engine.evidence.genes import GeneList, named
from cassia_engine.evidence.naming import with_listed_names
from cassia_engine.evidence.types import CellTypeId

__all__ = ["RULES", "CellTypeId", "Findings", "GeneList", "check", "kind", "named", "with_listed_names"]
