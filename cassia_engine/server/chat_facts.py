"""What a job knows of one of its clusters, for a person's questions about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from cassia_engine.prompts.cluster_chat import ChatFacts, Expression, Turn
from cassia_engine.records import Dataset
from cassia_engine.server.question_form import Nothing, object_of
from cassia_engine.server.questions import Question, read_question

MOST_NAMED = 30  # genes of a question that are looked up
_SHOWN_MARKERS = 30  # whose percentages are shown
_TYPICAL_GENES, _MOST_TYPES = 8, 4
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[.-][A-Za-z0-9]+)*")


class _Percentages(msgspec.Struct, frozen=True, rename="camel"):
    """By gene, in percent of each cluster's cells, where it was found; read for the genes that are looked up alone."""

    expression_data: dict[str, msgspec.Raw] | Nothing | None = None


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
        return [self._spelled[gene.upper()] for gene in genes if gene.upper() in self._spelled]

    def named(self, text: str) -> tuple[list[Expression], list[str]]:
        """What there is of the genes that a text names, and those that there are not."""
        if not self._genes:
            return [], []
        found, missing = {}, {}
        for word in dict.fromkeys(_WORD.findall(text)):
            if word in self._genes:
                found[word] = True
            elif not _is_written_as_gene(word):
                continue
            elif word.upper() in self._spelled:
                found[self._spelled[word.upper()]] = True
            elif _is_gene(word):
                missing[word] = True
        return self.rows(list(found)[:MOST_NAMED]), list(missing)[:MOST_NAMED]

    def _row(self, gene: str) -> Expression:
        here, others = None, {}
        for cluster, value in _numbers(self._genes[gene]):
            if cluster == self._cluster:
                here = value
            elif cluster in self._question.labels:
                others[self._question.labels[cluster]] = value
        where = max(others, key=lambda name: others[name], default="")
        return Expression(gene, here, others.get(where), where)


def _numbers(raw: msgspec.Raw) -> Iterator[tuple[str, float]]:
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    for cluster, value in found.items() if isinstance(found, dict) else ():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            yield cluster, float(value)


def _is_written_as_gene(word: str) -> bool:
    """Not as a word of a sentence is."""
    return len(word) > 1 and (word.isupper() or any(sign.isdigit() for sign in word))


def _is_gene(word: str) -> bool:
    from cassia_engine.knowledge.known import is_symbol

    return is_symbol(word)


def read_chat(
    query: bytes,
    dataset: Dataset,
    cluster: str,
    annotations: Mapping[str, Any],
    messages: Sequence[tuple[str, str]],
    with_percentages: bool,
) -> tuple[ChatFacts, list[Turn]]:
    """What is known of a cluster, and the turns with what their questions ask for.

    Args:
        query: the question of the job, as JSON.
        annotations: of all clusters, as results have them.
        messages: role and text of each turn.
        with_percentages: whether fractions of cells are shown.
    """
    question = read_question(query)
    lookup = Lookup(query if with_percentages else b"{}", question, cluster)
    labels = {one: str(found["latest"]["annotation"]["annotation"]) for one, found in annotations.items()}
    markers = question.marker_genes[cluster]
    expression = lookup.rows(markers[:_SHOWN_MARKERS])
    facts = ChatFacts(
        dataset,
        question.labels[cluster],
        markers,
        _annotation(annotations.get(cluster)),
        {question.labels[one]: label for one, label in labels.items() if one != cluster},
        expression,
        _typical(annotations.get(cluster), dataset.species, lookup),
    )
    return facts, list(_turns(messages, lookup, {row.gene for row in expression}))


def _turns(messages: Sequence[tuple[str, str]], lookup: Lookup, shown: set[str]) -> Iterator[Turn]:
    """The turns; a question has the genes that it, or the answer before it, is the first to name."""
    before = ""
    for role, text in messages:
        if role == "user":
            rows, missing = lookup.named(f"{before} {text}")
            new = [row for row in rows if row.gene not in shown]
            yield Turn(role, text, new, [gene for gene in missing if gene not in shown])
            shown |= {*missing, *(row.gene for row in rows)}
        else:
            yield Turn(role, text)
        before = text


def _typical(found: Mapping[str, Any] | None, species: str, lookup: Lookup) -> dict[str, list[Expression]]:
    """The genes of cassia's table that mark the label and its alternatives, where the data have them."""
    from cassia_engine.knowledge import Knowledge
    from cassia_engine.knowledge.known import species_or_none

    known = species_or_none(species)
    if found is None or known is None:
        return {}
    said = found["latest"]["annotation"]
    names = [said.get("cellOntologyTermName"), said["annotation"], *said["fullOutput"]["cellType"]["alternatives"]]
    profiles = {profile.label.lower(): profile for profile in Knowledge.load(None, known).profiles}
    typical = {}
    for name in dict.fromkeys(name.lower() for name in names if name):
        if name in profiles and (genes := lookup.spelled(profiles[name].weights)[:_TYPICAL_GENES]):
            typical[profiles[name].label] = lookup.rows(genes)
    return dict(list(typical.items())[:_MOST_TYPES])


def _annotation(found: Mapping[str, Any] | None) -> dict[str, str | list[str]]:
    """The label and what stands beside it, without what is empty."""
    if found is None:
        return {"cell_type": "none: the cluster got no label"}
    said, review = found["latest"]["annotation"], found["latest"]["review"]
    term = f"{said['cellOntologyTermName']} ({said['cellOntologyTerm']})" if "cellOntologyTerm" in said else ""
    known = {
        "cell_type": said["annotation"],
        "cell_ontology": term,
        "alternatives": said["fullOutput"]["cellType"]["alternatives"],
        "state": said["cellState"],
        "genes_for": said["supportingMarkers"],
        "genes_against": said["conflictingMarkers"],
        "possibly_mixed": review["fullOutput"]["heterogeneityAssessment"]["types"],
        "confidence": review["confidence"],
        "reason": said["justification"],
        "earlier_labels": [one["annotation"]["annotation"] for one in found["history"]],
    }
    return {name: value for name, value in known.items() if value}
