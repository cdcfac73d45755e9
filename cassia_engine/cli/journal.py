"""`cassia journal`: which answers are recorded, and what they cost."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cassia_engine.cli.options import FilePath
from cassia_engine.errors import UsageError, did_you_mean, shown
from cassia_engine.settings import AnnotateSettings

if TYPE_CHECKING:
    from cassia_engine.journal.summary import Summary

log = logging.getLogger(__name__)

# What a terminal has room for: column, and its title.
_SHOWN = {
    "sample": "Sample",
    "replies": "Replies",
    "unanswered": "No answer",
    "input_tokens": "Tokens in",
    "output_tokens": "Tokens out",
    "cost_usd": "USD",
    "last": "Last (UTC)",
    "size": "Size",
}


@click.command()
@click.argument("sample", required=False)
@click.option(
    "--journal_dir",
    type=FilePath,
    default=AnnotateSettings().journal_dir,
    help="Folder of the journals, one a sample.",
)
def journal(sample: str | None, journal_dir: Path) -> None:
    """List the recorded answers by sample, or those of SAMPLE: how many, what they cost, when, and how large they are.

    A table on a terminal, tab-separated lines with all columns elsewhere:

    \b
    sample         name of the sample; the last line has the total
    aside          yes: --fresh has set these answers aside, and no run reads them
    files          journal files
    replies        answers of status 200
    unanswered     calls that were sent and whose end is not recorded; they may have been paid for
    void           replies that turned out to hold no answer; they are not used
    faults         calls without an answer, for a known reason (such as a timeout or a rate limit)
    rejected       parameters that a model does not take; the call goes out without them, or with other values
    damaged        lines that cannot be read; no run uses them
    input_tokens, output_tokens  sums of the tokens that are known
    without_tokens  replies whose tokens are not known
    cost_usd       sum of the costs that are known
    without_cost   replies whose cost is not known
    first, last    times of the first and the last line, in UTC
    size           bytes on disk
    """
    from rich.console import Console

    from cassia_engine.journal.folders import sample_folders, sample_of
    from cassia_engine.journal.stop import stops
    from cassia_engine.journal.summary import COLUMNS, summary_of, total

    folders = sample_folders(journal_dir)
    if sample is not None:
        names = list(dict.fromkeys(sample_of(folder)[0] for folder in folders))
        folders = [folder for folder in folders if sample in (folder.name, sample_of(folder)[0])]
        if not folders:
            raise UsageError(_unknown(sample, names), path=journal_dir, code="journal-sample-not-found")
    for path, line in stops(journal_dir):
        log.warning("%s keeps runs from sending until the next one begins: %s", path.name, line)
    rows = [summary_of(folder) for folder in folders]
    if not rows:
        log.info("%s: no answers are recorded", journal_dir)
        return
    rows.append(total(rows))
    console = Console()
    if console.is_terminal:
        console.print(_table(rows))
        _say_unknown(rows[-1])
    else:
        click.echo("\t".join(COLUMNS))
        for row in rows:
            click.echo("\t".join(_cell(getattr(row, name)) for name in COLUMNS))
        log.info("cassia journal --help says what the columns are")


def _unknown(sample: str, names: Sequence[str]) -> str:
    question = did_you_mean(sample, names)
    return f"nothing is recorded of a sample {shown(sample)}{question}; cassia journal without a name lists all"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        return f"{value:.6f}"
    # None is unknown.
    return "" if value is None else str(value)


def _table(rows: Sequence[Summary]) -> Any:
    from rich.table import Column, Table
    from rich.text import Text

    left = ("sample", "last")
    columns = [
        Column(title, justify="left" if name in left else "right", overflow="fold") for name, title in _SHOWN.items()
    ]
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        cells = {name: getattr(row, name) for name in _SHOWN}
        cells["sample"] += " (set aside)" if row.aside else ""
        cells["last"] = row.last[:10]
        cells["size"] = _size(row.size)
        # Text, so that square brackets are not taken for markup.
        table.add_row(*(Text("unknown" if value is None else _short(value)) for value in cells.values()))
    return table


def _short(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _size(size: int) -> str:
    return f"{size / 2**20:.1f} MB" if size >= 2**20 else f"{size / 2**10:.1f} kB"


def _say_unknown(whole: Summary) -> None:
    for what, number in (("tokens", whole.without_tokens), ("cost", whole.without_cost)):
        if number:
            log.info("%s: unknown of %d of %d replies, which are in no sum", what, number, whole.replies)
    if whole.damaged:
        log.warning("damaged lines, which no run can use: %d", whole.damaged)
