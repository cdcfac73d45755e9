"""Identifiers that are no gene symbols: what they are called, how they look, and what to do about them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from cassia_engine.knowledge.known import is_symbol

WITH_MAP = "give a table of id and symbol with {gene_map}"
LONGEST_NAME = 200  # characters; a longer text is no gene's name, and takes patterns long
_NEAREST = "give gene activity scores, or the genes nearest to the peaks"
_PROBES = "give the symbols of the array's annotation, or a table of id and symbol with {gene_map}"
_ENSEMBL = r"(?:ENS|Ens|ens)[A-Za-z]{0,6}[GTPgtp]\d{6,}"


@dataclass(frozen=True, slots=True)
class IdKind:
    """A kind of identifier; `version` is the end that may be missing from a gene map."""

    name: str
    pattern: re.Pattern[str]
    version: re.Pattern[str] | None = None
    remedy: str = WITH_MAP

    def fits(self, name: str) -> bool:
        """Whether a name is of this kind; P2RY12 looks like an accession of UniProt and is a symbol."""
        return len(name) <= LONGEST_NAME and bool(self.pattern.fullmatch(name)) and not is_symbol(name)


def _kind(name: str, pattern: str, version: str = "", remedy: str = WITH_MAP) -> IdKind:
    whole = re.compile(rf"(?:{pattern})(?:{version})?" if version else pattern)
    return IdKind(name, whole, re.compile(f"(?:{version})$") if version else None, remedy)


ENSEMBL = _kind("Ensembl ids", _ENSEMBL, r"[._]\d+")
ENTREZ = _kind("Entrez ids", r"\d+", r"\.0")
# The first kind that fits counts.
KINDS = (
    ENSEMBL,
    ENTREZ,
    _kind("FlyBase ids", r"FB(?:gn|tr|pp)\d{7}"),
    _kind("WormBase ids", r"WBGene\d{8}"),
    _kind("HGNC ids", r"HGNC:\d+"),
    _kind("MGI ids", r"MGI:\d+"),
    _kind("RGD ids", r"RGD:\d+"),
    _kind("ZFIN ids", r"ZDB-[A-Z]+-\d{6}-\d+"),
    _kind("SGD ids", r"S(?:GD:S)?\d{9}"),
    _kind("Xenbase ids", r"XB-GENE-\d+"),
    _kind("NCBI Gene ids", r"(?:NCBI)?(?:GeneID|Gene|ENTREZID|Entrez|entrez|geneid):\d+"),
    _kind("RefSeq accessions", r"[NX][MRPG]_\d+", r"\.\d+"),
    _kind("TAIR locus ids", r"A[Tt][1-5CM][Gg]\d{5}", r"\.\d+"),
    _kind("systematic names of yeast genes", r"Y[A-P][LR]\d{3}[WC](?:-[A-H])?"),
    _kind("UCSC transcript ids", r"uc\d{3}[a-z]{3}", r"\.\d+"),
    _kind("Havana ids", r"OTT[A-Z]{3,6}[GTP]\d{9,}", r"\.\d+"),
    _kind(
        "peaks",
        r"(?:chr[A-Za-z0-9]+(?:[_.][A-Za-z0-9]+)*?|\d{1,2}[LR]?|X|Y|MT?|(?:GL|KI|JH|NC_)\w+(?:\.\d)?)"
        r"[:_.-]\d+(?:[-_.:]|\.\.)\d+",
        remedy=_NEAREST,
    ),
    _kind("probe ids", r"\d+(?:_[a-z]{1,2})?_at|ILMN_\d+|A_\d{2}_P\d+|TC\d{8,}\.\w+|cg\d{8}", remedy=_PROBES),
    _kind(
        "UniProt accessions",
        r"(?:[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2})(?:_[A-Z]+)?",
        r"-\d+",
    ),
)
_ANY = re.compile("|".join(f"(?:{kind.pattern.pattern})" for kind in KINDS if kind is not ENTREZ))
# Certain wherever they stand, also joined to a symbol: an id that nothing else looks like.
CERTAIN = "|".join(
    (
        _ENSEMBL + r"(?:[._]\d+)?",
        r"FBgn\d{7}",
        r"WBGene\d{8}",
        r"HGNC:\d+",
        r"MGI:\d+",
        r"ZDB-GENE-\d{6}-\d+",
        r"[NX][MR]_\d+(?:\.\d+)?",
    )
)


# Names of species whose tables may have many of them: said only where a table's genes are unknown.
_LIKELY = (
    _kind("annotation ids of FlyBase", r"C[GR]\d{3,5}"),
    _kind("sequence names of WormBase", r"[A-Z]\w{1,8}\.\d{1,3}[a-z]?"),
    _kind("transcripts of StringTie", r"MSTRG\.\d+(?:\.\d+)?"),
    _kind(
        "peaks with a gene",
        r"(?:chr)[A-Za-z0-9_]{1,20}[:_-]\d+[-_]\d+[:_|-][A-Za-z].{0,60}",
        remedy="give the genes alone",
    ),
    _kind("barcodes of cells", r"[ACGT]{12,20}(?:-\d+)?", remedy="give the column of genes"),
)


def likely_kind(genes: Collection[str]) -> IdKind | None:
    """What most of some unknown genes may be, by their form; None where that says nothing."""
    return next((kind for kind in _LIKELY if sum(map(kind.fits, genes)) * 2 > len(genes)), None)


def id_kind(genes: Collection[str]) -> IdKind | None:
    """The kind of identifier that most of the genes are, or None."""
    similar = [name for name in genes if is_id(name) or ENTREZ.fits(name)]
    if len(similar) * 2 <= len(genes):
        return None  # as of nearly all tables, with one look at each name
    return next((kind for kind in KINDS if sum(map(kind.fits, similar)) * 2 > len(genes)), None)


def is_id(name: str) -> bool:
    """Whether this is an identifier of a kind other than a bare number."""
    return len(name) <= LONGEST_NAME and bool(_ANY.fullmatch(name)) and not is_symbol(name)


def unversioned(id_: str) -> str:
    """An id without its version ("ENSG00000156738.18", "930.0"), Ensembl's in upper case; what is none as it is."""
    kind = next((kind for kind in KINDS if kind.version and kind.pattern.fullmatch(id_)), None)
    if kind is None or kind.version is None:
        return id_
    plain = kind.version.sub("", id_)
    return plain.upper() if kind is ENSEMBL else plain
