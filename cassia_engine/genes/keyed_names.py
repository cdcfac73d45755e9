"""Genes with the id of their cluster before or behind them: row names of rbind of a named list in R (0.CD3D)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from cassia_engine.genes.affixes import is_common_affix
from cassia_engine.genes.recognised import is_recognised, share

_SIGNS = (".", "_", ":", "|")
# Nearly all names have an id, few ids are on all of them, and genes are known without it but not with it.
_NEARLY_ALL, _KNOWN_WITHOUT, _KNOWN_WITH = 0.95, 0.5, 0.2
_LEAST_GENES = 2  # of an id, on average


def keyed_genes(names: Collection[str]) -> Mapping[str, tuple[str, str]]:
    """Cluster and gene of each name, where nearly all have one of several ids before or behind them; else {}."""
    if share(names) > _KNOWN_WITH:
        return {}
    ways = [(sign, behind) for behind in (False, True) for sign in _SIGNS]
    return next((found for sign, behind in ways if (found := _split(names, sign, behind))), {})


def may_be_keyed(names: Collection[str]) -> bool:
    """Whether some names of a table leave open that all have an id."""
    parted = (sum(sign in name for name in names) for sign in _SIGNS)
    return max(parted, default=0) >= _NEARLY_ALL * len(names) and share(names) <= _KNOWN_WITH


def _split(names: Collection[str], sign: str, behind: bool) -> Mapping[str, tuple[str, str]]:
    counts = Counter(id_ for name in names for id_, gene in _parts(name, sign, behind) if is_recognised(gene))
    found: dict[str, tuple[str, str]] = {}
    for name in names:
        parts = [part for part in _parts(name, sign, behind) if counts[part[0]] >= _LEAST_GENES or part[0].isdecimal()]
        if parts:
            # Of "T.cell.CD3D" it is the one with the known gene; of "0.RP11-34P13.7" the id of most names.
            found[name] = max(parts, key=lambda part: (is_recognised(part[1]), counts[part[0]]))
    ids = {id_ for id_, _ in found.values()}
    genes = {gene for _, gene in found.values()}
    if len(found) < _NEARLY_ALL * len(names) or len(ids) < 2 or _LEAST_GENES * len(ids) > len(found):
        return {}
    if all(map(is_common_affix, ids)):
        return {}  # genomes or assays
    numbered = all(map(str.isdecimal, ids)) and len(genes) < len(found)
    if not numbered and share(genes) < _KNOWN_WITHOUT:
        return {}
    return {name: found.get(name, ("", name)) for name in names}


def _parts(name: str, sign: str, behind: bool) -> Iterator[tuple[str, str]]:
    """The ways to split a name at a sign, into id and gene."""
    end = name.find(sign, 1)
    while 0 < end < len(name) - 1:
        one, other = name[:end], name[end + len(sign) :]
        yield (other, one) if behind else (one, other)
        end = name.find(sign, end + 1)
