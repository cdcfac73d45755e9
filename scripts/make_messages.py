#!/usr/bin/env python3
"""Renew tests/golden/messages.txt, the list of all messages: errors with their codes, and what is logged.

    python scripts/make_messages.py

It is made from the source, so that a changed wording shows as a change of one file. {x} is a value of x, (a | b) one of
two texts, [a] a text that may follow. A test holds the file to the source, and every error to a code of its own.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cassia_engine.cytetype.errors
import cassia_engine.providers.faults
import cassia_engine.unavailable  # noqa: F401 - their errors are found among the subclasses
from cassia_engine.errors import CassiaError
from scripts.message_texts import Package, Scope

ROOT = Path(__file__).parent.parent
DEFAULT_OUTPUT = ROOT / "tests" / "golden" / "messages.txt"
HEAD = "# Made by scripts/make_messages.py from the source of cassia_engine; see there.\n"
# Calls of these make errors too, or hand them on: `source.error(...)`, `problems.add(...)`.
_METHODS = {"error": "UsageError", "add": "UsageError"}


@dataclass(frozen=True, order=True)
class Message:
    """An error where it is made.

    Attributes:
        code: "" if it has none; kind: the class of the error; text: its message as a template.
        place: file and line in the source.
    """

    code: str
    kind: str
    text: str
    place: str


def errors(package: Package) -> list[Message]:
    """All errors of the source, by code. Those that are made of another error, with its code, are not among them."""
    found = [_message(call, scope) for call, scope in package.calls if _makes_error(call)]
    return sorted(message for message in found if message is not None)


def logged(package: Package) -> list[str]:
    """What is logged, each with its level, by file."""
    texts: dict[str, None] = {}
    for call, scope in package.calls:
        name = call.func
        if isinstance(name, ast.Attribute) and ast.unparse(name.value) == "log" and name.attr in ("warning", "info"):
            texts[f"{scope.module.path}: {name.attr}: {scope.formatted(call.args)}"] = None
    return sorted(texts)


def faults(messages: list[Message]) -> list[str]:
    """What is wrong with the codes: an error without one, or one for two errors that differ."""
    wrong = [f"{message.place}: this error has no code" for message in messages if not message.code]
    first: dict[str, Message] = {}
    for message in messages:
        other = first.setdefault(message.code, message)
        if message.code and (message.kind, message.text) != (other.kind, other.text):
            wrong.append(f"{message.place}: the code {message.code} is that of another error, in {other.place}")
    return wrong


def rendered(package: Package) -> str:
    """The text of the file."""
    listed = dict.fromkeys(f"{m.code} ({m.kind})\n    {m.text}\n" for m in errors(package))
    return f"{HEAD}\n# Errors\n\n{''.join(listed)}\n# Logged\n\n" + "".join(f"{line}\n" for line in logged(package))


def _makes_error(call: ast.Call) -> bool:
    if any(keyword.arg == "code" for keyword in call.keywords):
        return _code(call) is not None
    if isinstance(call.func, ast.Name):
        return call.func.id in _kinds()
    if isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS:
        owner = ast.unparse(call.func.value)
        return "problems" in owner if call.func.attr == "add" else owner.endswith("source")
    return False


def _message(call: ast.Call, scope: Scope) -> Message | None:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    is_add = isinstance(call.func, ast.Attribute) and call.func.attr == "add"
    text = scope.text(call.args[1 if is_add else 0])
    kind = name if name in _kinds() else "UsageError"
    return Message(_code(call) or "", kind, text, f"{scope.module.path}:{call.lineno}")


def _code(call: ast.Call) -> str | None:
    """The code that the call writes; None if it writes none, or hands one on."""
    values = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    return str(values[0].value) if values and isinstance(values[0], ast.Constant) else None


@cache
def _kinds() -> frozenset[str]:
    """The errors whose code is given where they are made; others have one for the whole class."""

    def below(kind: type[CassiaError]) -> Iterator[type[CassiaError]]:
        yield kind
        for other in kind.__subclasses__():
            yield from below(other)

    kinds = (kind for kind in below(CassiaError) if not kind.code and kind.__module__.startswith("cassia_"))
    return frozenset(kind.__name__ for kind in kinds)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    output = parser.parse_args().output
    package = Package.load(ROOT / "cassia_engine")
    if wrong := faults(errors(package)):
        sys.exit("\n".join(wrong))
    output.write_text(rendered(package))


if __name__ == "__main__":
    main()
