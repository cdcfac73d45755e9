"""A claim with its genes as the list names them."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from cassia_engine.evidence.genes import GeneList
from cassia_engine.records.replies import Cited, Claim


def with_listed_names(claim: Claim, genes: GeneList) -> Claim:
    """The claim with markup and remarks around genes left out, and each gene once where it is cited.

    A name that is known as it stands stays as it was written.
    """
    return replace(
        claim,
        evidence=_cited(claim.evidence, genes),
        conflicts=_cited(claim.conflicts, genes),
        candidates=tuple(replace(c, separating_genes=_names(c.separating_genes, genes)) for c in claim.candidates),
        mixture=tuple(replace(p, genes=_names(p.genes, genes)) for p in claim.mixture),
    )


def _cited(cited: Iterable[Cited], genes: GeneList) -> tuple[Cited, ...]:
    found: dict[str, Cited] = {}
    for one in cited:
        for gene in _named(one.gene, genes):
            found.setdefault(gene, replace(one, gene=gene))
    return tuple(found.values())


def _names(citations: Iterable[str], genes: GeneList) -> tuple[str, ...]:
    return tuple(dict.fromkeys(gene for text in citations for gene in _named(text, genes)))


def _named(citation: str, genes: GeneList) -> tuple[str, ...]:
    if genes.knows(citation):
        return (citation,)
    meant = genes.meant(citation)
    return (*meant.listed, *meant.aside, *meant.missing)
