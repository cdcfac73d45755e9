"""States of a cell, which say what it does and not what it is, and the genes that show them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class State:
    """A state by its genes.

    Attributes:
        kind: of its genes in data/technical_genes.tsv; many of them among a cluster's first genes are worth a hint.
        genes_are, meaning: that hint's words.
        name: as a property of a cell type; "" where it is none.
        signs: the genes that show it beside any type; a part of the table's, as some of those are of a type too.
        least: how many of the signs show it.
    """

    kind: str
    genes_are: str
    meaning: str
    name: str = ""
    signs: frozenset[str] = frozenset()
    least: int = 0


def _symbols(text: str) -> frozenset[str]:
    return frozenset(text.split())


STATES = (
    State(
        kind="cell cycle",
        genes_are="cell-cycle genes",
        meaning="many cells may be cycling",
        name="cycling",
        signs=_symbols(
            "MKI67 TOP2A CENPF CENPE UBE2C BIRC5 PCLAF TYMS RRM2 CDK1 NUSAP1 TPX2 AURKB CCNB1 CCNB2 CDC20 CCNA2 HMMR "
            "ASPM PBK DLGAP5 ZWINT MCM2 MCM5 CDCA8 KIF11 BUB1 UHRF1 PTTG1 CKAP2L MYBL2 PCNA H4C3 HIST1H4C GINS2"
        ),
        least=3,
    ),
    State(
        kind="interferon",
        genes_are="interferon-stimulated genes",
        meaning="many cells may be responding to interferon",
        name="interferon response",
        signs=_symbols("ISG15 IFIT1 IFIT2 IFIT3 MX1 MX2 OAS1 OAS2 OAS3 OASL RSAD2 IFI6 IFI44 IFI44L CMPK2 XAF1"),
        least=3,
    ),
    State(
        kind="stress",
        genes_are="heat-shock or immediate early genes",
        meaning="the cells may have been stressed when the tissue was dissociated",
        name="stress response",
        signs=_symbols("FOS FOSB JUN JUNB EGR1 ATF3 HSPA1A HSPA1B HSPA6 HSPH1 DNAJB1 HSP90AA1 HSPB1 DUSP1 IER2"),
        least=4,
    ),
    State(
        kind="mitochondrial",
        genes_are="mitochondrial genes",
        meaning="many cells may be damaged, or need much energy",
    ),
)


def states_of(genes: Collection[str]) -> tuple[str, ...]:
    """The names of the states that genes show, in any case."""
    listed = {gene.strip().upper() for gene in genes}
    return tuple(state.name for state in STATES if state.name and len(listed & state.signs) >= state.least)


def is_sign(gene: str) -> bool:
    """Whether a gene, in any case, is a sign of a state."""
    return any(gene.strip().upper() in state.signs for state in STATES)
