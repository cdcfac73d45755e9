"""Gene symbols across spellings and species: old names, letter case, human and mouse orthologs."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache, lru_cache
from importlib.resources import files

from cassia_engine.knowledge.species import HUMAN as HUMAN
from cassia_engine.knowledge.species import MOUSE as MOUSE
from cassia_engine.knowledge.species import SPECIES as SPECIES
from cassia_engine.knowledge.species import species_of as species_of

_PREFIX = re.compile(r"^(GRCH38|GRCM38|GRCM39|HG19|HG38|MM10|MM39)_+")


@lru_cache(maxsize=8192)  # A cluster's genes are looked up again and again, and clusters share them.
def spellings(gene: str) -> tuple[str, ...]:
    """How a symbol may be written in the knowledge, likeliest first.

    As it stands without regard to case; under its present name if it is an old one; with the "-" that R
    turned into ".".
    """
    plain = _PREFIX.sub("", gene.strip().upper())
    dashed = plain.replace(".", "-")
    return tuple(dict.fromkeys((plain, _aliases().get(plain, plain), dashed)))


def translate(gene: str, source: str, target: str) -> tuple[str, ...]:
    """The upper-case symbols in species `target` of a gene of species `source`.

    A gene without an ortholog keeps its own symbol, unless that is the name of another gene there.
    """
    symbol = gene.upper()
    if source == target:
        return (symbol,)
    found = _orthologs(source, target).get(symbol, ())
    return found if found or symbol in _orthologs(target, source) else (symbol,)


@cache
def _orthologs(source: str, target: str) -> dict[str, tuple[str, ...]]:
    pairs: dict[str, list[str]] = defaultdict(list)
    for line in _lines("orthologs.tsv"):
        human, mouse = line.upper().split("\t")
        symbols = {HUMAN: human, MOUSE: mouse}
        pairs[symbols[source]].append(symbols[target])
    return {symbol: tuple(found) for symbol, found in pairs.items()}


@cache
def _aliases() -> dict[str, str]:
    pairs = (line.partition("\t") for line in _lines("gene_aliases.tsv"))
    return {old: present for old, _, present in pairs}


def _lines(name: str) -> list[str]:
    text = (files("cassia_engine") / "data" / name).read_text(encoding="utf-8")
    return text.splitlines()[1:]
