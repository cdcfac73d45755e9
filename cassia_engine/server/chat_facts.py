"""What a job knows of one of its clusters, for a person's questions about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cassia_engine.prompts.cluster_chat import ChatFacts, Expression, Turn
from cassia_engine.records import Dataset
from cassia_engine.server.chat_genes import Lookup
from cassia_engine.server.jobs import label_of
from cassia_engine.server.questions import read_question

_SHOWN_MARKERS = 30  # whose percentages are shown
_TYPICAL_GENES, _MOST_TYPES = 8, 4


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a job's clusters.

    Attributes:
        annotations: of all clusters, as results have them.
        feedback: by which the one cluster was annotated again, the earliest first.
    """

    annotations: Mapping[str, Any]
    feedback: Sequence[str] = ()


def read_chat(
    query: bytes,
    dataset: Dataset,
    cluster: str,
    said: Said,
    messages: Sequence[tuple[str, str]],
    with_percentages: bool,
) -> tuple[ChatFacts, list[Turn]]:
    """What is known of a cluster, and the turns with what their questions ask for.

    Args:
        query: the question of the job, as JSON.
        said: of the clusters.
        messages: role and text of each turn.
        with_percentages: whether fractions of cells are shown.
    """
    question = read_question(query)
    lookup = Lookup(query if with_percentages else b"{}", question, cluster)
    labels = {one: label_of(found) for one, found in said.annotations.items()}
    markers = question.marker_genes[cluster]
    found = said.annotations.get(cluster)
    annotation = _annotation(found, said.feedback)
    cited = [*annotation.get("genes_for", ()), *annotation.get("genes_against", ())]
    discussed = (row.gene for row in lookup.named(" ".join(said.feedback)).rows)
    expression = lookup.rows([*markers[:_SHOWN_MARKERS], *cited, *discussed])
    facts = ChatFacts(
        dataset,
        question.labels[cluster],
        markers,
        annotation,
        {question.labels[one]: label for one, label in labels.items() if one != cluster},
        expression,
        _typical(found, dataset.species, lookup),
    )
    return facts, list(_turns(messages, lookup, {row.gene for row in expression}))


def _turns(messages: Sequence[tuple[str, str]], lookup: Lookup, shown: set[str]) -> Iterator[Turn]:
    """The turns; a question has the genes that it, or the answer before it, is the first to name."""
    before, told = "", set[str]()
    for role, text in messages:
        if role == "user":
            said, asked = lookup.named(before), lookup.named(text)
            # An answer repeats what its reader has been shown.
            rows = [*asked.rows, *(row for row in said.rows if row.gene not in shown)]
            new = {row.gene: row for row in rows if row.gene not in told}
            missing = [gene for gene in dict.fromkeys([*asked.missing, *said.missing]) if gene not in told]
            yield Turn(role, text, list(new.values()), missing, asked.meant)
            told |= {*new, *missing}
        else:
            yield Turn(role, text)
        before = text


def _typical(found: Mapping[str, Any] | None, species: str, lookup: Lookup) -> dict[str, list[Expression]]:
    """The genes of cassia's table that mark the label and its alternatives, which may be called otherwise there, where
    the data have them."""
    from cassia_engine.knowledge import Knowledge
    from cassia_engine.knowledge.known import species_or_none
    from cassia_engine.ontology import Ontology

    known = species_or_none(species)
    if found is None or known is None:
        return {}
    said = found["latest"]["annotation"]
    names = [said.get("cellOntologyTermName"), said["annotation"], *said["fullOutput"]["cellType"]["alternatives"]]
    profiles = {profile.label.lower(): profile for profile in Knowledge.load(None, known).profiles}
    typical = {}
    for name in filter(None, names):
        profile = profiles.get(name.lower()) or profiles.get(Ontology.load().resolve(name).cl_label.lower())
        if profile and (genes := lookup.spelled(profile.weights)[:_TYPICAL_GENES]):
            typical[profile.label] = lookup.rows(genes)
    return dict(list(typical.items())[:_MOST_TYPES])


def _annotation(found: Mapping[str, Any] | None, feedback: Sequence[str]) -> dict[str, str | Sequence[str]]:
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
        "feedback": feedback,
    }
    return {name: value for name, value in known.items() if value}
