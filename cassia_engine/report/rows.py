"""What the table says of a cluster, and all that search, filters and pictures need of it: light, for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cassia_engine.records import OFFLINE, Annotation, ClusterResult, Correction, Outcome
from cassia_engine.report import wording
from cassia_engine.report.answers import PIPS, given_score
from cassia_engine.report.lineage_hues import lineage_of
from cassia_engine.report.pack import given, visible
from cassia_engine.report.review_flags import ReviewFlag, review_flags

FIRST_MARKERS = 6  # genes that stand in for the evidence where nobody judged


@dataclass(frozen=True, slots=True)
class Row:
    """A cluster in the table.

    Attributes:
        n_cells: how many cells it has; None where the markers are out of a table.
        key_id: the id as it is, by its code points, where some of its characters cannot be seen; None where `id` can.
        correction: what a person said of the cluster; its label, where it has one, is the title.
        lineage: which of the broad lineages, by whose hue it is drawn; None without a term.
        types: the ranked types, best first.
        not_judged: the first markers of a cluster without an annotation.
        verdict: what is said of the checks where there is no review flag.
        cost: US dollars, None where that is unknown.
    """

    id: str
    n_cells: int | None
    key_id: tuple[int, ...] | None
    anchor: str
    outcome: str
    outcome_word: str
    title: str
    general: str
    types: tuple[str, ...]
    cl_id: str
    cl_label: str
    lineage: int | None
    state: str
    mixed: tuple[str, ...]
    evidence: tuple[str, ...]
    conflicting: tuple[str, ...]
    unsupported: tuple[str, ...]
    not_judged: tuple[str, ...]
    confidence: str
    pips: int
    score: int | None
    validated: bool | None
    verdict: str
    review_flags: tuple[ReviewFlag, ...]
    decided_by: str
    has_type: bool
    calls: int
    cost: float | None
    cost_word: str
    correction: Correction | None

    @property
    def named_by_person(self) -> bool:
        return bool(self.correction and self.correction.label)

    @property
    def annotated(self) -> bool:
        return self.outcome == Outcome.ANNOTATED.value


def anchor(cluster_id: str) -> str:
    """The fragment of a cluster's view: injective, and free of anything HTML or a URL gives a meaning."""
    return "cluster=" + quote(cluster_id, safe="", errors="surrogatepass")


def row(result: ClusterResult, provider: str) -> Row:
    id = result.cluster.id
    a = opinion(result)
    named = None if a else result.named_by_person
    stands = a or named
    return Row(
        id=id,
        n_cells=result.cluster.n_cells,
        key_id=None if visible(id) == id else tuple(map(ord, id)),
        anchor=anchor(id),
        outcome=result.outcome.value,
        outcome_word=wording.OUTCOME_WORDS[result.outcome],
        title=named.label if named else title(a),
        general=stands.general_type if stands else "",
        types=tuple(t.label for t in a.detailed_types) if a else (named.label,) if named else (),
        cl_id=stands.cl_id if stands else "",
        cl_label=stands.cl_label if stands else "",
        lineage=lineage_of(stands.cl_id) if stands else None,
        state=a.state if a else "",
        mixed=a.mixed_types if a else (),
        evidence=a.evidence_genes if a else (),
        conflicting=a.conflicting_genes if a else (),
        unsupported=a.unsupported_genes if a else (),
        not_judged=() if a or result.replaced else tuple(result.cluster.genes[:FIRST_MARKERS]),
        confidence=a.confidence.value if a else "",
        pips=PIPS[a.confidence] if a else 0,
        score=given_score(a, result) if a else None,
        validated=None if result.replaced else result.validated,
        verdict=_verdict(result, provider) if stands else "",
        review_flags=review_flags(result, provider),
        decided_by=result.named_by_person.decided_by if result.named_by_person else result.decided_by,
        has_type=bool(stands) and result.has_cell_type,
        calls=result.usage.calls,
        cost=_cost(result),
        cost_word=_cost_word(result),
        correction=result.correction,
    )


def opinion(result: ClusterResult) -> Annotation | None:
    """The annotation that stands: none where a person's label has replaced it. A cluster that ended otherwise has
    none, whatever was said on the way."""
    return result.standing if result.outcome is Outcome.ANNOTATED else None


def title(a: Annotation | None) -> str:
    if a is None:
        return "No annotation"
    best = a.detailed_types[0].label if a.detailed_types else ""
    return best or a.general_type or "No label was given"


def row_data(row: Row) -> dict[str, Any]:
    """A row as the scripts get it, every key there: of a review flag what the table shows."""
    found = {name: getattr(row, name) for name in Row.__slots__ if name != "key_id" or row.key_id}
    return {
        **found,
        "review_flags": [{"kind": f.kind, "word": f.word, "tone": f.tone} for f in row.review_flags],
        "correction": row.correction and _correction_data(row.correction),
    }


def _correction_data(said: Correction) -> dict[str, Any]:
    found = {"cl_match" if name == "match" else name: value for name, value in given(said).items()}
    return {**found, "cl_match": said.match.text} if "cl_match" in found else found


def _verdict(result: ClusterResult, provider: str) -> str:
    if result.named_by_person:
        return "named by a person" if opinion(result) is None else "confirmed by a person"
    if result.validated:
        return "checks passed" if provider == OFFLINE else "validator agreed"
    if result.adjudication and result.adjudication.agree:
        return "second opinion agrees"
    return "no warning"


def _cost(result: ClusterResult) -> float | None:
    """With the digits of the summary: a sum of costs has more, which are noise."""
    cost = result.usage.cost_usd
    return None if cost is None else float(f"{cost:.10g}")


def _cost_word(result: ClusterResult) -> str:
    if not result.usage.calls:
        return "no calls"
    return "unknown" if result.usage.cost_usd is None else wording.dollars(result.usage.cost_usd)
