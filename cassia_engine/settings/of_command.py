"""Options that go together with a program that answers in place of a server, and those that do not."""

from __future__ import annotations

from collections.abc import Mapping

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError, shown
from cassia_engine.records import COMMAND

# What says how HTTP is spoken, and a key that is sent by it.
OF_HTTP = ("base_url", "proxy", "trust_env", "allow_http", "api_key")


def check_options(provider: str, command: str | None, given: Mapping[str, object]) -> None:
    """Refuse options that nobody would look at: a command where a server is asked, and those of HTTP with a command.

    Args:
        given: other options by name, None or False where they are not given.

    Raises:
        UsageError: there are some.
    """
    if provider != COMMAND:
        if command is not None:
            raise UsageError(
                f"{argument('command')} is run for {option('provider', COMMAND)}, and the provider is "
                f"{shown(provider)}; leave one of them out",
                code="command-not-used",
            )
        return
    unused = [name for name in OF_HTTP if given.get(name)]
    if unused:
        raise UsageError(
            f"{', '.join(map(argument, unused))}: {option('provider', COMMAND)} runs a program, and nothing is sent by "
            f"cassia itself; leave {'it' if len(unused) == 1 else 'them'} out",
            code="options-not-of-command",
        )
