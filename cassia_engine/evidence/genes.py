"""A cluster's genes, and which of them a model means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from cassia_engine.evidence import citations
from cassia_engine.knowledge.genes import spellings
from cassia_engine.knowledge.known import is_symbol
from cassia_engine.knowledge.proteins import target_genes
from cassia_engine.knowledge.rule_out import RuledOutBy, excluding_genes
from cassia_engine.knowledge.short_names import continued
from cassia_engine.records import TOP_GENES, Cluster

HARDLY_EXPRESSED = 0.05  # a gene that fewer of a cluster's cells express says little of them
_SHOWN = 10  # genes that a line names

# Names of proteins that models cite for their genes, and that no table of symbols or antibodies has.
_PROTEINS: Mapping[str, str] = {
    "ki67": "MKI67",
    "tbet": "TBX21",
    "ckit": "KIT",
    "iba1": "AIF1",
    "neun": "RBFOX3",
    "asma": "ACTA2",
    "ecadherin": "CDH1",
    "vecadherin": "CDH5",
    "perforin": "PRF1",
    "granulysin": "GNLY",
    "granzymea": "GZMA",
    "granzymeb": "GZMB",
    "granzymek": "GZMK",
    "tnfalpha": "TNF",
    "ifngamma": "IFNG",
}


@dataclass(frozen=True, slots=True)
class Meant:
    """The genes of a citation.

    Attributes:
        listed: those of the list, as it spells them.
        aside: those that were set aside from it, as they were cited.
        missing: those that are neither.
    """

    listed: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.listed or self.aside or self.missing)


def hardly_expressed(cluster: Cluster, genes: Iterable[str]) -> dict[str, float]:
    """Markers of a cluster that fewer than HARDLY_EXPRESSED of its cells express, each with that fraction."""
    wanted = set(genes)
    found = ((m.gene, m.pct_in) for m in cluster.markers if m.gene in wanted and m.pct_in is not None)
    return {gene: fraction for gene, fraction in found if fraction < HARDLY_EXPRESSED}


class GeneList:
    """A cluster's genes, found in any case, under old names and with markup around them.

    Attributes:
        size, n_listed: how many there are, and how many of them are of the list.
        words: "50 listed genes", and how many of them were looked up besides.
        top: the first 20 of the list.
        looked_up: those that were looked up besides.
        has_fractions: of some it is known how many cells express them.
    """

    def __init__(self, cluster: Cluster, n_looked_up: int = 0):
        """
        Args:
            n_looked_up: how many of the cluster's genes, at the end of its list, were looked up.
        """
        genes = cluster.genes
        self.size = len(genes)
        looked_up = f" and {n_looked_up} looked up" if n_looked_up else ""
        self.n_listed = self.size - n_looked_up
        self.words = f"{self.n_listed} listed genes{looked_up}"
        self.top = frozenset(genes[: min(TOP_GENES, len(genes) - n_looked_up)])
        self.looked_up = frozenset(genes[len(genes) - n_looked_up :]) if n_looked_up else frozenset()
        self._genes = frozenset(genes)
        self._cluster = cluster
        listed = cluster.markers[: len(genes) - n_looked_up]
        self._list = replace(cluster, markers=listed) if n_looked_up else cluster
        self.has_fractions = any(m.pct_in is not None for m in cluster.markers)
        self._listed = _by_spelling(genes)
        self._aside = _by_spelling(gene for aside in cluster.set_aside for gene in aside.genes)
        self._meant: dict[str, Meant] = {}

    def find(self, gene: str) -> str:
        """The listed gene of a name without markup, as the list spells it; "" if there is none."""
        return _first(self._listed, gene)

    def was_set_aside(self, gene: str) -> bool:
        return bool(_first(self._aside, gene))

    def knows(self, gene: str) -> bool:
        """Whether a name without markup is that of a gene that is listed or was set aside."""
        return bool(self.find(gene)) or self.was_set_aside(gene)

    def meant(self, citation: str) -> Meant:
        """The genes that a citation means. One that is not listed is never taken for one that is."""
        if citation not in self._meant:
            self._meant[citation] = self._read(citation)
        return self._meant[citation]

    def listed(self, citations: Iterable[str]) -> tuple[str, ...]:
        """Those that are in the list, each once, as the list spells them."""
        return _once(gene for text in citations for gene in self.meant(text).listed)

    def missing(self, citations: Iterable[str]) -> tuple[str, ...]:
        """Those that are neither in the list nor set aside from it, each once."""
        return _once(gene for text in citations for gene in self.meant(text).missing)

    def set_aside(self, citations: Iterable[str]) -> tuple[str, ...]:
        """Those that were set aside from the list, each once."""
        return _once(gene for text in citations for gene in self.meant(text).aside)

    def hardly_expressed(self, listed: Iterable[str]) -> dict[str, float]:
        """Those that fewer than HARDLY_EXPRESSED of the cells express, each with that fraction."""
        return hardly_expressed(self._cluster, listed)

    def was_looked_up(self, citation: str) -> bool:
        """Whether a citation means genes that were looked up, and no others."""
        return bool(found := self.meant(citation).listed) and self.looked_up.issuperset(found)

    def names_looked_up(self, text: str) -> bool:
        """Whether a sentence has one of those that were looked up in it."""
        return bool(self.looked_up) and any(map(self.was_looked_up, re.findall(r"[\w.-]*\w", text)))

    def down(self, genes: Iterable[str]) -> tuple[str, ...]:
        """Those that were looked up and are lower in the cluster than elsewhere: by the fold change, else the score."""
        found = {
            m.gene: m.score if m.log2fc is None else m.log2fc for m in self._cluster.markers if m.gene in self.looked_up
        }
        return tuple(gene for gene in genes if (value := found.get(gene)) is not None and value < 0)

    def ruling_out(self, cl_id: str, exempt: Iterable[str] = ()) -> tuple[RuledOutBy, ...]:
        """Those that rule a cell type out; citations of `exempt` are explained by another type of a mixture."""
        return excluding_genes(cl_id, self._list, self.listed(exempt))

    def not_listed(self, genes: tuple[str, ...]) -> str:
        """That genes are not in the list, as the only thing that can be said of them."""
        return f"{named(genes)} {'is' if len(genes) == 1 else 'are'} not in the list of {self.n_listed} genes."

    def _read(self, citation: str) -> Meant:
        if gene := self.find(citation):
            return Meant(listed=(gene,))
        if self.was_set_aside(citation):
            return Meant(aside=(citation,))
        cited = citations.read(citation)
        found = self._of_names(cited.names)
        if not found and not cited.negative:
            found = self._of_remarks(cited.remarks) or self._written_out(cited.text)
        elif len(cited.names) == 1 and not self._by_own_name(cited.names[0]):
            # "CD3 (CD3D, CD3E)" says itself which genes of the protein are meant.
            found = self._of_protein(cited.names[0], self._of_remarks(cited.remarks)) or found
        return found or Meant(missing=(cited.text or citation,))

    def _written_out(self, text: str) -> Meant:
        """The genes of a short form for several, if every part is a gene."""
        out = citations.written_out(text)
        parts = citations.read(out).names if out != text else ()
        found = self._of_names(parts)
        known = len(found.listed) + len(found.aside) + len(found.missing)
        return found if parts and known == len(set(parts)) and not _is_gene(text) else Meant()

    def _by_own_name(self, name: str) -> str:
        """The listed gene of which this is the present name, not an old one or a protein's."""
        genes = ((variant, self.find(variant)) for variant in citations.variants(name))
        return next((gene for variant, gene in genes if gene.upper() == variant.upper()), "")

    def _of_protein(self, protein: str, found: Meant) -> Meant:
        """What is found of the genes of a protein."""
        wanted = set(map(self.find, target_genes(protein)))
        own = (gene for gene in found.listed if gene in wanted or gene.upper().startswith(protein.upper()))
        return Meant(tuple(own))

    def _of_names(self, names: tuple[str, ...]) -> Meant:
        """The genes at the head of a citation. What is no gene's name beside one that is counts as a remark."""
        listed, aside, missing = list[str](), list[str](), list[str]()
        base = ""
        for name in names:
            if gene := self._one(name) or self._short_form(base, name) or self._within(name):
                (listed if self.find(gene) else aside).append(gene)
                base = gene
                more = self._further(name, gene)
                listed += more.listed
                missing += more.missing
            elif gene := next(filter(_is_gene, (name, name.split()[0], *_sure_short_forms(base, name))), ""):
                missing.append(gene)
                base = gene
        return Meant(_once(listed), _once(aside), _once(missing))

    def _further(self, name: str, first: str) -> Meant:
        """Further genes among the words: listed ones, spelled exactly; others where nothing but genes is named."""
        words = [word.strip(".,;:!?'") for word in name.split()[1:]]
        listed = tuple(word for word in words if len(word) > 2 and word in self._genes and word != first)
        others = tuple(word for word in words if not self.knows(word))
        return Meant(listed=listed, missing=others if all(map(_is_gene, words)) else ())

    def _of_remarks(self, remarks: tuple[str, ...]) -> Meant:
        """The genes in brackets and behind colons, where the head is none: "marker (CD3D)", "Gene: CD3D"."""
        parts = (citations.read(remark).names for remark in remarks)
        found = self._of_names(tuple(name for names in parts for name in names))
        return Meant(found.listed, found.aside)

    def _one(self, name: str) -> str:
        """The known gene of a name, or of its first word ("CD3D high"); "" if there is none."""
        if whole := self._by_any_name(name):
            return whole
        first, _, more = name.partition(" ")
        if citations.names_chain(name):
            return self._by_own_name(first)
        # "set of genes" does not cite the gene SET.
        return self._by_any_name(first) if more and not (first.isalpha() and first.islower()) else ""

    def _by_any_name(self, name: str) -> str:
        for variant in citations.variants(name):
            if gene := self.find(variant):
                return gene
            if self.was_set_aside(variant):
                return variant
        if citations.names_chain(name):
            return ""
        genes = (*target_genes(name), *filter(None, (_PROTEINS.get(_squashed(name)),)))
        return next(filter(None, map(self.find, genes)), "")

    def _short_form(self, base: str, name: str) -> str:
        return next(filter(self.knows, _short_forms(base, name)), "")

    def _within(self, name: str) -> str:
        """A listed gene among words, spelled exactly as in the list: "strong CD3D signal"."""
        words = (word.strip(".,;:!?'") for word in name.split())
        return next((word for word in words if len(word) > 2 and word in self._genes), "")


