"""Pages on genes and terms that the report links to. They are opened by a click, and nothing of them is loaded before.

In an address `{}` stands for the gene, or for the term's id with "_" for ":"; the scripts put it in.
"""

from __future__ import annotations

from urllib.parse import quote

from cassia_engine.errors import UsageError
from cassia_engine.knowledge.genes import HUMAN, MOUSE, species_of

TERM_PAGE = "https://purl.obolibrary.org/obo/{}"
GENE_SEARCH = "https://www.ncbi.nlm.nih.gov/gene/?term="
ORGANISMS = {HUMAN: "Homo sapiens", MOUSE: "Mus musculus"}


def gene_page(species: str) -> str:
    """The address of NCBI's search for a gene symbol in a species, given in whatever words."""
    organism = _organism(species).replace('"', "")
    within = f' AND "{organism}"[orgn]' if organism else ""
    return f"{GENE_SEARCH}{{}}{quote(f'[sym]{within}', safe='', errors='replace')}"


def _organism(species: str) -> str:
    try:
        return ORGANISMS[species_of(species)]
    except UsageError:
        return species.strip()
