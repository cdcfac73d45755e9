"""Whether a server read the whole prompt: its count of tokens compared with the text that was sent.

Some servers cut a prompt that is longer than the model's context, and say so nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cassia_engine.providers.chat import CHARACTERS_A_TOKEN
from cassia_engine.providers.dialects.turns import turns_of

# No text has fewer tokens than this many characters for each. Nothing shorter than a thousand was cut, since no
# model's context is that short; servers that count only what was not cached come below that.
_MOST_CHARACTERS_A_TOKEN = 6
_SHORTEST_CUT = 1000
# At a server of one's own, a count that is a usual length of a context (4,096 of Ollama's /v1) needs less to be
# doubted: prompts of genes and numbers have three to four characters a token. Prompts of 2,048 tokens are usual.
_SHORTEST_CONTEXT = 4096


def prompt_cut(prompt_tokens: int | None, body: Mapping[str, Any], own_server: bool = False) -> bool:
    """Whether clearly fewer tokens were read than the text of a request has.

    Args:
        own_server: it is no provider's, which never cuts without a word.
    """
    if prompt_tokens is None or prompt_tokens < _SHORTEST_CUT:
        return False
    is_context = prompt_tokens >= _SHORTEST_CONTEXT and prompt_tokens.bit_count() == 1
    full = own_server and is_context
    return prompt_tokens < characters(body) // (CHARACTERS_A_TOKEN if full else _MOST_CHARACTERS_A_TOKEN)


def characters(body: Mapping[str, Any]) -> int:
    """Characters of a request's texts, in any dialect."""
    return sum(len(text) for _, text in turns_of(body))
