"""The other command `cassia`, of CASSIA 1.4.0: its subcommands, and whether it is in the environment too."""

from __future__ import annotations

import logging
from collections.abc import Mapping

log = logging.getLogger(__name__)

OURS = "cassia_engine.cli:main"
# Where a person types. The stages, which each task of a pipeline starts, are spared the tenth of a second.
SAID_BY = frozenset({"run", "providers", "models"})


# Its subcommands that are not here, each with the nearest thing here.
COMMANDS: Mapping[str, str] = {
    "init": "nothing needs to be set up; cassia run --help",
    "validate": "cassia split --dry_run TABLE",
    "guide": "cassia --help, and docs/usage.md",
    "backends": "cassia providers",
    "doctor": "cassia providers --check NAME",
    "report": "cassia collect, which writes the report of a sample",
    "resume": "the same cassia run again: what was answered is not asked for again",
    "consensus": "cassia run with --models A,B or --votes N; its summary has Votes and Agreement",
    "judge": "cassia run, which checks each answer in code and asks for a second opinion where there is doubt; "
    "see Score, Confidence and Second Opinion in the summary",
    "agent": "cassia run",
}


def warn_of_other_cassia() -> None:
    """Say once which other package has a command of this name: whichever was installed last has it."""
    from importlib.metadata import entry_points

    found = [point for point in entry_points(group="console_scripts", name="cassia") if point.value != OURS]
    others = dict.fromkeys(f"{point.dist.name} {point.dist.version}" for point in found if point.dist)
    if others:
        log.warning(
            "%s is installed in this environment too, with a command that is also called cassia; cassia-engine is "
            "always this one",
            ", ".join(others),
        )
