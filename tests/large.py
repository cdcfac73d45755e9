"""Runs of many clusters with conversations that differ in every sentence, for sizes and times.

Words are drawn at random from a few hundred, which is harder to pack than what people or models write. Lengths are
those of conversations with the mock provider and its prompts, or above; a third of the clusters has a second round.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

from cassia_engine.ontology import Ontology
from cassia_engine.records import CellType, Cluster, ClusterResult, Conversation, Marker, Outcome, Usage
from cassia_engine.replies.shapes import QUESTIONS
from tests import conversations
from tests import factories as make

SEED = 20261121
GENES_EACH = 50
SYSTEM = " ".join(f"Rule {n}: name the type by its genes, and say which of them you used." for n in range(80))
FAILED_EVERY = 40  # clusters


def results(count: int) -> list[ClusterResult]:
    """`count` clusters, the same for the same number."""
    return list(each(count))


def each(count: int) -> Iterator[ClusterResult]:
    chance = random.Random(SEED)
    genes, terms = _genes(), [t for t in Ontology.load() if not t.deprecated]
    words = sorted({word for term in terms[:900] for word in term.label.split()})
    for index in range(count):
        yield _result(index, chance, genes, words, terms[chance.randrange(len(terms))])


def _result(index: int, chance: random.Random, genes: Sequence[str], words: Sequence[str], term: Any) -> ClusterResult:
    chosen = chance.sample(genes, GENES_EACH)
    markers = tuple(
        Marker(gene, chance.uniform(0.3, 9), 10 ** -chance.uniform(2, 200), chance.random(), chance.random() / 2)
        for gene in chosen
    )
    cluster = Cluster(f"c{index}", index, 400, 120, markers)
    if index % FAILED_EVERY == FAILED_EVERY - 1:
        return ClusterResult(cluster, Outcome.FAILED, "the provider answered 503 to all 6 attempts")
    answer = make.annotation(
        general_type="cell",
        detailed_types=(CellType(term.label, term.id, term.label, 80.0), CellType(_some(chance, words, 3))),
        cl_id=term.id,
        cl_label=term.label,
        score=float(chance.randrange(100)),
        score_reason=_some(chance, words, 14),
        evidence_genes=tuple(chosen[:8]),
        conflicting_genes=tuple(chosen[40:42]),
    )
    held = _held(chance, words, chosen, 2 if index % 3 == 0 else 1)
    usage = Usage(len(held.calls), 2000 * len(held.calls), 500 * len(held.calls), 0.012 * len(held.calls))
    return make.annotated(cluster=cluster, answer=answer, conversation=held, usage=usage, decided_by="model")


def _held(chance: random.Random, words: Sequence[str], genes: Sequence[str], rounds: int) -> Conversation:
    claims, verdicts, calls, messages = [], [], [], [{"role": "system", "content": SYSTEM}]
    listed = json.dumps([[gene, round(chance.uniform(0, 9), 2), round(chance.random(), 2)] for gene in genes])
    messages.append({"role": "user", "content": f"<cluster_data>{listed}</cluster_data>"})
    for number in range(1, rounds + 1):
        claims.append(_claim(chance, words, genes))
        verdicts.append(_verdict(chance, words, genes))
        asked = {"model": "some/model-1", "messages": list(messages), "max_tokens": 4096}
        judged = [messages[0], {"role": "user", "content": f"{listed}\n{claims[-1]}"}]
        calls.append(
            conversations.call("annotator", number, request=asked, response=claims[-1], url="https://api.example/v1")
        )
        calls.append(
            conversations.call("validator", number, request={**asked, "messages": judged}, response=verdicts[-1])
        )
        messages += [
            {"role": "assistant", "content": claims[-1]},
            {"role": "user", "content": _some(chance, words, 60)},
        ]
    return Conversation(
        tuple(claims), tuple(verdicts), None, conversations.SCORING, tuple(calls), (conversations.CHECKS,) * rounds
    )


def _claim(chance: random.Random, words: Sequence[str], genes: Sequence[str]) -> str:
    said = [{"gene": gene, "speaks_for": _some(chance, words, 6)} for gene in genes[:10]]
    candidates = [
        {
            "cell_type": _some(chance, words, 4),
            "cl_name": _some(chance, words, 4),
            "separating_genes": chance.sample(genes, 4),
        }
        for _ in range(3)
    ]
    reason = _some(chance, words, 40)
    return conversations.claim(
        evidence=said, candidates=candidates, score_reason=reason, lineage=_some(chance, words, 5)
    )


def _verdict(chance: random.Random, words: Sequence[str], genes: Sequence[str]) -> str:
    answers = {name: {"answer": chance.choice(("yes", "no")), "genes": chance.sample(genes, 3)} for name in QUESTIONS}
    return conversations.verdict(**answers, feedback=_some(chance, words, 50), score_reason=_some(chance, words, 25))


def _some(chance: random.Random, words: Sequence[str], count: int) -> str:
    return " ".join(chance.choices(words, k=count))


def _genes() -> list[str]:
    """Symbols of the bundled marker knowledge."""
    text = (files("cassia_engine") / "data" / "markers.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()[1:] if not line.startswith("#")]
    return sorted({gene for row in rows if len(row) == 6 for gene in row[4].split()})