def named(genes: Iterable[str]) -> str:
    """Names for a line, of many the first."""
    names = [gene if len(gene) <= 30 else gene[:30] + "..." for gene in genes]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _is_gene(name: str) -> bool:
    """Whether a name is written like a gene's symbol and is one that is known."""
    return len(name) > 2 and (name == name.upper() or name == name.capitalize()) and is_symbol(name)


def _short_forms(base: str, name: str) -> Iterator[str]:
    return continued(base, name) if base and name.isalnum() and len(name) <= 5 else iter(())


def _sure_short_forms(base: str, name: str) -> Iterator[str]:
    """Those that may be told to be unsupported: of letters alone (MAL/X) nobody knows whether MAX is meant."""
    return _short_forms(base, name) if any(map(str.isdigit, name)) else iter(())


def _squashed(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _once(genes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(genes))


def _by_spelling(genes: Iterable[str]) -> dict[str, str]:
    """Each spelling to its gene; a gene's own name goes before another's old one."""
    forms = [(gene, spellings(gene)) for gene in genes]
    found: dict[str, str] = {}
    for gene, names in forms:
        found.setdefault(names[0], gene)
    for gene, names in forms:
        for name in names[1:]:
            found.setdefault(name, gene)
    return found


def spelled(genes: Iterable[str]) -> Callable[[str], str]:
    """Finds a gene of these by a name in any case or under an old symbol; "" if there is none."""
    index = _by_spelling(genes)
    return lambda name: _first(index, name)


def _first(index: Mapping[str, str], gene: str) -> str:
    for name in spellings(gene):
        if found := index.get(name):
            return found
    return ""
