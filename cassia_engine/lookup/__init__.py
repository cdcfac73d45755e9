"""Genes that a language model asks for: what the whole table, and the cells of an AnnData, say of them.

gene_table     the statistics of all genes in all clusters
cell_values    what the cells of an AnnData say of genes that are not ranked
lookup         what is found for the genes that are asked for
offer          whether there is anything to ask for
stored         the same in the file that split writes for annotate
"""

from cassia_engine.lookup.gene_table import MOST_COUNTED, GeneTable, Row, read_gene_table
from cassia_engine.lookup.lookup import MOST_MISSING, MOST_OTHERS, GeneSource, Lookup, gene_list
from cassia_engine.lookup.offer import can_look_up, genes_offered, is_pipe
from cassia_engine.lookup.stored import StoredTable, write_table

__all__ = [
    "MOST_COUNTED",
    "MOST_MISSING",
    "MOST_OTHERS",
    "GeneSource",
    "GeneTable",
    "Lookup",
    "Row",
    "StoredTable",
    "can_look_up",
    "gene_list",
    "genes_offered",
    "is_pipe",
    "read_gene_table",
    "write_table",
]
