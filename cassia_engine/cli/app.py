"""The command group: it knows its subcommands by name and loads one only when it is called."""

from __future__ import annotations

import importlib
import logging
import sys
from typing import TextIO

import click

from cassia_engine._version import __version__
from cassia_engine.cli.other_cassia import COMMANDS, SAID_BY, warn_of_other_cassia
from cassia_engine.cli.suggest import about_command
from cassia_engine.errors import UsageError
from cassia_engine.progress import PlainFormatter
from cassia_engine.unavailable import line_of

SUBCOMMANDS = (
    *("run", "estimate", "split", "annotate", "corrections", "collect", "check", "index"),
    *(
        "labels",
        "merge",
        "boost",
        "subcluster",
        "audit",
        "evaluate",
        "calibrate",
        "artifacts",
        "submit",
        "serve",
        "token",
        "models",
        "providers",
        "journal",
        "replay",
        "ontology",
        "examples",
    ),
)


class Subcommands(click.Group):
    """Each subcommand lives in a module of its own name, imported on demand: start-up is felt in each task."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if nearest := COMMANDS.get(cmd_name):
            raise UsageError(line_of(f"the command {cmd_name}", nearest), code="command-not-available")
        if cmd_name not in SUBCOMMANDS:
            ctx.fail(f"No such command {cmd_name!r}. {about_command(cmd_name, SUBCOMMANDS)}".strip())
        command = getattr(importlib.import_module(f"cassia_engine.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(
    cls=Subcommands,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda token: token.replace("-", "_"),
        "show_default": True,
    },
)
@click.version_option(__version__, prog_name="cassia", message="%(prog)s %(version)s")
def cassia() -> None:
    """Annotate the clusters of single-cell data with cell types, from their marker genes.

    `cassia run` does everything; split, corrections, annotate, collect and check are its stages, as the pipeline calls
    them. Whatever it writes is a hypothesis for a biologist to check.
    """
    handler = _Lines()
    handler.setFormatter(PlainFormatter())
    logger = logging.getLogger("cassia_engine")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    context = click.get_current_context()
    # Who calls it within another program, as tests do, has its logging as it was.
    context.call_on_close(lambda: logger.removeHandler(handler))
    context.call_on_close(lambda: logger.setLevel(level))
    if context.invoked_subcommand in SAID_BY:
        warn_of_other_cassia()


class _Lines(logging.StreamHandler[TextIO]):
    def emit(self, record: logging.LogRecord) -> None:
        # As it is now: a bar puts itself in the place of stderr, and below what is written there.
        self.stream = sys.stderr
        super().emit(record)
