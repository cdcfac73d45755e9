#!/usr/bin/env python3
"""Renew the parts of docs/prompts.md that show what is sent to a language model.

    python scripts/make_prompts_doc.py

The page's own words stand in the page; each part between `<!-- made: NAME -->` and `<!-- end -->` is made here. A test
holds the page to it.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cassia_engine import prompts
from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.prompts import Briefing
from cassia_engine.providers.chat import Chat
from cassia_engine.records import Cluster, Dataset
from cassia_engine.replies.shapes import ANNOTATION
from cassia_engine.settings import SplitSettings

ROOT = Path(__file__).parent.parent
DEFAULT_OUTPUT = ROOT / "docs" / "prompts.md"
TABLE = ROOT / "cassia_engine" / "data" / "examples" / "pbmc68k_scanpy.csv"
CLUSTER, SIBLINGS, SHOWN_GENES = "3", 3, 30
DATASET = Dataset("pbmc", "peripheral blood", "human", "Mononuclear cells of a healthy donor.")
CHARACTERS_A_TOKEN = 3.5

# Written by hand, with a mistake for the checks to find.
FIRST_REPLY: Mapping[str, Any] = {
    "evidence": [
        {"gene": "CD8A", "speaks_for": "CD8 T cell"},
        {"gene": "CD3D", "speaks_for": "T cell"},
        {"gene": "GZMK", "speaks_for": "effector memory CD8 T cell"},
        {"gene": "GZMB", "speaks_for": "cytotoxic effector"},
        {"gene": "PRF1", "speaks_for": "cytotoxic effector"},
    ],
    "conflicts": [{"gene": "GNLY", "speaks_for": "natural killer cell"}],
    "lineage": "T cell",
    "candidates": [
        {
            "cell_type": "cytotoxic CD8 T cell",
            "cl_name": "CD8-positive, alpha-beta cytotoxic T cell",
            "separating_genes": ["CD8A", "GZMK"],
        },
        {"cell_type": "natural killer cell", "cl_name": "natural killer cell", "separating_genes": ["SPON2"]},
    ],
    "mixture": [],
    "state": "",
    "context_conflict": "",
    "possible_tissues": [],
    "score": 80,
    "score_reason": "CD8A and GZMK are for a CD8 T cell; GNLY, high in natural killer cells, is against it.",
}
FINDINGS = ["CD3D is named as evidence, but it is not in the list."]
REVIEW: Mapping[str, Any] = {
    "own_type": "natural killer cell",
    "lineage_fits": {"answer": "no", "genes": ["FGFBP2", "SPON2", "S1PR5", "CLIC3"]},
    "type_fits": {"answer": "no", "genes": ["CD8A", "GZMK"]},
    "too_specific": {"answer": "no", "genes": []},
    "better_type": {"answer": "yes", "genes": ["GNLY", "FGFBP2", "SPON2", "S1PR5"]},
    "missed_conflict": {"answer": "yes", "genes": ["FGFBP2", "SPON2", "S1PR5"]},
    "missed_mixture": {"answer": "no", "genes": []},
    "feedback": "FGFBP2, SPON2, S1PR5 and CLIC3 stand far above CD8A and GZMK and are those of natural killer cells.",
    "score": 35,
    "score_reason": "CD8A and GZMK support the claim, but they are near the end of the list.",
}
FEEDBACK = [
    *FINDINGS,
    "lineage_fits: no (FGFBP2, SPON2, S1PR5, CLIC3)",
    "type_fits: no (CD8A, GZMK)",
    "better_type: yes (GNLY, FGFBP2, SPON2, S1PR5)",
    "missed_conflict: yes (FGFBP2, SPON2, S1PR5)",
]
UNREADABLE_REPLY = "I would call these natural killer cells, because of GNLY and SPON2. CD8A does not fit."


@cache
def table(n_genes: int) -> MarkerTable:
    return read_markers(TABLE, SplitSettings(n_genes=n_genes))


def material(n_genes: int, siblings: int = 0) -> tuple[Briefing, Cluster]:
    """The briefing of the example, and its cluster."""
    read = table(n_genes)
    others = tuple(tuple(cluster.genes[:siblings]) for cluster in read.clusters)
    cluster = next(cluster for cluster in read.clusters if cluster.id == CLUSTER)
    return Briefing(DATASET, read.selection, others, "v1"), cluster


def conversation() -> dict[str, Chat]:
    """The requests of the example, by role."""
    briefing, cluster = material(SHOWN_GENES, SIBLINGS)
    first = prompts.annotator(briefing, cluster, max_tokens=4096)
    return {
        "annotator": first,
        "validator": prompts.validator(briefing, cluster, FIRST_REPLY, FINDINGS, max_tokens=4096),
        "revision": prompts.revision(first, _reply(FIRST_REPLY), FEEDBACK, REVIEW["feedback"]),
        "formatter": prompts.formatter(UNREADABLE_REPLY, ANNOTATION),
    }


def parts() -> dict[str, str]:
    """The made parts of the page, by name."""
    chats = conversation()
    fenced = {f"{role} rules": chat.system for role, chat in chats.items() if role != "revision"}
    fenced |= {f"{role} message": chat.messages[-1].text for role, chat in chats.items()}
    # What the validator gets first is what the annotator got.
    _, mark, rest = fenced["validator message"].partition("<claim>")
    fenced["validator message"] = "(dataset, other_clusters and cluster_data as above)\n" + mark + rest
    fenced |= {"annotator reply": _reply(FIRST_REPLY), "validator reply": _reply(REVIEW)}
    return {**{name: f"```text\n{text}\n```" for name, text in fenced.items()}, "size": _size()}


def render(page: str) -> str:
    """The page with its made parts renewed."""
    made = parts()
    return re.sub(
        r"(<!-- made: ([a-z ]+) -->\n).*?(\n<!-- end -->)",
        lambda found: found[1] + made[found[2]] + found[3],
        page,
        flags=re.DOTALL,
    )


def _reply(reply: Mapping[str, Any]) -> str:
    """A reply with a field a line."""
    return "{\n" + ",\n".join(f'"{name}": {json.dumps(value)}' for name, value in reply.items()) + "\n}"


def _size() -> str:
    """Estimated tokens of the two requests a cluster takes as a rule, with the default number of genes."""
    briefing, cluster = material(SplitSettings().n_genes)
    chats = {
        "annotator": prompts.annotator(briefing, cluster, max_tokens=4096),
        "validator": prompts.validator(briefing, cluster, FIRST_REPLY, FINDINGS, max_tokens=4096),
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
