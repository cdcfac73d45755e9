"""Checks in code of what models say about genes.

citations    the genes in a text such as "**CD3D** (CD3 delta)" or "S100A8/A9"
genes        a cluster's list of genes, and which of them a citation means
naming       a claim with its genes as the list names them
types        whether a label names a cell type, or a gene in its place
checks       what a claim says, compared with the list
cell_health  what is doubtful about a cluster's cells, whatever it is called
"""

from cassia_engine.evidence.cell_health import HealthIssue, HealthKind, health_issues
from cassia_engine.evidence.checks import RULES, Findings, check, kind
from cassia_engine.evidence.genes import GeneList, hardly_expressed, named
from cassia_engine.evidence.naming import with_listed_names
from cassia_engine.evidence.types import CellTypeId

__all__ = [
    "RULES",
    "CellTypeId",
    "Findings",
    "GeneList",
    "HealthIssue",
    "HealthKind",
    "check",
    "hardly_expressed",
    "health_issues",
    "kind",
    "named",
    "with_listed_names",
]
