"""Another package in the environment whose command is called `cassia` too, as CASSIA 1.4.0 installs one."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)

OURS = "cassia_engine.cli:main"
# Where a person types. The stages, which each task of a pipeline starts, are spared the tenth of a second.
SAID_BY = frozenset({"run", "providers", "models"})


def warn_of_namesake() -> None:
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
