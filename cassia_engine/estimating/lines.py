"""Estimates for a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cassia_engine.callers import argument, option
from cassia_engine.estimating.estimate import DIFFERENCES, DOUBTS, NOT_HIGH, STRONG, Estimate, Share
from cassia_engine.providers.chat import CHARACTERS_A_TOKEN
from cassia_engine.text import counted


def lines(found: Sequence[Estimate]) -> Iterator[str]:
    """What they come to, by role of one sample, by sample of several, and what was assumed."""
    total = in_all(found)
    models = ", ".join(dict.fromkeys(share.model for share in total.shares))
    who = f"{models} by {total.provider}" if models else total.provider
    samples = f"{counted(len(found), 'sample')}, " if len(found) > 1 else ""
    yield f"{samples}{counted(total.n_clusters, 'cluster')}, {who}; nothing was sent"
    if total.n_recorded:
        more = counted(total.n_recorded, "more cluster")
        yield f"{more} {'is' if total.n_recorded == 1 else 'are'} answered in the journal, at no cost"
    yield ""
    rows = [(one.sample, one) for one in found] if len(found) > 1 else [(one.role, one) for one in total.shares]
    width = max(len(name) for name in (*dict(rows), "in all"))
    yield f"{'':{width}}  {'calls':>7}  {'tokens in':>11}  {'tokens out':>11}  {'USD':>8}"
    for name, one in (*rows, ("in all", total)):
        yield _row(name.ljust(width), one)
    yield ""
    yield "Assumed, the shares as in the recorded conversations of docs/trust.md:"
    yield from (f"- {line}" for line in assumptions(total))
    if total.cost_usd is None:
        yield f"The price of a model is not known: give {argument('price_in')} and {argument('price_out')}."
    elif total.max_cost is not None:
        yield _capped(total.max_cost, total.cost_usd, total.reserve_usd)


def in_all(found: Sequence[Estimate]) -> Estimate:
    """The estimates of several samples, by one provider, as one."""
    first = found[0]
    return Estimate(
        sample="",
        provider=first.provider,
        n_clusters=sum(one.n_clusters for one in found),
        n_recorded=sum(one.n_recorded for one in found),
        shares=tuple(share for one in found for share in one.shares),
        prices=next((one.prices for one in found if one.prices), ""),
        strict=first.strict,
        max_cost=first.max_cost,
        reserve_usd=max(one.reserve_usd for one in found),
    )


def as_json(found: Sequence[Estimate]) -> dict[str, Any]:
    """The same as values: of all samples, of each, and of each role in it."""
    total = in_all(found)
    samples = [{"sample": one.sample, **_sample(one), "roles": [_role(share) for share in one.shares]} for one in found]
    return {"provider": total.provider, **_sample(total), "samples": samples, "assumptions": list(assumptions(total))}


def _sample(one: Estimate) -> dict[str, Any]:
    return {"clusters": one.n_clusters, "recorded_clusters": one.n_recorded, **_numbers(one)}


def _role(share: Share) -> dict[str, Any]:
    return {"role": share.role, "model": share.model, **_numbers(share)}


def _numbers(one: Estimate | Share) -> dict[str, Any]:
    return {
        "calls": round(one.calls, 2),
        "input_tokens": round(one.input_tokens),
        "output_tokens": round(one.output_tokens),
        "cost_usd": None if one.cost_usd is None else round(one.cost_usd, 6),
    }


def _row(name: str, one: Estimate | Share) -> str:
    cost = one.cost_usd
    dollars = "unknown" if cost is None else f"{cost:.2f}" if cost >= 0.1 else f"{cost:.2g}"
    number = f"{one.calls:,.0f}" if one.calls >= 1 else f"{one.calls:.1f}"
    return f"{name}  {number:>7}  {one.input_tokens:11,.0f}  {one.output_tokens:11,.0f}  {dollars:>8}"


def assumptions(found: Estimate) -> Iterator[str]:
    """What the numbers rest on."""
    share = {name: f"{value:.0%}" for name, value in (("second", DOUBTS), ("third", DIFFERENCES), ("low", NOT_HIGH))}
    yield f"{CHARACTERS_A_TOKEN:g} characters a token"
    if not found.strict:
        yield f"a second opinion for {share['second']} of the clusters, an adjudicator for {share['third']}"
    if any(one.role.startswith(STRONG) for one in found.shares):
        yield f"the stronger model is asked about {share['low']} of the clusters"
    yield "no answer is sent back, no genes are asked for, no call is repeated, no cache saves anything"
    yield "a model that thinks before it answers has more tokens out than these"
    if found.prices:
        yield found.prices


def _capped(cap: float, cost: float, reserve: float) -> str:
    """Whether the cap lets the last call out, for which the most that it can cost must be left."""
    name = option("max_cost", f"{cap:g}")
    if cost == 0 or cost + reserve <= cap:
        return f"{name} is enough for this."
    most = f"about ${reserve:.2g}"
    if cap <= reserve:
        return f"{name} is not enough for one call, which may cost up to {most}."
    share = f"{(cap - reserve) / cost:.0%} of the calls"
    left = f"as {most}, the most that one call can cost, must be left before each call"
    return f"{name} is not enough: it is reached after about {share}, {left}."
