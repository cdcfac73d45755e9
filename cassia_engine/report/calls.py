"""The calls of a conversation as rows of a table: who was asked, what went out, what came back, what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cassia_engine.providers.chat import Finish
from cassia_engine.records import REPLICATES_OF_A_VOTE, ClusterResult, RunInfo
from cassia_engine.records.record import Record
from cassia_engine.report.wording import DASH, dollars, plural

Entry = Mapping[str, Any]

UNKNOWN = "unknown"
ENDINGS: Mapping[Finish, str] = {
    Finish.STOP: "complete",
    Finish.LENGTH: "cut off",
    Finish.REFUSED: "refused",
    Finish.PROMPT_CUT: "answered a prompt that was cut",
    Finish.OTHER: "ended early",
}

# How the shape of a reply was demanded, as the dialects call it.
SHAPES: Mapping[str, str] = {
    "json_schema": "replies by a JSON schema",
    "output_config": "replies by a JSON schema",
    "format": "replies by a JSON schema",
    "json_object": "replies in JSON",
}


class CallRow(Record, frozen=True):
    """A call that got a reply."""

    who: str
    model: str
    tokens_in: str
    tokens_out: str
    cost: str
    seconds: str
    ended: str
    sent: str


def rows(calls: Sequence[Entry]) -> tuple[CallRow, ...]:
    return tuple(
        CallRow(
            who=_who(call),
            model=_text(call, "model") or UNKNOWN,
            tokens_in=_tokens_in(call),
            tokens_out=tokens(call, "output_tokens"),
            cost=_cost(call),
            seconds=_seconds(call),
            ended=ending(call),
            sent=_sent(call),
        )
        for call in calls
    )


def cost_sources(calls: Sequence[Entry]) -> str:
    """Where the costs are from; "" if none is known."""
    names = {"provider": "the provider's own figure"}
    found = dict.fromkeys(_text(call, "cost_source") for call in calls if _number(call, "cost_usd") is not None)
    return " and ".join(names.get(source, f"calculated from {source}") for source in found if source)


def finish(call: Entry) -> Finish:
    """How a reply ended; STOP if that is not known."""
    given = _text(call, "finish")
    return Finish(given) if given in list(Finish) else Finish.STOP


def ending(call: Entry) -> str:
    """How a reply ended, in words, with the provider's own word where it is of interest."""
    how, reason = finish(call), _text(call, "finish_reason")
    return ENDINGS[how] + (f" ({reason})" if reason and how is not Finish.STOP else "")


def repairs(call: Entry) -> tuple[str, ...]:
    found = call.get("repaired")
    return tuple(map(str, found)) if isinstance(found, (list, tuple)) else ()


def vote(call: Entry) -> int:
    """The vote that a call is of, from 1; 0 where a single conversation was asked for."""
    return int(_number(call, "vote") or 0)


def replicate(call: Entry) -> int:
    """Number of the conversation among those of its vote, from 0."""
    return int(_number(call, "replicate") or 0) % REPLICATES_OF_A_VOTE


def tokens(call: Entry, name: str) -> str:
    count = _number(call, name)
    return UNKNOWN if count is None else f"{count:,.0f}"


def _tokens_in(call: Entry) -> str:
    cached = _number(call, "cached_tokens")
    return tokens(call, "input_tokens") + (f" ({cached:,.0f} cached)" if cached else "")


def facts(run: RunInfo, results: Sequence[ClusterResult]) -> Iterator[tuple[str, str]]:
    """What really went out and who really answered, over all calls of a run."""
    calls = [call for result in results for call in result.call_facts]
    models = Counter(_text(call, "model") for call in calls)
    if set(models) - {"", run.model}:
        yield "Answered by", _counted(models, len(calls))
    if calls:
        yield "Sent", "; ".join(_sent_in_all(run, calls))


def _sent_in_all(run: RunInfo, calls: Sequence[Entry]) -> Iterator[str]:
    asked = [name for name, _ in run.parameters if name in ("temperature", "reasoning")]
    given = [_mapping(call) for call in calls]
    for name in dict.fromkeys([*asked, *(name for sent in given for name in sent)]):
        values = Counter(_worded(name, sent[name]) for sent in given if name in sent)
        yield _counted(values, len(calls)) if values else f"{name} was asked for and not sent"


def _counted(values: Counter[str], n_all: int) -> str:
    """The values; with their numbers of calls if they differ, or stood in some of the calls only."""
    if len(values) == 1 and values.total() == n_all:
        return next(iter(values))
    return ", ".join(f"{value or UNKNOWN} ({plural(count, 'call')})" for value, count in sorted(values.items()))


def _worded(name: str, value: object) -> str:
    """A parameter that was sent: "at most 4,096 tokens", "temperature 0"."""
    if name == "max_tokens" and isinstance(value, int):
        return f"at most {plural(value, 'token')}"
    if name == "schema":
        return SHAPES.get(str(value), f"replies as {value}")
    return f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"


def _who(call: Entry) -> str:
    round_ = int(_number(call, "round") or 0)
    again, of = replicate(call), vote(call)
    parts = (
        _text(call, "role").capitalize() or UNKNOWN,
        f"round {round_}" if round_ else "",
        f"vote {of}" if of else "",
        f"conversation {again + 1}" if again else "",
    )
    return ", ".join(filter(None, parts))


def _cost(call: Entry) -> str:
    cost = _number(call, "cost_usd")
    return UNKNOWN if cost is None else dollars(cost)


def _seconds(call: Entry) -> str:
    seconds = _number(call, "seconds")
    return UNKNOWN if seconds is None else f"{seconds:.1f}"


def _sent(call: Entry) -> str:
    return ", ".join(_worded(name, value) for name, value in _mapping(call).items()) or DASH


def _mapping(call: Entry) -> Mapping[str, Any]:
    sent = call.get("sent")
    return sent if isinstance(sent, Mapping) else {}


def _text(call: Entry, name: str) -> str:
    value = call.get(name)
    return value if isinstance(value, str) else ""


def _number(call: Entry, name: str) -> float | None:
    value = call.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
