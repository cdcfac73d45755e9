"""`cassia check`: the last word on a run, after everything is written."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from cassia_engine.cli.options import FilePath, parameter_option
from cassia_engine.settings import RunSettings
from cassia_engine.settings.declaration import parameters

log = logging.getLogger(__name__)


@click.command()
@click.argument("statuses", type=FilePath, nargs=-1, required=True, metavar="STATUSES...")
@parameter_option(parameters(RunSettings)["max_failed_clusters"])
def check(statuses: tuple[Path, ...], max_failed_clusters: int) -> None:
    """Exit with 1 if more clusters failed than allowed, by the files STATUSES of cassia collect --status.

    Failed means refused, truncated, unparsed, failed or not_reached; never no_markers or not validated.
    """
    from cassia_engine.stagefiles import read_status
    from cassia_engine.stages.collect import check as check_statuses

    check_statuses([read_status(path) for path in statuses], max_failed_clusters)
    log.info("no more than %d clusters failed, as allowed", max_failed_clusters)
