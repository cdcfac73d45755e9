"""Votes of several conversations on a cluster, and answers of a stronger model, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cassia_engine.ontology import Ontology, compare
from cassia_engine.records import Ballot, ClusterResult, Relation, RunInfo
from cassia_engine.report.wording import plural


def votes_words(result: ClusterResult) -> str:
    """What each vote came to, with who gave it; "" where a single conversation was asked for."""
    return "; ".join(ballot.words for ballot in result.ballots)


def agreement_words(result: ClusterResult) -> str:
    """How many votes are for the label, before what each came to; "" where there is one vote or none."""
    if len(result.ballots) < 2:
        return ""
    agreeing = sum(ballot.agrees for ballot in result.ballots)
    return f"{agreeing} of {plural(len(result.ballots), 'vote')} for the label: {votes_words(result)}"


def contradicting(result: ClusterResult) -> tuple[Ballot, ...]:
    """The votes for another type than the label of a consensus: neither a kind of it nor one that it is a kind of."""
    label = result.annotation
    if label is None or not label.detailed_types or result.agreement is None:
        return ()
    ontology = Ontology.load()
    others = [ballot for ballot in result.ballots if ballot.cl_id and not ballot.agrees and not ballot.escalated]
    return tuple(one for one in others if compare(ontology, label.cl_id, one.cl_id) is not Relation.BROADER)


def stronger_model(run: RunInfo) -> str:
    """The model that answers in doubt are escalated to; "" for none."""
    return dict(run.parameters).get("escalate_to", "")


def fallback_votes(result: ClusterResult) -> tuple[Ballot, ...]:
    """The answers for the label that the fallback model gave in the place of another one."""
    return tuple(ballot for ballot in result.ballots if ballot.instead_of and ballot.agrees)


def methods(run: RunInfo, results: Sequence[ClusterResult]) -> Iterator[str]:
    """How votes gave the labels, and which clusters a stronger model was asked about."""
    n_votes = max((sum(not ballot.escalated for ballot in result.ballots) for result in results), default=0)
    if n_votes > 1:
        yield (
            f"{n_votes} conversations were held on each cluster, and their votes were merged in the Cell Ontology: the "
            "label is the deepest type that more than half of them name, or name a kind of."
        )
    if fallback := dict(run.parameters).get("fallback_model", ""):
        n_clusters = sum(any(ballot.instead_of for ballot in result.ballots) for result in results)
        yield (
            f"Where the model refused or was not served, {fallback} was asked in its place and answered: "
            f"{plural(n_clusters, 'cluster')}."
        )
    if model := stronger_model(run):
        n_escalated, n_asked = _escalated(results)
        yield (
            f"Where that answer was not of High confidence, {model} was asked as well, and its answer stands: "
            f"{n_escalated:,} of {plural(n_asked, 'cluster')}."
        )


def escalation(run: RunInfo, results: Sequence[ClusterResult]) -> str:
    """How many clusters were escalated and what that saved, in a line; "" where none was to be.

    Saved is what the stronger model would have cost for all clusters, by the mean of its conversations, less what was
    spent.
    """
    model = stronger_model(run)
    if not model:
        return ""
    n_escalated, n_asked = _escalated(results)
    return f"{n_escalated:,} of {plural(n_asked, 'cluster')} escalated to {model}; {_saved(results, n_asked)}"


def _escalated(results: Sequence[ClusterResult]) -> tuple[int, int]:
    """How many clusters a stronger model was asked about, and how many clusters were asked about at all."""
    asked = [result for result in results if result.ballots]
    return sum(any(ballot.escalated for ballot in result.ballots) for result in asked), len(asked)


def _saved(results: Sequence[ClusterResult], n_asked: int) -> str:
    costs = [b.usage.cost_usd for result in results for b in result.ballots if b.escalated]
    spent = [result.usage.cost_usd for result in results if result.ballots]
    known, paid = [cost for cost in costs if cost is not None], [cost for cost in spent if cost is not None]
    if not costs:
        return "what that saved is unknown, as the stronger model was not asked"
    if len(known) < len(costs) or len(paid) < len(spent):
        return "what that saved is unknown, as what calls cost is not known"
    mean, total = sum(known) / len(known), sum(paid)
    saved = mean * n_asked - total
    told = f"saved about {saved:.2g} USD" if saved >= 0 else f"cost about {-saved:.2g} USD more"
    return (
        f"that {told}: for all of them it would have cost {mean * n_asked:.2g} USD (at its mean of {mean:.2g} USD a "
        f"cluster), and {total:.2g} USD were spent"
    )
