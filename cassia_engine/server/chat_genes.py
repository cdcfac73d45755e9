"""The genes that a person's question names, and in which percentage of each cluster's cells a job has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from cassia_engine.prompts.cluster_chat import Expression
from cassia_engine.server.question_form import Nothing, object_of
from cassia_engine.server.questions import Question

MOST_NAMED = 30  # genes of a question that are looked up
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[.-][A-Za-z0-9]+)*")
_TYPE = re.compile(r"[a-z]+[A-Z]")  # how cDC2 begins


class _Percentages(msgspec.Struct, frozen=True, rename="camel"):
    """By gene, in percent of each cluster's cells, where it was found; read for the genes that are looked up alone."""

    expression_data: dict[str, msgspec.Raw] | Nothing | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """The genes that a text names.

    Attributes:
        rows: of those that the data have.
        missing: those that they do not have.
        meant: by what is written (JCHAIN, CD20), the genes that were looked up for it, where they are called otherwise.
    """

    rows: list[Expression] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    meant: dict[str, list[str]] = field(default_factory=dict)


class Lookup:
    """The percentages of a job's question."""

    def __init__(self, query: bytes, question: Question, cluster: str):
        self._question, self._cluster = question, cluster
        try:
            self._genes = object_of(msgspec.json.decode(query, type=_Percentages).expression_data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._genes = {}
        self._spelled = {gene.upper(): gene for gene in reversed(self._genes)}

    def rows(self, genes: Iterable[str]) -> list[Expression]:
        """Those of the genes that there are."""
        return [self._row(gene) for gene in dict.fromkeys(genes) if gene in self._genes]

    def spelled(self, genes: Iterable[str]) -> list[str]:
        """Those of the genes that there are, in the spelling of the data."""
        from cassia_engine.knowledge.genes import names_of

        return [found[0] for gene in genes if (found := self._present(gene, *names_of(gene)))]

    def named(self, text: str) -> Named:
        """What there is of the genes that a text names."""
        found: dict[str, None] = {}
        missing: dict[str, None] = {}
        meant = {}
        for word in dict.fromkeys(self._words(text)) if self._genes else ():
            genes = self._meant(word)
            there = self._present(*genes)
            found |= dict.fromkeys(there)
            if not there:
                missing |= dict.fromkeys(genes)
            if genes and genes[0].upper() != word.upper():
                meant[word] = list(genes)
        shown = list(found)[:MOST_NAMED]
        return Named(self.rows(shown), list(missing)[:MOST_NAMED], dict(list(meant.items())[:MOST_NAMED]))

    def _words(self, text: str) -> Iterator[str]:
        """Those that may name a gene; of CD8-positive, which names none, the parts."""
        from cassia_engine.knowledge.proteins import is_target

        for word in _WORD.findall(text):
            for part in [word] if "-" not in word or self._meant(word) else word.split("-"):
                if part in self._genes or _is_written_as_gene(part) or is_target(part):
                    yield part

    def _meant(self, word: str) -> Sequence[str]:
        """The genes that a word means: itself, by another name of it, or those of the protein that it names; () for no
        gene."""
        from cassia_engine.knowledge.genes import names_of
        from cassia_engine.knowledge.known import is_symbol
        from cassia_engine.knowledge.proteins import is_target, target_genes

        present, *old = names_of(word)
        proteins = target_genes(word) if is_target(word) else ()
        there = self._present(word) or self._present(*proteins) or self._present(present, *old)
        itself = (word if present == word.upper() else present,) if is_symbol(word) else ()
        return there or proteins or itself

    def _present(self, *genes: str) -> list[str]:
        """Those of the genes that there are, in the spelling of the data."""
        spelled = (gene if gene in self._genes else self._spelled.get(gene.upper()) for gene in genes)
        return [gene for gene in spelled if gene is not None]

    def _row(self, gene: str) -> Expression:
        here, others = None, {}
        for cluster, value in _numbers(self._genes[gene]):
            if cluster == self._cluster:
                here = value
            elif cluster in self._question.labels:
                others[self._question.labels[cluster]] = value
        return Expression(gene, here, others)


def _numbers(raw: msgspec.Raw) -> Iterator[tuple[str, float]]:
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    for cluster, value in found.items() if isinstance(found, dict) else ():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            yield cluster, float(value)


def _is_written_as_gene(word: str) -> bool:
    """Not as a word of a sentence or a cell type (cDC2) is."""
    return len(word) > 1 and not _TYPE.match(word) and (word.isupper() or any(sign.isdigit() for sign in word))
