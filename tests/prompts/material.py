"""The requests that tests of prompts look at, and the data in them."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from cassia_engine import prompts
from cassia_engine.prompts import EARLIER, Briefing
from cassia_engine.providers.chat import Chat, Finish, Message
from cassia_engine.records import Cluster, Dataset, SetAside
from cassia_engine.records.replies import Claim
from cassia_engine.replies import read_annotation
from cassia_engine.replies.shapes import ADJUDICATION, ANNOTATION, ANNOTATION_1, VALIDATION
from tests.factories import SELECTION, cluster

DATASET = Dataset("sample_zebra", "peripheral blood", "human", "sorted for life")
CLUSTER = replace(
    cluster("id_okapi", index=77),
    context="taken from the buffy coat",
    set_aside=(SetAside("ribosomal", ("RPS24", "RPL3")),),
    hints=("12 of the first 50 genes are of the cell cycle.",),
)
FINDINGS = ["All evidence genes are in the list."]
CLAIM: dict[str, Any] = {
    "evidence": [{"gene": "GNLY", "speaks_for": "a very persuasive argument"}],
    "conflicts": [{"gene": "CCL4", "speaks_for": "another argument"}],
    "lineage": "lymphocyte",
    "candidates": [{"cell_type": "NK cell", "cl_name": "natural killer cell", "separating_genes": ["SPON2"]}],
    "sure": {"cell_type": "quite sure lymphocyte", "cl_name": "lymphocyte"},
    "specific": {"cell_type": "quite certain NK cell", "cl_name": "", "separating_genes": [], "probability": 43},
    "mixture": [],
    "state": "activated",
    "context_conflict": "",
    "possible_tissues": [],
    "score": 97,
    "score_reason": "I am certain",
}
# As prompts of version 1 asked for it.
CLAIM_1 = {name: value for name, value in CLAIM.items() if name in ANNOTATION_1["properties"]}
OTHER_CLAIM: dict[str, Any] = {
    **CLAIM,
    "evidence": [{"gene": "CCL4", "speaks_for": "a third argument"}],
    "conflicts": [],
    "lineage": "T cell",
    "candidates": [{"cell_type": "T cell", "cl_name": "T cell", "separating_genes": ["CCL4"]}],
    "mixture": [{"cell_type": "platelet", "genes": ["GZMA", "CST7"]}],
    "score": 31,
}

STATISTICS: dict[str, Any] = {
    "columns": ["gene", "cluster", "rank", "log2fc"],
    "rows": [["FCGR3A", "this", 60, 1.5], ["FCGR3A", 3, 2, 4.5]],
    "no_row_for_this_cluster": ["CD3E"],
    "not_in_the_table": [],
}


def read(said: dict[str, Any]) -> Claim:
    claim = read_annotation(json.dumps(said), Finish.STOP)
    assert isinstance(claim, Claim)
    return claim


def briefing(dataset: Dataset = DATASET, siblings: Sequence[tuple[str, ...]] = (), involvement: str = "v1") -> Briefing:
    return Briefing(dataset, SELECTION, tuple(siblings), involvement)


def annotator(cluster: Cluster = CLUSTER, brief: Briefing | None = None) -> Chat:
    return prompts.annotator(brief or briefing(), cluster, max_tokens=4000)


def second_annotator(cluster: Cluster = CLUSTER, brief: Briefing | None = None) -> Chat:
    return prompts.second_annotator(brief or briefing(), cluster, max_tokens=4000)


def adjudicator(
    cluster: Cluster = CLUSTER, brief: Briefing | None = None, a: Claim | None = None, b: Claim | None = None
) -> Chat:
    answers = (a or read(CLAIM), b or read(OTHER_CLAIM))
    return prompts.adjudicator(brief or briefing(), cluster, *answers, max_tokens=4000)


def validator(cluster: Cluster = CLUSTER, brief: Briefing | None = None, claim: Any = CLAIM_1) -> Chat:
    return prompts.validator(brief or briefing(), cluster, claim, FINDINGS, max_tokens=2000)


def revision(
    reply: str = '{"lineage":"B cell"}', feedback: Sequence[str] = FINDINGS, suggestion: str = "Look."
) -> Chat:
    return prompts.revision(annotator(), reply, feedback, suggestion)


def conversation(brief: Briefing | None = None, cluster: Cluster = CLUSTER) -> list[Chat]:
    """A request of every role."""
    first = annotator(cluster, brief)
    return [
        first,
        second_annotator(cluster, brief),
        adjudicator(cluster, brief),
        validator(cluster, brief, read(CLAIM).for_validator()),
        prompts.revision(first, json.dumps(CLAIM), FINDINGS, "Look at KLRD1."),
        prompts.formatter("The type is a B cell.", ANNOTATION),
        prompts.formatter("The first one.", ADJUDICATION),
        prompts.formatter("Yes to all.", VALIDATION),
        *with_lookup(brief, cluster),
    ]


def with_lookup(brief: Briefing | None = None, cluster: Cluster = CLUSTER) -> list[Chat]:
    """The requests that differ where genes can be looked up."""
    brief = dataclasses.replace(brief or briefing(), lookup_genes=15)
    asked = second_annotator(cluster, brief)
    answers = read(CLAIM), read(OTHER_CLAIM)
    return [
        asked,
        prompts.second_with_statistics(brief, asked, json.dumps(OTHER_CLAIM), STATISTICS),
        prompts.adjudicator(brief, cluster, *answers, STATISTICS, max_tokens=4000),
        prompts.validator(brief, cluster, read(CLAIM).for_validator(), FINDINGS, STATISTICS, max_tokens=2000),
    ]


def conversation_before(brief: Briefing, cluster: Cluster = CLUSTER) -> list[Chat]:
    """A request of every role that prompts of version 1 have."""
    first = annotator(cluster, brief)
    return [
        first,
        validator(cluster, brief, CLAIM_1),
        prompts.revision(first, json.dumps(CLAIM_1), FINDINGS, "Look at KLRD1."),
        prompts.formatter("The type is a B cell.", ANNOTATION_1, version=EARLIER),
        prompts.formatter("Yes to all.", VALIDATION, version=EARLIER),
    ]


def blocks(message: Message) -> dict[str, Any]:
    """The data of a message. All its angle brackets are those of its blocks, and no data stands outside of them."""
    pattern = re.compile(r"^<(\w+)>\n(.*?)\n</\1>$", re.M | re.S)
    found = pattern.findall(message.text)
    names = [name for name, _ in found]
    assert len(set(names)) == len(names)
    assert message.text.count("<") == message.text.count(">") == 2 * len(found)
    assert pattern.sub("", message.text).strip() in OWN_WORDS
    return {name: json.loads(text) for name, text in found}


def outside(message: Message) -> str:
    return re.sub(r"^<(\w+)>\n.*\n</\1>$", "", message.text, flags=re.M | re.S).strip()


HARMLESS = Dataset("s", "lung", "human")
OWN_WORDS = {outside(chat.messages[-1]) for chat in conversation(briefing(HARMLESS))}
OWN_WORDS |= {outside(annotator(brief=briefing(Dataset("s", "none", "human"))).messages[-1])}
OWN_WORDS |= {re.sub(r"<(\w+)>\n.*\n</\1>", "", revision().messages[-1].text, flags=re.S).strip()}
