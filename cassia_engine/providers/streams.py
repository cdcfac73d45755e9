"""Streamed replies, put together as the body that the same request has without streaming.

A model on one's own machine may take minutes for a reply. Its pieces show that it is at work, so that the time without
any piece is what a timeout limits. The journal and all behind it see a body like any other.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, Mapping
from typing import Any, ClassVar, Protocol

from cassia_engine.fast_json import parsed_json
from cassia_engine.providers.dialects.json_access import first, mapping, string

THOUGHT = "(not kept)"


class Stream(Protocol):
    """Takes the pieces of one reply.

    Attributes:
        fields: what a request says to have its reply streamed.
        size: characters of the reply so far, thoughts included.
        pieces: how many there were; about the tokens, as servers send one at a time.
    """

    fields: ClassVar[Mapping[str, Any]]
    size: int
    pieces: int

    def end(self) -> None:
        """The server said that nothing follows."""
        ...

    def add(self, event: Any) -> None:
        """Take a piece as parsed."""
        ...

    def body(self) -> Any | None:
        """The whole body, or that of an error; None if the end is missing."""
        ...


class OpenAIStream:
    """Chunks of chat completions."""

    fields: ClassVar[Mapping[str, Any]] = {"stream": True, "stream_options": {"include_usage": True}}

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {"content": [], "refusal": []}
        self._choice: dict[str, Any] = {}
        self._rest: dict[str, Any] = {}
        self._error: Any = None
        self._thought = self._ended = False
        self.size = self.pieces = 0

    def end(self) -> None:
        self._ended = True

    def add(self, event: Any) -> None:
        chunk = mapping(event)
        if chunk.get("error") or "error" in (chunk.get("object"), chunk.get("type")):
            self._error = chunk
        choice = first(chunk.get("choices"))
        self._add_delta(mapping(choice.get("delta")))
        for kept, said, but in ((self._choice, choice, "delta"), (self._rest, chunk, "choices")):
            for name, value in said.items():
                if value is not None and name != but:
                    kept[name] = value

    def _add_delta(self, delta: Mapping[str, Any]) -> None:
        self.pieces += bool(delta)
        for name, texts in self._texts.items():
            if said := delta.get(name):
                texts.append(string(said))
                self.size += len(texts[-1])
        if thought := string(delta.get("reasoning_content")) or string(delta.get("reasoning")):
            self._thought = self._thought or bool(thought.strip())
            self.size += len(thought)

    def body(self) -> Any | None:
        if self._error is not None:
            return self._error
        message = {name: text for name, texts in self._texts.items() if (text := "".join(texts)) or name == "content"}
        if "finish_reason" not in self._choice:
            # Some servers give no reason, and others send the same end behind half a reply.
            if not (self._ended and _is_json(message["content"])):
                return None
            self._choice["finish_reason"] = None
        if self._thought and not message["content"]:
            message["reasoning_content"] = THOUGHT  # that there was one tells why there is no content
        choice = {**self._choice, "message": {"role": "assistant", **message}}
        return {**self._rest, "object": "chat.completion", "choices": [choice]}


class OllamaStream:
    """Lines of Ollama's chat. A model that repeats itself ends without "done": that is for the dialect to read."""

    fields: ClassVar[Mapping[str, Any]] = {"stream": True}

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._last: dict[str, Any] = {}
        self.size = self.pieces = 0

    def end(self) -> None:
        """Nothing to do: the last line says so itself."""

    def add(self, event: Any) -> None:
        line = mapping(event)
        message = mapping(line.get("message"))
        self._texts.append(string(message.get("content")))
        self.size += len(self._texts[-1]) + len(string(message.get("thinking")))
        self.pieces += bool(message)
        self._last = dict(line)

    def body(self) -> Any | None:
        if not self._last or "error" in self._last:
            return self._last or None
        message = {**mapping(self._last.get("message")), "content": "".join(self._texts)}
        return {**self._last, "message": message}


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


STREAMS: Mapping[str, type[OpenAIStream] | type[OllamaStream]] = {
    "openai-chat": OpenAIStream,
    "ollama-chat": OllamaStream,
}


class BrokenStreamError(Exception):
    """A stream that is none, or has no end."""


class TooLongError(Exception):
    """A stream that is longer than any reply."""


async def read_stream(pieces: AsyncIterable[bytes], stream: Stream, most: int) -> Any:
    """The whole body of a streamed reply, or that of an error.

    Args:
        most: characters of a reply, and bytes of a line of the stream.

    Raises:
        BrokenStreamError, TooLongError: as they say.
    """
    rest = b""
    async for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line:
                _take(line, stream)
        if len(rest) > most or stream.size > most:
            raise TooLongError
    _take(rest, stream)
    if (body := stream.body()) is None:
        raise BrokenStreamError
    return body


def _take(line: bytes, stream: Stream) -> None:
    """Take a line: JSON, alone or behind "data:"; others say nothing."""
    text = line.strip()
    if text.startswith(b"data:"):
        text = text[5:].strip()
    elif text.startswith((b":", b"event:", b"id:", b"retry:")):
        return
    if text == b"[DONE]":
        stream.end()
    if not text or text == b"[DONE]":
        return
    try:
        stream.add(parsed_json(text))
    except (ValueError, RecursionError) as error:
        raise BrokenStreamError from error
