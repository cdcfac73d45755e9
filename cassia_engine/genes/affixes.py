"""Prefixes and suffixes that tools put on all gene names of a table: genomes, assays, product names of antibodies."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from cassia_engine.errors import quoted
from cassia_engine.genes.genomes import ANY_GENOME, genome_of
from cassia_engine.genes.joined_names import joined_symbol
from cassia_engine.genes.recognised import is_recognised, share
from cassia_engine.knowledge.proteins import is_target, without_clone

_SEPARATORS = re.compile(r"[_\-.:|~ ]+")
_MOST_PARTS = 3  # as many separators are looked at, from either end
# Of names with an affix at least this share is known without it, and at most that share with it.
_KNOWN_WITHOUT, _KNOWN_WITH = 0.5, 0.2
# An affix of free choice is on this share of all names; one that fewer names than the least have is none.
_MOST, _LEAST = 0.8, 0.02
# Where nothing is known of a species' symbols: on nearly all of many names, which differ from their first letter on.
_NEARLY_ALL, _MANY, _LETTERS = 0.95, 20, 5
# Affixes that may be on some names only, as where two assays or genomes were joined.
_COMMON = re.compile(
    rf"({ANY_GENOME}|rna|gex|gene|sct|adt|abs?|antibody|"
    r"anti|prot|protein|hto|total_?seq[ABCD]?|ts[abc]|abseq|pabo|cite(seq)?)[A-Za-z]*",
    re.IGNORECASE,
)
# Ends of real symbols: antisense, divergent and intronic transcripts, pseudogenes.
_REAL_END = re.compile(r"(AS|DT|IT|OT|P|PS)\d*", re.IGNORECASE)
Parts = Callable[[str], Iterator[str]]


class _Affix(NamedTuple):
    """A prefix or suffix, with the names that have it and these without it."""

    text: str
    names: tuple[str, ...]
    without: tuple[str, ...]

    @property
    def is_common(self) -> bool:
        return bool(_COMMON.fullmatch(_token(self.text)))


def is_common_affix(text: str) -> bool:
    """Whether a text is the name of a genome or an assay, as tools put before the names of genes."""
    return bool(_COMMON.fullmatch(text))


def without_prefixes(
    names: Collection[str], species: str | None, foreign: dict[str, tuple[str, ...]]
) -> tuple[str, Mapping[str, str]]:
    """What prefixes are on the names, and each of these names without its own.

    Where genomes of human and mouse were joined, names of the other species go into `foreign`, and stay.
    """
    usable = [name for name in names if not name.startswith(tuple(foreign))]
    ends = tuple(affix.text for affix in _candidates(names, _suffixes, str.removesuffix, _MOST))
    candidates = _candidates(usable, _prefixes, str.removeprefix, _LEAST)
    found = _chosen(
        [
            affix
            for affix in candidates
            if _is_proven(affix, ends) or (species is None and _is_novel(affix, len(names)))
        ],
        len(usable),
    )
    genomes = {affix.text: genome_of(affix.text) for affix in found}
    if species and {"human", "mouse"} <= set(genomes.values()):
        others = [affix for affix in found if genomes[affix.text] not in (None, species)]
        foreign.update({affix.text: affix.names for affix in others})
        found = [affix for affix in found if affix not in others]
    return _result("prefix", "prefixes", found)


def without_suffixes(names: Collection[str]) -> tuple[str, Mapping[str, str]]:
    """What suffixes are on the names, and each of these names without its own."""
    candidates = _candidates(names, _suffixes, str.removesuffix, _LEAST)
    return _result("suffix", "suffixes", _chosen([affix for affix in candidates if _is_proven(affix)], len(names)))


def _candidates(names: Collection[str], parts: Parts, strip: Callable[[str, str], str], least: float) -> list[_Affix]:
    """The affixes that at least a share of the names have, and at least two of several names."""
    with_it: dict[str, list[str]] = defaultdict(list)
    for name in names:
        for text in () if name.isalnum() else parts(name):  # nearly all names have no separator
            with_it[text].append(name)
    number = max(min(2, len(names)), least * len(names))
    return [
        _Affix(text, tuple(some), tuple(strip(name, text) for name in some))
        for text, some in with_it.items()
        if len(some) >= number
    ]


def _chosen(proven: list[_Affix], n_names: int) -> list[_Affix]:
    """Of proven affixes those that most names have; no name has two of them."""
    # Of those on as many names the longest: Homo_sapiens_, not Homo_.
    proven = sorted(proven, key=lambda affix: (-len(affix.names), -len(affix.text), affix.text))
    taken: set[str] = set()
    chosen = []
    for affix in proven:
        if taken.isdisjoint(affix.names):
            taken.update(affix.names)
            chosen.append(affix)
    enough = len(taken) >= _MOST * n_names
    return [affix for affix in chosen if enough or affix.is_common]


def _is_proven(affix: _Affix, ends: Sequence[str] = ()) -> bool:
    """Whether names become known ones without the affix, and without one of the ends where they have that too."""
    if share(affix.names) > _KNOWN_WITH:
        return False
    known = sum(any(map(_is_known, {name, *(name.removesuffix(end) for end in ends)})) for name in affix.without)
    return known >= _KNOWN_WITHOUT * len(affix.without)


def _is_known(name: str) -> bool:
    return is_recognised(name) or is_target(without_clone(name)) or bool(joined_symbol(name))


def _is_novel(affix: _Affix, n_names: int) -> bool:
    """Whether it is on nearly all names of a species of which no symbols are known."""
    if share(affix.names) > _KNOWN_WITH or len(affix.names) < max(_MANY, _NEARLY_ALL * n_names):
        return False
    return len({name[0].upper() for name in affix.without if name[0].isalpha()}) >= _LETTERS


def _prefixes(name: str) -> Iterator[str]:
    ends = [found.end() for found in _SEPARATORS.finditer(name) if found.start()]
    return (name[:end] for end in ends[:_MOST_PARTS] if end < len(name))


def _suffixes(name: str) -> Iterator[str]:
    starts = [found.start() for found in _SEPARATORS.finditer(name) if found.end() < len(name)]
    suffixes = (name[start:] for start in starts[-_MOST_PARTS:] if start)
    return (suffix for suffix in suffixes if not _REAL_END.fullmatch(_token(suffix)))


def _token(affix: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", affix)


def _result(one: str, several: str, found: list[_Affix]) -> tuple[str, Mapping[str, str]]:
    changed = {name: plain for affix in found for name, plain in zip(affix.names, affix.without, strict=True)}
    texts = ", ".join(quoted(affix.text) for affix in found)
    return f"the {one if len(found) == 1 else several} {texts}", changed
