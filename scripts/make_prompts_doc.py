#!/usr/bin/env python3
"""Renew the parts of docs/prompts.md that show what is sent to a language model.

    python scripts/make_prompts_doc.py

The page's own words stand in the page; each part between `<!-- made: NAME -->` and `<!-- end -->` is made here. A test
holds the page to it. The requests are those of a conversation that is really held, with replies written by hand.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from cassia_engine import prompts
from cassia_engine.conversation import Advisers, converse
from cassia_engine.llm.cross_check import open_cross_check
from cassia_engine.lookup import Lookup, read_gene_table
from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.ontology import Ontology
from cassia_engine.prompts import Briefing
from cassia_engine.providers.chat import CHARACTERS_A_TOKEN, Call, Chat, Finish, Receipt, Reply, Request
from cassia_engine.records import Cluster, ClusterResult, Dataset
from cassia_engine.records.replies import Claim
from cassia_engine.replies import read_annotation
from cassia_engine.replies.shapes import ANNOTATION
from cassia_engine.settings import STRICT, AnnotateSettings, SplitSettings

ROOT = Path(__file__).parent.parent
DEFAULT_OUTPUT = ROOT / "docs" / "prompts.md"
TABLE = ROOT / "cassia_engine" / "data" / "examples" / "pbmc68k_scanpy.csv"
CLUSTER, SIBLINGS, SHOWN_GENES = "3", 3, 30
DATASET = Dataset("pbmc", "peripheral blood", "human", "Mononuclear cells of a healthy donor.")
MAX_TOKENS = 4096


def _cited(**genes: str) -> list[dict[str, str]]:
    """Genes, and what each speaks for."""
    return [{"gene": gene, "speaks_for": what} for gene, what in genes.items()]


def _candidate(cell_type: str, cl_name: str, *genes: str) -> dict[str, Any]:
    return {"cell_type": cell_type, "cl_name": cl_name, "separating_genes": genes}


WANTED = ("CD3G", "KLRB1", "IL7R", "NCAM1")


# Written by hand, with a mistake for the checks to find.
FIRST_REPLY: Mapping[str, Any] = {
    "evidence": _cited(
        CD8A="CD8 T cell",
        CD3D="T cell",
        GZMK="effector memory CD8 T cell",
        GZMB="cytotoxic effector",
        PRF1="cytotoxic effector",
    ),
    "conflicts": _cited(GNLY="natural killer cell"),
    "lineage": "T cell",
    "candidates": [
        _candidate("CD8-positive T cell", "CD8-positive, alpha-beta T cell", "CD8A", "GZMK"),
        _candidate("natural killer cell", "natural killer cell", "SPON2"),
    ],
    "sure": {"cell_type": "lymphocyte", "cl_name": "lymphocyte"},
    "specific": {
        **_candidate("cytotoxic CD8 T cell", "CD8-positive, alpha-beta cytotoxic T cell", "GZMB", "PRF1"),
        "probability": 45,
    },
    "mixture": [],
    "state": "",
    "context_conflict": "",
    "possible_tissues": [],
    "score": 65,
    "score_reason": "CD8A and GZMK are for a CD8 T cell; GNLY, high in natural killer cells, is against it.",
}
SECOND_REPLY: Mapping[str, Any] = {
    **FIRST_REPLY,
    "evidence": [cited for cited in FIRST_REPLY["evidence"] if cited["gene"] != "CD3D"],
    "score": 55,
    "score_reason": "CD8A and GZMK are for a CD8 T cell, and no other gene of the list is one of T cells alone.",
}
OPINION: Mapping[str, Any] = {
    **FIRST_REPLY,
    "evidence": _cited(**dict.fromkeys(("GNLY", "FGFBP2", "SPON2", "CLIC3", "S1PR5", "IL2RB"), "natural killer cell")),
    "conflicts": _cited(CD8A="CD8 T cell", GZMK="memory T cell", IL32="T cell"),
    "lineage": "natural killer cell",
    "candidates": [
        _candidate("natural killer cell", "natural killer cell", "FGFBP2", "SPON2", "CLIC3", "S1PR5"),
        _candidate("CD8-positive T cell", "CD8-positive, alpha-beta T cell", "CD8A", "GZMK"),
    ],
    "specific": {
        **_candidate("CD56-dim natural killer cell", "CD16-positive, CD56-dim natural killer cell, human", "FGFBP2"),
        "probability": 60,
    },
    "score": 75,
    "score_reason": "FGFBP2, SPON2, CLIC3 and S1PR5 are high in the list; CD8A and GZMK leave some doubt.",
}
CHOICE: Mapping[str, Any] = {
    "for_a": ["CD8A", "GZMK"],
    "for_b": ["FGFBP2", "SPON2", "CLIC3", "S1PR5"],
    "reason": "FGFBP2, SPON2, CLIC3 and S1PR5 stand far above CD8A and GZMK.",
    "choice": "b",
}
REVIEW: Mapping[str, Any] = {
    "own_type": "natural killer cell",
    "lineage_fits": {"answer": "yes", "genes": ["GNLY", "FGFBP2", "SPON2", "CLIC3"]},
    "type_fits": {"answer": "yes", "genes": ["FGFBP2", "SPON2", "S1PR5"]},
    "too_specific": {"answer": "no", "genes": []},
    "better_type": {"answer": "no", "genes": []},
    "missed_conflict": {"answer": "no", "genes": []},
    "missed_mixture": {"answer": "no", "genes": []},
    "feedback": "",
    "score": 80,
    "score_reason": "FGFBP2, SPON2 and S1PR5 support the claim; CD8A and GZMK, near the end of the list, do not.",
}
UNREADABLE_REPLY = "I would call these natural killer cells, because of GNLY and SPON2. CD8A does not fit."
REPLIES: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "annotator": (FIRST_REPLY, SECOND_REPLY),
    "second annotator": (OPINION,),
    "adjudicator": (CHOICE,),
    "validator": (REVIEW,),
}


class Scripted:
    """A model that gives the replies above in their order; `asked` has the requests, by role."""

    model = "written by hand"

    def __init__(self) -> None:
        self.asked: dict[str, list[Chat]] = {}

    async def chat(self, chat: Chat, replicate: int = 0, ordinal: int = 0) -> Reply:
        role = chat.system.removeprefix("Role: ").partition(".")[0]
        asked = self.asked.setdefault(role, [])
        reply = REPLIES[role][len(asked)]
        asked.append(chat)
        call = Call(Request("", "", {}), replicate, ordinal)
        return Reply(_text(reply), Finish.STOP, "stop", self.model, call, Receipt("", "", 0.0))


@cache
def table(n_genes: int) -> MarkerTable:
    return read_markers(TABLE, SplitSettings(n_genes=n_genes))


def material(n_genes: int, siblings: int = 0) -> tuple[Briefing, Cluster]:
    """The briefing of the example, and its cluster."""
    read = table(n_genes)
    others = tuple(tuple(cluster.genes[:siblings]) for cluster in read.clusters)
    cluster = next(cluster for cluster in read.clusters if cluster.id == CLUSTER)
    return Briefing(DATASET, read.selection, others, STRICT), cluster


@cache
def conversation() -> tuple[ClusterResult, Mapping[str, list[Chat]]]:
    """The example as it is held with a strict validator, so that every role is asked: its result, and the requests."""
    briefing, cluster = material(SHOWN_GENES, SIBLINGS)
    model, settings = Scripted(), AnnotateSettings(provider="custom", validator_involvement=STRICT)
    advisers = Advisers(cross_check=open_cross_check(DATASET))
    result = asyncio.run(converse(cluster, briefing, model, settings, Ontology.load(), advisers=advisers))
    return result, model.asked


def parts() -> dict[str, str]:
    """The made parts of the page, by name."""
    result, asked = conversation()
    [second], [adjudicator], [validator] = (asked[role] for role in ("second annotator", "adjudicator", "validator"))
    first, revision = asked["annotator"]
    formatter = prompts.formatter(UNREADABLE_REPLY, ANNOTATION)
    told = set(first.system.splitlines())
    fenced = {
        "annotator rules": first.system,
        "annotator message": first.messages[0].text,
        "first reply": _text(FIRST_REPLY),
        "first checks": result.conversation.checks[0],
        "revision message": revision.messages[-1].text,
        "second reply": _text(SECOND_REPLY),
        "second annotator rules": "\n".join(line for line in second.system.splitlines() if line not in told),
        "opinion": _text(OPINION),
        **_lookup_parts({*told, *second.system.splitlines()}, {*adjudicator.system.splitlines()}),
        "adjudicator rules": adjudicator.system,
        "adjudicator message": _from("answer_a", adjudicator),
        "choice": _text(CHOICE),
        "validator rules": validator.system,
        "validator message": _from("claim", validator),
        "review": _text(REVIEW),
        "formatter rules": formatter.system,
        "formatter message": formatter.messages[0].text,
    }
    return {**{name: f"```text\n{text}\n```" for name, text in fenced.items()}, "size": _size()}


def _lookup_parts(told: set[str], told_adjudicator: set[str]) -> dict[str, str]:
    """What is sent besides where genes can be looked up."""
    briefing, cluster = material(SHOWN_GENES, SIBLINGS)
    briefing = replace(briefing, lookup_genes=SplitSettings().lookup_genes)
    second = prompts.second_annotator(briefing, cluster, max_tokens=MAX_TOKENS)
    lookup = Lookup(read_gene_table(TABLE, SplitSettings(), DATASET.species), CLUSTER, briefing.lookup_genes)
    statistics = lookup.block(lookup.look_up(WANTED), briefing.with_fractions)
    again = prompts.second_with_statistics(briefing, second, _text(OPINION), statistics)
    claims = _claim(SECOND_REPLY), _claim(OPINION)
    adjudicator = prompts.adjudicator(briefing, cluster, *claims, statistics, max_tokens=MAX_TOKENS)
    return {
        "lookup rules": "\n".join(line for line in second.system.splitlines() if line not in told),
        "lookup message": again.messages[-1].text,
        "adjudicator lookup rules": "\n".join(
            line for line in adjudicator.system.splitlines() if line not in told_adjudicator
        ),
    }


def render(page: str) -> str:
    """The page with its made parts renewed."""
    made = parts()
    return re.sub(
        r"(<!-- made: ([a-z ]+) -->\n).*?(\n<!-- end -->)",
        lambda found: found[1] + made[found[2]] + found[3],
        page,
        flags=re.DOTALL,
    )


def _from(block: str, chat: Chat) -> str:
    """A message from one of its blocks on: what stands before is what the annotator got."""
    _, mark, rest = chat.messages[0].text.partition(f"<{block}>")
    return "(dataset, other_clusters and cluster_data as above)\n" + mark + rest


def _text(reply: Mapping[str, Any]) -> str:
    """A reply with a field a line."""
    return "{\n" + ",\n".join(f'"{name}": {json.dumps(value)}' for name, value in reply.items()) + "\n}"


def _claim(reply: Mapping[str, Any]) -> Claim:
    claim = read_annotation(json.dumps(reply), Finish.STOP)
    assert isinstance(claim, Claim)
    return claim


def _size() -> str:
    """Estimated tokens of the requests, with the default number of genes."""
    briefing, cluster = material(SplitSettings().n_genes)
    first, second = _claim(SECOND_REPLY), _claim(OPINION)
    findings = conversation()[0].conversation.checks[-1].splitlines()
    chats = {
        "annotator": prompts.annotator(briefing, cluster, max_tokens=MAX_TOKENS),
        "second annotator": prompts.second_annotator(briefing, cluster, max_tokens=MAX_TOKENS),
        "adjudicator": prompts.adjudicator(briefing, cluster, first, second, max_tokens=MAX_TOKENS),
        "validator": prompts.validator(briefing, cluster, second.for_validator(), findings, max_tokens=MAX_TOKENS),
    }
    rows = ["| request | rules | data | schema | in all |", "|---|---|---|---|---|"]
    for role, chat in chats.items():
        texts = (chat.system, chat.messages[0].text, json.dumps(chat.schema))
        # To the next 50: it is an estimate.
        sizes = [50 * round(len(text) / CHARACTERS_A_TOKEN / 50) for text in texts]
        rows.append(f"| {role} | {' | '.join(map(str, (*sizes, sum(sizes))))} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--page", type=Path, default=DEFAULT_OUTPUT)
    args = parser.parse_args()
    args.page.write_text(render(args.page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
