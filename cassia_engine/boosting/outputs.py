"""What a person gets of an investigation: a file, a page, and a few lines for a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from cassia_engine.boosting.boosted import Boost, BoostRound
from cassia_engine.boosting.page import render
from cassia_engine.files import atomic_write
from cassia_engine.records import Relation
from cassia_engine.text import counted, one_line

SCHEMA_VERSION = "1.0"
ENDS = ("_boost.json", "_boost.html")
_UNSAFE = re.compile(r"[^\w.+-]+")
_RELATIONS = {
    Relation.SAME: "the same as before",
    Relation.NARROWER: "a kind of what it was before",
    Relation.BROADER: "broader than before",
    Relation.RELATED: "another type of the lineage it had before",
    Relation.DIFFERENT: "of another lineage than before",
}


def name_for(stem: str, cluster: str) -> str:
    """A sample name for one cluster of a table: files are named after it."""
    return f"{stem}_{_UNSAFE.sub('_', cluster)}"


def paths_of(folder: Path, name: str) -> list[Path]:
    """The outputs, in the order in which they are written."""
    return [folder / f"{name}{end}" for end in ENDS]


def write_boost(boost: Boost, folder: Path) -> list[Path]:
    """Write the outputs into a folder; each appears whole or not at all.

    Raises:
        OSError: one cannot be written.
    """
    texts = (json.dumps(as_json(boost), indent=1, ensure_ascii=False) + "\n", render(boost, summary_line(boost)))
    paths = paths_of(folder, boost.dataset.name)
    for path, text in zip(paths, texts, strict=True):
        with atomic_write(path) as file:
            file.write(text)
    return paths


def as_json(boost: Boost) -> dict[str, Any]:
    """The whole investigation as plain JSON."""
    boosted, plain = boost.boosted, msgspec.to_builtins
    findings = boosted.findings
    return {
        "schema_version": SCHEMA_VERSION,
        "dataset": plain(boost.dataset),
        "run": plain(boost.run),
        "cluster": boost.cluster.id,
        "markers": boost.cluster.genes,
        "earlier": boost.earlier and {"label": boost.earlier.label, "cl_id": boost.earlier.cl_id},
        "outcome": boosted.outcome.value,
        "reason": boosted.reason,
        "label": boosted.label,
        "types": plain(boosted.types),
        "relation_to_earlier": boost.relation.value if boost.relation else None,
        "answer": plain(boosted.claim),
        "checks": findings and [{"passed": item.passed, "text": item.text} for item in findings.items],
        "unsupported_genes": list(findings.unsupported) if findings else [],
        "evidence_that_is_down": list(boosted.down),
        "rounds": [{"enquiry": plain(one.enquiry), "found": plain(one.found)} for one in boosted.rounds],
        "usage": plain(boosted.usage),
        "calls": list(boosted.calls),
    }


def lines(boost: Boost) -> Iterator[str]:
    """What a person reads on a terminal."""
    boosted = boost.boosted
    yield summary_line(boost)
    for number, one in enumerate(boosted.rounds, start=1):
        yield f"round {number}: {'; '.join(one_line(h.cell_type) for h in one.enquiry.hypotheses)}; {looked_up(one)}"
    for place, found in enumerate(boosted.types, start=1):
        yield f"{place}. {one_line(found.label)}{f' ({found.cl_id})' if found.cl_id else ''}"
    if boosted.findings and boosted.findings.evidence:
        yield f"evidence: {', '.join(boosted.findings.evidence)}"
    if boosted.down:
        yield f"cited for it, and down in the cluster: {_names(boosted.down)}"
    for item in boosted.findings.failed if boosted.findings else ():
        yield f"check: {item.text}"
    yield f"{counted(boosted.usage.calls, 'call')}{_cost(boosted.usage.cost_usd)}"


def summary_line(boost: Boost) -> str:
    """The cluster and its answer, with what it was before."""
    boosted, cluster = boost.boosted, one_line(boost.cluster.id)
    if not boosted.label:
        return f"cluster {cluster}: no answer ({boosted.outcome.value}): {one_line(boosted.reason)}"
    score = boosted.claim.score if boosted.claim else None
    said = f"cluster {cluster}: {one_line(boosted.label)}{'' if score is None else f', score {score:g} of 100'}"
    before = boost.earlier
    if before is None or not before.label:
        return said
    how = _RELATIONS.get(boost.relation, "") if boost.relation else ""
    return f"{said}; before: {one_line(before.label)}{f' ({how})' if how else ''}"


def looked_up(one: BoostRound) -> str:
    """How many genes were asked for, and which the table does not have."""
    found = one.found
    if not found.asked:
        return "no genes asked for"
    missing = f"; not in the table: {_names(found.missing)}" if found.missing else ""
    return f"{counted(len(found.asked), 'gene')} looked up{missing}"


def _names(genes: Sequence[str]) -> str:
    return ", ".join(map(one_line, genes))


def _cost(cost: float | None) -> str:
    return "" if cost is None else f", ${cost:.4f}"
