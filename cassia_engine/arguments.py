"""The arguments of the Python functions: a line about those that are missing, and about names that there are not."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Collection, Iterable
from typing import ParamSpec, TypeVar

from cassia_engine.callers import argument
from cassia_engine.errors import ArgumentError
from cassia_engine.settings.known_elsewhere import MEANT

Given = ParamSpec("Given")
Result = TypeVar("Result")


def complete(further: Collection[str]) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """A function that says which of its required arguments are missing, and what was given in their place.

    Python alone would say the first half only: `annotate(markers, tisue="blood", species="human")`.

    Args:
        further: what the function takes as `**options`.
    """

    def decorate(function: Callable[Given, Result]) -> Callable[Given, Result]:
        parameters = inspect.signature(function).parameters.values()
        positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty]
        required = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
        known = [p.name for p in parameters] + list(further)

        @functools.wraps(function)
        def call(*given: Given.args, **named: Given.kwargs) -> Result:
            if missing := [name for name in (*positional[len(given) :], *required) if name not in named]:
                faults = (fault_of(name, known, function.__name__) for name in named if name not in known)
                unknown = "".join(f"; {fault}" for fault in faults)
                count = f"{len(missing)} required argument{'s' if len(missing) > 1 else ''}"
                names = " and ".join(map(repr, missing))
                place = "; arguments behind the first are given by name" if len(given) > 1 else ""
                raise ArgumentError(
                    f"{function.__name__}() is missing {count}, {names}{unknown}{place}", code="argument-missing"
                )
            return function(*given, **named)

        return call

    return decorate


def refuse_unknown(given: Iterable[str], known: Collection[str], function: str = "annotate") -> None:
    """Refuse names that are no arguments.

    Args:
        function: of the package, whose help lists them.

    Raises:
        ArgumentError: there is one; names the argument that is spelled most like it.
    """
    for name in given:
        if name not in known:
            raise ArgumentError(fault_of(name, known, function), code="argument-unknown")


def fault_of(name: str, known: Collection[str], function: str) -> str:
    """That there is no argument of this name, and which is meant."""
    meant = MEANT.get(name, "")
    near = [meant] if meant in known else difflib.get_close_matches(name, known, n=1)
    remedy = f"is {argument(near[0])!r} meant?" if near else f"see help(cassia_engine.{function})"
    return f"there is no argument {name!r}; {remedy}"
