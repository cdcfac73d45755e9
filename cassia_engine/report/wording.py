"""How the report puts numbers and settings into words. Unknown is a word of its own, never a 0."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cassia_engine.calibration import HIGH, LOW
from cassia_engine.records import OFFLINE, ClusterResult, Outcome, RunInfo, Selection
from cassia_engine.text import one_line

NO_MODEL = "No language model was asked."
DASH = "\N{EN DASH}"
NAMED_AT_MOST = 5  # clusters in the line at the end of a run

TABLES = {"seurat": "Seurat", "scanpy": "Scanpy"}
EARLIER_PROMPTS = "1"
VALIDATORS = {"v1": "moderate", "v0": "strict"}  # by these prompts
INVOLVEMENTS = {
    "v1": "second opinions where there is doubt",
    "v0": "a second opinion and a strict review of each answer",
}
OUTCOME_WORDS = {
    Outcome.ANNOTATED: "annotated",
    Outcome.NO_MARKERS: "no markers",
    Outcome.REFUSED: "refused",
    Outcome.TRUNCATED: "truncated",
    Outcome.UNPARSED: "unparsed",
    Outcome.FAILED: "failed",
    Outcome.NOT_REACHED: "not reached",
}


def plural(count: int, noun: str) -> str:
    """1 gene, 2 genes, 1,200 genes."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def cells_of(results: Sequence[ClusterResult]) -> int | None:
    """How many cells all clusters have; None where any cluster's number is unknown."""
    counts = [result.cluster.n_cells for result in results]
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def cells_in_clusters(results: Sequence[ClusterResult]) -> str:
    """Such as "12,345 cells in 30 clusters"; "" where the cells are not known."""
    total = cells_of(results)
    return "" if total is None else f"{plural(total, 'cell')} in {plural(len(results), 'cluster')}"


def have_a_type(n_typed: int, n_all: int, n_by_person: int = 0) -> str:
    """The sentence on how many clusters have a cell type, and how many of these a person named."""
    whole = _have_a_type(n_typed, n_all)
    if not n_by_person:
        return whole
    return whole.removesuffix(".") + (
        ", named by a person." if n_typed == 1 else f", {n_by_person:,} of them by a person."
    )


def _have_a_type(n_typed: int, n_all: int) -> str:
    if n_all == 0:
        return "The marker table has no clusters."
    if n_typed == n_all:
        return "The one cluster has a cell type." if n_all == 1 else f"All {n_all:,} clusters have a cell type."
    if n_typed == 0:
        return "The one cluster has no cell type." if n_all == 1 else f"None of {n_all:,} clusters has a cell type."
    verb = "has" if n_typed == 1 else "have"
    return f"{n_typed:,} of {n_all:,} clusters {verb} a cell type."


def need_review(count: int, n_warnings: int = 0, where: str = "") -> str:
    """The sentence on how many clusters need review; where none does, it leads to warnings of the whole sample.

    Args:
        where: these stand, " above" or the like; "" where they follow.
    """
    if count == 0:
        return f"{_see(n_warnings)}{where}." if n_warnings else "None needs review."
    return f"{count:,} {'needs' if count == 1 else 'need'} review."


def review_title(count: int, n_warnings: int = 0) -> str:
    """What stands above the list of clusters that need review; `need_review` says the same in a sentence."""
    return "Needs review" if count else _see(n_warnings) if n_warnings else "Nothing needs review"


def _see(n_warnings: int) -> str:
    return "See the warning" if n_warnings == 1 else f"See the {n_warnings:,} warnings"


def summary(
    n_typed: int,
    n_all: int,
    n_by_person: int,
    review: Sequence[tuple[str, str]],
    n_warnings: int = 0,
    where: str = "",
) -> str:
    """How a sample ended, in one line.

    Such as "12 of 14 clusters have a cell type. 2 need review: 3 (refused), 7 (low confidence)." `review` has
    (cluster id, reason in a few words), worst first; the first few are named. `where` is as for `need_review`.
    """
    said = have_a_type(n_typed, n_all, n_by_person)
    if not review:
        return f"{said} {need_review(0, n_warnings, where)}" if n_all else said
    named = [f"{_shortened(cluster)} ({reason})" for cluster, reason in review[:NAMED_AT_MOST]]
    more = [f"{len(review) - NAMED_AT_MOST:,} more"] if len(review) > NAMED_AT_MOST else []
    verb = "needs" if len(review) == 1 else "need"
    return f"{said} {len(review):,} {verb} review: {', '.join(named + more)}."


def _shortened(text: str, most: int = 40) -> str:
    plain = one_line(text)
    return plain if len(plain) <= most else f"{plain[:most]}..."


def share(value: float | None) -> str:
    """A fraction as a percentage; a small one is not rounded down to none."""
    if value is None or not math.isfinite(value):
        return DASH
    return "<1%" if 0 < value < 0.01 else f"{value:.0%}"


