"""What passes between a conversation, the journal and a provider. Nothing here knows of cell types, or of keys."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from cassia_engine.fast_json import ascii_json

CHARACTERS_A_TOKEN = 3.5  # estimated, as a provider's tokenizer is not at hand


class Finish(StrEnum):
    """How a reply ended, whatever its provider calls it."""

    STOP = "stop"  # the model had nothing more to say
    LENGTH = "length"  # cut off at max_tokens or at the end of the context
    REFUSED = "refused"  # by the model or by a content filter
    PROMPT_CUT = "prompt_cut"  # the model did not get the whole prompt, so what it says is no answer
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Message:
    """A turn of a conversation; `role` is "user" or "assistant".

    Attributes:
        stable: characters at the beginning of the text that many requests have in common.
    """

    role: str
    text: str
    stable: int = 0


@dataclass(frozen=True, slots=True)
class Chat:
    """A request in cassia's own words, which a dialect turns into a body.

    Attributes:
        system: the stable text in front, the same for many requests.
        messages: turns, the user's first and last.
        max_tokens: the most the reply may have, reasoning included.
        schema: JSON schema of the reply wanted, its name as "title"; None for free text.
        temperature, reasoning: as the person asked, None for unset; what really went out is in `Reply.sent`.
    """

    system: str
    messages: tuple[Message, ...]
    max_tokens: int
    schema: Mapping[str, Any] | None = None
    temperature: float | None = None
    reasoning: str | None = None

    @property
    def sha256(self) -> str:
        """What tells this request from others, whatever a dialect makes of it."""
        turns = [[message.role, message.text] for message in self.messages]
        whole = {name: getattr(self, name) for name in ("system", "max_tokens", "schema", "temperature", "reasoning")}
        return hashlib.sha256(ascii_json({**whole, "messages": turns}, sort_keys=True)).hexdigest()


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it goes over the wire, without its key and its headers.

    Attributes:
        url: as it is recorded and shown; a key in it stands as ***.
        body: not to be changed any more.
        payload: the body as JSON in ASCII, written once for the wire and for the journal.
    """

    dialect: str
    url: str
    body: Mapping[str, Any]
    payload: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "payload", ascii_json(self.body))


@dataclass(frozen=True, slots=True)
class Call:
    """A request and which of its equals it is.

    Attributes:
        replicate: number of the cluster's conversation, from 0; a further one asks everything anew.
        ordinal: how often this same request was made before in the same conversation.
    """

    request: Request
    replicate: int = 0
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """A whole answer of status 200, as text, before anybody has read it.

    Attributes:
        at: when it had come, ISO 8601 in UTC.
        seconds: from sending to the last byte.
        recorded: whether it came from the journal, so that nothing was sent.
        batch: whether a batch gave it, at half the price.
    """

    body: str
    at: str
    seconds: float
    recorded: bool = False
    batch: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as read.

    Attributes:
        finish_reason: the provider's own word for `finish`.
        model: who answered, as the provider says.
        input_tokens, output_tokens: of all kinds, cached and reasoning ones included. None is unknown, which is not 0.
        cost_usd: None is unknown, which is not 0.
        cost_source: where the cost is from: "provider", "prices of 2026-11-20" or "".
        sent: parameters that really went out, such as temperature and reasoning, under cassia's names.
        adjusted: how the request differs from what the table of models says, after refusals.
    """

    text: str
    finish: Finish
    finish_reason: str
    model: str
    call: Call
    receipt: Receipt
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    cost_source: str = ""
    sent: Mapping[str, Any] = field(default_factory=dict)
    adjusted: Mapping[str, Any] = field(default_factory=dict)


class Exchange(Protocol):
    """One attempt at one request. The transport is one; the journal is one around another."""

    def find(self, call: Call) -> Receipt | None:
        """The answer that is on record; None if there is none, so that the call has to be sent.

        Raises:
            Fault: it is on record that the call was rejected for one of its parameters.
        """
        ...

    async def exchange(self, call: Call) -> Receipt:
        """The answer.

        Raises:
            Fault: there is none; its action says what to do.
            StoppedError: nothing is sent any more.
        """
        ...

    def void(self, call: Call) -> None:
        """Say that the recorded answer of `call` is no answer (an error in a body of status 200)."""
        ...


class ChatModel(Protocol):
    """A chat model: what a conversation asks, and all that it knows of a provider."""

    model: str

    async def chat(self, chat: Chat, replicate: int = 0, ordinal: int = 0) -> Reply:
        """The reply of the model.

        Raises:
            CallFailedError: this request gets no answer, others may.
            AccountError, TemporaryError: no request gets one; the run ends.
            StoppedError: nothing is sent any more, and the journal has no answer.
        """
        ...
