"""An estimate for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from cassia_engine.callers import argument
from cassia_engine.estimating.estimate import DIFFERENCES, DOUBTS, NOT_HIGH, STRONG, Estimate
from cassia_engine.providers.chat import CHARACTERS_A_TOKEN
from cassia_engine.text import counted


def lines(found: Estimate) -> Iterator[str]:
    """The calls by role, what they come to, and what was assumed."""
    models = ", ".join(dict.fromkeys(share.model for share in found.shares))
    yield f"{counted(found.n_clusters, 'cluster')}, {models} by {found.provider}; nothing was sent"
    yield ""
    width = max((len(share.role) for share in found.shares), default=0)
    yield f"{'':{width}}  {'calls':>7}  {'tokens in':>11}  {'tokens out':>11}  {'USD':>8}"
    for share in found.shares:
        yield _row(share.role.ljust(width), share.calls, share.input_tokens, share.output_tokens, share.cost_usd)
    yield _row("in all".ljust(width), found.calls, found.input_tokens, found.output_tokens, found.cost_usd)
    yield ""
    yield from _assumed(found)


def _row(name: str, calls: float, sent: float, received: float, cost: float | None) -> str:
    dollars = "unknown" if cost is None else f"{cost:.2f}" if cost >= 0.1 else f"{cost:.2g}"
    number = f"{calls:,.0f}" if calls >= 1 else f"{calls:.1f}"
    return f"{name}  {number:>7}  {sent:11,.0f}  {received:11,.0f}  {dollars:>8}"


def _assumed(found: Estimate) -> Iterator[str]:
    share = {name: f"{value:.0%}" for name, value in (("second", DOUBTS), ("third", DIFFERENCES), ("low", NOT_HIGH))}
    yield "Assumed, the shares as in the recorded conversations of docs/trust.md:"
    yield f"- {CHARACTERS_A_TOKEN:g} characters a token"
    if not found.strict:
        yield f"- a second opinion for {share['second']} of the clusters, an adjudicator for {share['third']}"
    if any(one.role.startswith(STRONG) for one in found.shares):
        yield f"- the stronger model is asked about {share['low']} of the clusters"
    yield "- no answer is sent back, no genes are asked for, no call is repeated, no cache saves anything"
    yield "- a model that thinks before it answers has more tokens out than these"
    if found.prices:
        yield f"- {found.prices}"
    if found.cost_usd is None:
        yield f"The price of a model is not known: give {argument('price_in')} and {argument('price_out')}."
