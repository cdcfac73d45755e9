"""The messages and calls of a cluster's conversation, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cassia_engine.records.looked_up import LookedUp
from cassia_engine.records.record import Number, Record


class FailedCall(Record, frozen=True):
    """A request that got no answer, whatever was tried.

    Attributes:
        model: who was asked.
        replicate, ordinal: as of a call.
        chat: what was asked, as the SHA-256 of its form before a dialect wrote it.
        error: why there is no answer.
        gone: the provider does not serve the model.
    """

    model: str
    replicate: int
    ordinal: int
    chat: str
    error: str
    gone: bool = False


class Lookups(Record, frozen=True):
    """Genes as a model named them, and what was found of them."""

    wanted: tuple[str, ...]
    found: LookedUp


class Conversation(Record, frozen=True):
    """Every message of one cluster. Texts alternate: annotations[0], checks[0], validations[0], annotations[1] ...

    `checks[i]` is what the code found in annotations[i] before anybody else read it; `validations[i]` is "" where
    nobody judged it. `adjudication` is the reply of who chose between the answer and a second opinion, None if nobody
    was asked. `calls` holds one mapping a request that was answered (empty for the offline annotator).
    """

    annotations: tuple[str, ...] = ()
    validations: tuple[str, ...] = ()
    formatting: str | None = None
    scoring: str | None = None
    calls: tuple[Mapping[str, Any], ...] = ()
    checks: tuple[str, ...] = ()
    adjudication: str | None = None


class Usage(Record, frozen=True):
    """What a cluster cost. None is unknown, which is not 0.

    `cached_tokens`, among `input_tokens`, were read from the provider's cache, which costs less.
    """

    calls: int = 0
    input_tokens: int | None = 0
    output_tokens: int | None = 0
    cost_usd: Number | None = 0.0
    cached_tokens: int | None = 0

    @property
    def tokens(self) -> int | None:
        """Of prompts and replies; None if unknown."""
        if self.input_tokens is None or self.output_tokens is None:
            return None
        return self.input_tokens + self.output_tokens

    @property
    def words(self) -> str:
        """In words: "22 calls, 45,100 tokens in (30,000 of them cached), 6,020 out, cost unknown"; "" for no calls."""
        if not self.calls:
            return ""
        sent, received = ("unknown" if n is None else f"{n:,}" for n in (self.input_tokens, self.output_tokens))
        cost = "unknown" if self.cost_usd is None else f"{self.cost_usd:.2g} USD"
        cached = f" ({self.cached_tokens:,} of them cached)" if self.cached_tokens else ""
        return f"{self.calls:,} calls, {sent} tokens in{cached}, {received} out, cost {cost}"

    def __add__(self, other: Usage) -> Usage:
        def known(one: Any, two: Any) -> Any:
            return None if one is None or two is None else one + two

        return Usage(
            self.calls + other.calls,
            known(self.input_tokens, other.input_tokens),
            known(self.output_tokens, other.output_tokens),
            known(self.cost_usd, other.cost_usd),
            known(self.cached_tokens, other.cached_tokens),
        )
