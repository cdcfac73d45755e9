"""What every wire dialect has: a model's traits, what is read of a body, and what a request carries.

A dialect knows no account and no model: what a model takes comes as `Traits`, which are rows of data/quirks.tsv.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from cassia_engine.providers.chat import Chat, Finish, Message
from cassia_engine.providers.dialects.bounds import bounded
from cassia_engine.providers.dialects.per_schema import once_per_schema
from cassia_engine.secret import Secret


@dataclass(frozen=True, slots=True)
class Traits:
    """What a model at an account takes.

    Attributes:
        temperature: whether it takes one.
        reasoning: how it is asked for, "" if it takes none: "effort" (a field of OpenAI's), "object" (OpenRouter's),
            "adaptive" (Anthropic's), "think" (Ollama's, in levels), "think_switch" (Ollama's, on or off), "level" and
            "budget" (Google's), "config" (Qwen's, at Bedrock).
        schema: how the reply's shape is demanded: "json_schema", "json_object", "format", "output_config",
            "text_format", or "" for in words only.
        max_tokens: name of the field for the most tokens of a reply.
        efforts: levels of reasoning it takes; others are not sent.
        exclusive: temperature is not sent together with reasoning.
        schema_in_words: the schema is written into the system text even where it is demanded.
        cache: what many requests have in common is marked to be cached.
        cache_key: such requests have a key in common, by which the provider finds its cache.
        with_schema: a JSON object, further fields of a request that demands a schema.
        bounded: the demanded schema has limits of lists and texts, which keep small models from filling them.
        most_tokens: the most a reply may be asked for, 0 for no limit.
        system: whether it takes a system message; else its text goes into the first of the user.
    """

    temperature: bool
    reasoning: str
    schema: str
    max_tokens: str
    efforts: tuple[str, ...] = ("low", "medium", "high")
    exclusive: bool = False
    schema_in_words: bool = False
    cache: bool = False
    cache_key: bool = False
    with_schema: str = ""
    bounded: bool = False
    most_tokens: int = 0
    system: bool = True

    def without(self, names: Collection[str]) -> Traits:
        """These traits less some parameters, of "temperature", "reasoning", "schema" and "bounds"."""
        if not names:
            return self
        return replace(
            self,
            temperature=self.temperature and "temperature" not in names,
            reasoning="" if "reasoning" in names else self.reasoning,
            schema="" if "schema" in names else self.schema,
            bounded=self.bounded and "bounds" not in names,
        )

    def max_tokens_for(self, chat: Chat) -> int:
        """The most tokens of the reply to ask for."""
        return min(chat.max_tokens, self.most_tokens) if self.most_tokens else chat.max_tokens

    def schema_for(self, chat: Chat) -> dict[str, Any]:
        """The chat's schema as it is demanded; it must have one."""
        assert chat.schema is not None
        return bounded(chat.schema) if self.bounded else dict(chat.schema)

    def effort_for(self, chat: Chat) -> str | None:
        """The level of reasoning to send, None for none."""
        return chat.reasoning if self.reasoning and chat.reasoning in self.efforts else None

    def temperature_for(self, chat: Chat) -> float | None:
        """The temperature to send, None for none."""
        apart = self.exclusive and self.effort_for(chat) is not None
        return chat.temperature if self.temperature and not apart else None

    def split(self, message: Message) -> tuple[str, str]:
        """The text of a message as what is marked to be cached, "" for nothing, and the rest."""
        marked = message.stable if self.cache else 0
        return message.text[:marked], message.text[marked:]

    def schema_form(self, chat: Chat) -> str:
        """How the chat's schema is demanded, "" if there is none or in words only."""
        return self.schema if chat.schema is not None else ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a body of status 200 says; each field is of its type whatever JSON came.

    Attributes:
        finish_reason: the provider's word, with its reason if it gives one.
        input_tokens: all of them, `cached_tokens` and `cache_written_tokens` among them.
        output_tokens: all of them, `reasoning_tokens` among them.
        cost_usd: the provider's own figure, None if it gives none.
    """

    text: str
    finish: Finish
    finish_reason: str
    model: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    cache_written_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ApiError:
    """An error that a body tells of, whatever the body's status.

    Attributes:
        status: the code in the body, if it is a number of HTTP.
        code, kind: words for machines, "" if there are none ("insufficient_quota", "rate_limit_error").
        message: for a person: one line of at most 300 characters.
        parameter: cassia's name of the parameter that the error names, "" if none: temperature, reasoning, schema,
            bounds (of the schema), max_tokens or system.
        instead: what the error asks for in its place: a form of the schema or a name of the field.
        limit: the most tokens of a reply that it takes, 0 if it names none.
        lasting: whether the limit is the model's, and not what this prompt leaves of the context.
        retry_after: seconds.
    """

    status: int | None = None
    code: str = ""
    kind: str = ""
    message: str = ""
    parameter: str = ""
    instead: str = ""
    limit: int = 0
    lasting: bool = True
    retry_after: float | None = None


class Dialect(Protocol):
    """One way to speak with a model. `name` goes into the journal's key."""

    name: str

    def url(self, base_url: str, model: str) -> str: ...

    def model_of(self, url: str, body: Mapping[str, Any]) -> str:
        """The model that a request asks, "" if it names none."""
        ...

    def headers(self, key: Secret | None, url: str = "", payload: bytes = b"") -> dict[str, str]:
        """What authorizes a request; some APIs want it signed, by its URL and body."""
        ...

    def body(self, chat: Chat, model: str, traits: Traits) -> tuple[dict[str, Any], dict[str, Any]]:
        """The request's body, and what was sent under cassia's names: temperature, reasoning, max_tokens, schema."""
        ...

    def read(self, data: Any, body: Mapping[str, Any] | None = None) -> Reading | None:
        """The answer in a parsed body; None if there is none in it.

        Args:
            body: of the request, by which a dialect can tell a prompt that was cut.
        """
        ...

    def api_error(self, data: Any, headers: Mapping[str, str] | None = None) -> ApiError | None:
        """The error in a parsed body; None if there is none in it.

        Args:
            headers: of the answer, names in lower case, where it is one of an error.
        """
        ...


def bearer(key: Secret | None) -> dict[str, str]:
    """The header with a key as it is; none without one."""
    return {"Authorization": f"Bearer {key.reveal()}"} if key else {}


def system_text(chat: Chat, traits: Traits) -> str:
    """The chat's stable text, with the schema in words where the request does not carry it as such."""
    carried = traits.schema not in ("", "json_object") and not traits.schema_in_words
    if chat.schema is None or carried:
        return chat.system
    return sys.intern(f"{chat.system}\n\n{_in_words(chat.schema)}")  # Every call's record holds it.


@once_per_schema
def _in_words(schema: Mapping[str, Any]) -> str:
    written = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    return f"Answer with one JSON object and nothing else, valid by this JSON schema: {written}"


def sent(chat: Chat, traits: Traits) -> dict[str, Any]:
    """What a request carries, under cassia's names."""
    pairs = (
        ("max_tokens", traits.max_tokens_for(chat)),
        ("temperature", traits.temperature_for(chat)),
        ("reasoning", traits.effort_for(chat)),
        ("schema", traits.schema_form(chat) or None),
    )
    return {name: value for name, value in pairs if value is not None}
