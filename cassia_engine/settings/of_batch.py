"""Options that go together with batches, and those that do not."""

from __future__ import annotations

from pathlib import Path

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError


def check_batch(batch: bool, batch_wait: str | None, capped: bool, journal_dir: Path | None) -> None:
    """Refuse what no batch can be found again by, or what none is for.

    Args:
        capped: whether there is a limit to what may be spent.

    Raises:
        UsageError: there is such an option.
    """
    if batch_wait is not None and not batch:
        raise UsageError(
            f"{option('batch_wait', batch_wait)} is about batches, and none is made: add "
            f"{option('batch', True)}, or leave it out",
            code="batch-wait-without-batch",
        )
    if batch and capped:
        raise UsageError(
            f"{argument('max_cost')} stops before a call that could pass it, and {option('batch', True)} sends "
            "many calls as one; leave one of them out",
            code="max-cost-with-batch",
        )
    if batch and journal_dir is None:
        raise UsageError(
            f"{option('batch', True)} needs a journal, by which a batch is found again; give {argument('journal_dir')}",
            code="batch-without-journal",
        )
