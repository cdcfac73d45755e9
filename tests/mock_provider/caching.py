"""Prompt caches as the providers have them: what a prompt has in common with earlier ones is read from there.

Where a request marks parts (Anthropic, Bedrock, OpenRouter for Claude), the beginning up to a mark is written and read;
the other APIs look for beginnings by themselves. Both only from a least length on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tests.mock_provider.asked import Asked
from tests.mock_provider.fields import ANTHROPIC, BEDROCK, OLLAMA

LEAST = 1024  # tokens; the same for all, though the real ones differ by model
STEP = 128  # tokens
CHARACTERS = 3.5  # a token


class PromptCache:
    """The beginnings of prompts that were answered, for ever."""

    def __init__(self) -> None:
        self._known: set[bytes] = set()

    def counted(self, asked: Asked) -> Asked:
        """The request with how many of its tokens are read from the cache, and how many are written to it."""
        if asked.flavour == OLLAMA:
            return asked
        text, marks = _prompt(asked.fields)
        marked = bool(marks) or asked.flavour in (ANTHROPIC, BEDROCK)
        places = marks if marked else [int(n * STEP * CHARACTERS) for n in range(1, int(len(text) / STEP / CHARACTERS))]
        ends = [place for place in places if place >= LEAST * CHARACTERS]
        keys = {end: hashlib.blake2b(text[:end].encode(), key=asked.model.encode()[:64]).digest() for end in ends}
        read = max((end for end, key in keys.items() if key in self._known), default=0)
        self._known |= set(keys.values())
        written = max(ends, default=0) - read if marked else 0
        return replace(asked, cached=int(read / CHARACTERS), written=int(written / CHARACTERS))


def _prompt(body: Mapping[str, Any]) -> tuple[str, list[int]]:
    """The whole prompt, and the places of its marks."""
    text, marks = "", []
    for part in _parts(body):
        if isinstance(part, str):
            text += part
            continue
        text += part.get("text", "")
        if "cache_control" in part or "cachePoint" in part:
            marks.append(len(text))
    return text, marks


def _parts(body: Mapping[str, Any]) -> Iterator[Any]:
    turns = [{"content": body.get("system")}, body.get("systemInstruction")]
    turns += [*body.get("messages", ()), *body.get("contents", ())]
    for turn in filter(None, turns):
        content = turn.get("content") or turn.get("parts") or ""
        yield from content if isinstance(content, list) else (content,)
