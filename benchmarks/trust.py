#!/usr/bin/env python3
"""How far a language model's labels can be trusted: accuracy, calls and confidence, by recorded replies.

    python -m benchmarks.trust RECORDED.jsonl.gz --model WORDS [--write]

RECORDED has one line per cluster: `dataset`, `cluster` (as a chunk file has it), `about` (tissue and species),
`ranked_by`, `gold` (the expert's accepted CL ids) and `replies` by role (annotator, second annotator, adjudicator), as
a model gave them to the prompts of this version. Each cluster's conversation is replayed by the product's own code,
with these replies in place of a model. Conversations that need a reply which was not recorded are counted and left out.

Printed: accuracy of the annotator's first candidates and of the final labels; calls a cluster; what the confidence is
worth on data sets that were left out of its fit: accuracy of the best half, reliability, expected calibration error,
coverage of High, area under the risk-coverage curve. `--write` puts the fit into the package.

Ends with 1 if the final labels are less accurate than the first candidates, exact, up to their depth or broad.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.confidence import print_confidence, write
from cassia_engine.calibration.fitting import Example, fit
from cassia_engine.conversation import Advisers, converse
from cassia_engine.conversation.doubts import CrossChecker
from cassia_engine.conversation.term_mapper import TermMapper
from cassia_engine.errors import StoppedError
from cassia_engine.evaluation.grading import LEVELS, Grade, grade
from cassia_engine.llm.cross_check import open_cross_check
from cassia_engine.ontology import Ontology
from cassia_engine.prompts import Briefing
from cassia_engine.providers.chat import Call, Chat, Finish, Receipt, Reply, Request
from cassia_engine.records import Cluster, ClusterResult, Dataset, Selection, from_json
from cassia_engine.settings import AnnotateSettings

ONTOLOGY = Ontology.load()
SETTINGS = AnnotateSettings(provider="custom", base_url="http://127.0.0.1:1/v1")


class Recorded:
    """The replies of one cluster, as a chat model."""

    model = "recorded"

    def __init__(self, replies: Mapping[str, Any]):
        self._replies = replies
        self.calls = 0

    async def chat(self, chat: Chat, replicate: int = 0, ordinal: int = 0) -> Reply:
        role = chat.system.partition(".")[0].removeprefix("Role: ")
        if role not in self._replies or len(chat.messages) > 1:
            raise StoppedError(f"no reply of the {role} is recorded", code="run-stopped")
        self.calls += 1
        call = Call(Request("openai", "", {}), replicate, ordinal)
        return Reply(json.dumps(self._replies[role]), Finish.STOP, "stop", self.model, call, Receipt("", "", 0.0))


@dataclass(frozen=True)
class Replay:
    """A replayed conversation, and how near its first candidate and its label are to the expert's type."""

    data_set: str
    result: ClusterResult
    calls: int
    first: Grade
    label: Grade

    @property
    def example(self) -> Example | None:
        """For the fit; None for an unresolved cluster."""
        if not self.result.has_cell_type:
            return None
        near = self.label >= Grade.ANCESTOR_OR_DESCENDANT
        return Example(self.result.features, self.label is Grade.EXACT, near, self.data_set)


@cache
def cross_check(dataset: Dataset) -> CrossChecker | None:
    return open_cross_check(dataset)


def replay(line: Mapping[str, Any]) -> Replay | None:
    """Replay the conversation on a cluster; None if a reply is missing."""
    dataset = Dataset("recorded", line["about"]["tissue"], line["about"]["species"])
    briefing = Briefing(dataset, Selection("simplified", line["ranked_by"], 50))
    cluster, model = from_json(Cluster, line["cluster"]), Recorded(line["replies"])
    advisers = Advisers(cross_check=cross_check(dataset))
    try:
        result = asyncio.run(converse(cluster, briefing, model, SETTINGS, ONTOLOGY, advisers=advisers))
    except StoppedError:
        return None
    first = result.rounds[0].claim
    answer = TermMapper(ONTOLOGY).answer(first) if first else None
    named = result.annotation.cl_id if result.annotation else ""
    grades = (_grade(cl_id, line["gold"]) for cl_id in (answer.cl_id if answer else "", named))
    return Replay(line["dataset"], result, model.calls, *grades)


def _grade(cl_id: str, gold: Sequence[str]) -> Grade:
    return grade(cl_id, gold, ONTOLOGY).grade if cl_id else Grade.DIFFERENT


def read(path: Path) -> Iterator[Mapping[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def shares(grades: Sequence[Grade]) -> list[float]:
    return [sum(one >= level for one in grades) / len(grades) for level in LEVELS]


def print_accuracy(replays: Sequence[Replay]) -> bool:
    """Whether the final labels are no less accurate than the first candidates."""
    found = {"first candidates": [one.first for one in replays], "final labels": [one.label for one in replays]}
    print(f"{len(replays)} clusters; columns: {', '.join(level.words for level in LEVELS)}")
    for name, grades in found.items():
        print(f"  {name:18} " + "  ".join(f"{share:.3f}" for share in shares(grades)))
    doubts = Counter(doubt.value for one in replays for doubt in one.result.doubts)
    seconds = [one.result.adjudication for one in replays if one.result.adjudication]
    print(f"calls a cluster: {sum(one.calls for one in replays) / len(replays):.3f}; doubts: {dict(doubts)}; ", end="")
    print(f"second opinions: {len(seconds)}, {sum(one.agree for one in seconds)} agree")
    before, after = (shares(grades) for grades in found.values())
    return all(a >= b for a, b in zip(after, before, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recorded", type=Path)
    parser.add_argument("--model", required=True, help="the model and the answers in a few words, for the report")
    parser.add_argument("--write", action="store_true", help="put the fit into the package")
    args = parser.parse_args()
    every = [replay(line) for line in read(args.recorded)]
    replays = [one for one in every if one]
    print(f"{len(every) - len(replays)} of {len(every)} conversations lack a reply")
    kept = print_accuracy(replays)
    examples = [example for one in replays if (example := one.example)]
    calibration = fit(examples, args.model)
    print_confidence(examples, calibration)
    if args.write:
        write("model", calibration)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
