"""What CASSIA's calls have in common: its names and defaults of arguments, and those without effect here."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cassia_engine.callers import argument
from cassia_engine.errors import ArgumentError
from cassia_engine.progress import messages

log = logging.getLogger(__name__)

OPENROUTER = "openrouter"
MODEL = "anthropic/claude-sonnet-4.5"


def model_of(model: str | None) -> str | None:
    """The model to ask; CASSIA's default stands for the provider's current one."""
    return None if model == MODEL else model


def effort_of(reasoning: Any) -> Any:
    """The effort of reasoning, which CASSIA also takes as {"effort": "high"}.

    Raises:
        ArgumentError: it is a dict of something else.
    """
    if not isinstance(reasoning, Mapping):
        return reasoning
    if set(reasoning) != {"effort"}:
        what = f'{argument("reasoning")}: expected low, medium or high, or {{"effort": one of them}}'
        raise ArgumentError(what, code="reasoning-without-effort")
    return reasoning["effort"]


def say_without_effect(
    function: Callable[..., Any], names: Iterable[str], given: Mapping[str, Any], why: str = "", shown: bool = True
) -> None:
    """Warn of arguments that were given another value than their default, and that nobody looks at.

    Args:
        names: the arguments without effect.
        given: the values of all arguments.
        why: the reason, where it is not that they have no effect at all.
        shown: whether messages are shown.
    """
    defaults = inspect.signature(function).parameters
    if idle := [name for name in names if given[name] != defaults[name].default]:
        with messages(shown):
            log.warning("%sno effect: %s", f"{why}; " if why else "", ", ".join(idle))