def duration(seconds: float) -> str:
    """ "0.8 s", "4 min 38 s", "2 h 5 min", "3 days 4 h"."""
    if seconds < 0.1:
        return "less than 0.1 s"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, hours, days = round(seconds) // 60, round(seconds) // 3600, round(seconds) // 86400
    if not hours:
        return f"{minutes} min {round(seconds) % 60} s"
    return f"{hours} h {minutes % 60} min" if not days else f"{plural(days, 'day')} {hours % 24} h"


def dollars(value: float) -> str:
    """Cents; small sums with two digits that count, the smallest as a bound."""
    if value == 0 or value >= 0.1:
        return f"${value:,.2f}"
    return f"${value:.2g}" if value >= 0.0001 else "less than $0.0001"


def total(values: Sequence[float | None], form: str = "{:,.0f}", of: str = "cluster") -> str:
    """The sum, or what is known of it: "unknown", or "at least 1,200 (unknown for 2 clusters)"."""
    known = [value for value in values if value is not None]
    text = dollars(sum(known)) if form == "$" else form.format(sum(known))
    if len(known) == len(values):
        return text
    unknown = len(values) - len(known)
    return f"at least {text} (unknown for {plural(unknown, of)})" if any(known) else "unknown"


def usage_facts(results: Sequence[ClusterResult]) -> list[tuple[str, str]]:
    """Calls, tokens and cost of these clusters. Clusters that made no call know their cost: nothing."""
    asked = [r.usage for r in results if r.usage.calls]
    missing = sum(r.outcome is Outcome.NOT_REACHED for r in results)
    uncounted = f"; {plural(missing, 'cluster')} not reached, not counted" if missing else ""
    if not asked:
        return [("Calls", "no calls" + uncounted)]
    tokens_in = total([usage.input_tokens for usage in asked])
    tokens_out = total([usage.output_tokens for usage in asked])
    cached = sum(usage.cached_tokens or 0 for usage in asked)
    from_cache = f" ({cached:,} of them from the provider's cache)" if cached else ""
    return [
        ("Calls", f"{sum(usage.calls for usage in asked):,}" + uncounted),
        ("Tokens", f"{tokens_in} in{from_cache}, {tokens_out} out"),
        ("Cost", total([usage.cost_usd for usage in asked], "$")),
    ]


def thresholds(selection: Selection) -> str:
    """The filter in words: "adjusted p < 0.05, log2 fold change > 0.25"; empty if nothing was filtered."""
    parts = []
    if selection.max_p_val_adj is not None:
        parts.append(f"adjusted p < {selection.max_p_val_adj:g}")
    if selection.min_log2fc is not None:
        parts.append(f"log2 fold change > {selection.min_log2fc:g}")
    if selection.min_pct is not None:
        parts.append(f"expressed in at least {100 * selection.min_pct:g}% of the cells inside or outside")
    return ", ".join(parts)


def selection_words(selection: Selection) -> str:
    """How the markers were chosen, as one line for the run facts."""
    unfiltered = "no filter, the table has no statistics" if selection.ranked_by == "given order" else ""
    limits = thresholds(selection) or unfiltered
    table = TABLES.get(selection.marker_format, selection.marker_format)
    chosen = f"{table} table, up to {plural(selection.n_genes, 'gene')} per cluster by {selection.ranked_by}"
    return f"{chosen}; {limits}" if limits else chosen


def score_meaning(run: RunInfo) -> str:
    """What confidence and score are, said once."""
    score = "the annotator's opinion"
    if run.provider == OFFLINE:
        score = "how the answer compares with the strongest type of an unrelated lineage, where 50 is a tie"
    return (
        f"Score runs from 0 to 100, confidence is Low, Moderate or High. The score is {score}; it is no probability. "
        f"{_confidence_meaning(run)}"
    )


def _confidence_meaning(run: RunInfo) -> str:
    basis = run.calibration
    if basis is None:
        return "Nor is the confidence, which follows the annotator's own rule."
    answers = f"{basis.n} answers of {basis.fitted_on}"
    doubt = "" if run.is_calibrated else "; not of this annotator, for which it may be too high or too low"
    return (
        "The confidence is a band of the probability that the answer is the type that an expert would name, a kind of "
        f"it or one that it is a kind of: High from {HIGH:.0%}, Low under {LOW:.0%}. It was fitted on {answers}{doubt}."
    )


def reliability(run: RunInfo) -> str:
    """How often held-out labels were right, or broader or narrower than the right type, by predicted probability."""
    if run.calibration is None or not run.calibration.reliability:
        return ""
    pairs = ", ".join(f"{stated:.0%} and {observed:.0%}" for stated, observed in run.calibration.reliability)
    return f"held-out labels, predicted and observed: {pairs}"
