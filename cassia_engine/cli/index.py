"""`cassia index`: one page that leads to the reports of a run's samples."""

from __future__ import annotations

from pathlib import Path

import click

from cassia_engine.cli.options import FilePath


@click.command()
@click.argument("statuses", type=FilePath, nargs=-1, required=True, metavar="STATUSES...")
@click.option("--output", type=FilePath, default=Path("index.html"), help="The page.")
def index(statuses: tuple[Path, ...], output: Path) -> None:
    """Write a page with one row per sample from the files STATUSES of cassia collect --status, in any order.

    It links to <sample>/<sample>_report.html beside itself, where the pipeline publishes the reports.
    """
    from cassia_engine.errors import UsageError
    from cassia_engine.files import atomic_write
    from cassia_engine.records import Status
    from cassia_engine.report import render_index
    from cassia_engine.stagefiles import read_status

    found: dict[str, tuple[Path, Status]] = {}
    for path in statuses:
        status = read_status(path)
        if status.name in found:
            raise UsageError(
                f"the same sample as {found[status.name][0]}; give each once", path=path, code="sample-twice"
            )
        found[status.name] = (path, status)
    with atomic_write(output) as out:
        out.write(render_index([status for _, status in found.values()]))
    click.echo(output)
