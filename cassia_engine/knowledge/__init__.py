"""Marker knowledge: which genes mark which cell types, in which tissues, for which species.

tables       the shipped table and a person's own, as one profile per cell type
genes        symbols across spellings and species
known        which names are symbols
short_names  symbols written in short behind another one
proteins     targets of antibodies, by their genes
species      free text about a species as one of those that are known
rule_out     genes that a cell type is known not to express
tissues      free text about a tissue as names that the tables use
"""

from cassia_engine.knowledge.tables import Knowledge, Profile

__all__ = ["Knowledge", "Profile"]
