"""The most tokens that a request asks for, in any dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FIELDS = ("max_tokens", "max_completion_tokens")
# Of the dialects that have it among others in an object.
_INSIDE = {"options": "num_predict", "generationConfig": "maxOutputTokens", "inferenceConfig": "maxTokens"}


def most_tokens(body: Mapping[str, Any]) -> int | None:
    """The most tokens that a reply to a request may have; None if it says nothing of it."""
    inside = [body[place].get(name) for place, name in _INSIDE.items() if isinstance(body.get(place), Mapping)]
    found = [one for one in (*map(body.get, _FIELDS), *inside) if isinstance(one, int)]
    return max(found, default=None)
