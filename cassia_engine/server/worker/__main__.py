"""python -m cassia_engine.server.worker FOLDER: does the run of a folder. Standard input says with which key."""

from __future__ import annotations

import errno
import logging
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from cassia_engine.callers import Caller, called_from
from cassia_engine.errors import CassiaError
from cassia_engine.process_limits import forbid_core_dumps
from cassia_engine.server.logs import keys_of_environment, logged_as
from cassia_engine.server.questions import secret_of, settings_of_run, spent_by_ledger, written
from cassia_engine.server.specs import DISK_FULL, NO_OUTCOME, OUTCOME, Outcome, Told, read_spec
from cassia_engine.server.worker.results import ended_by
from cassia_engine.settings import AnnotateSettings

log = logging.getLogger("cassia_engine.server.worker")  # as a program it has another name


def main() -> None:
    forbid_core_dumps()
    logging.getLogger("cassia_engine").addHandler(logging.StreamHandler(sys.stderr))
    logging.getLogger("cassia_engine").setLevel(logging.INFO)
    folder = Path(sys.argv[1])
    told = msgspec.json.decode(sys.stdin.buffer.read(), type=Told)
    keys = [*filter(None, [secret_of(told.key)]), *keys_of_environment()]
    with logged_as("text", lambda job: keys), called_from(Caller.CYTETYPE):
        outcome = _done(folder, told)
        try:
            written(folder / OUTCOME, msgspec.json.encode(outcome))
        except (OSError, CassiaError):
            log.exception("the outcome cannot be written: %s", outcome.reason or outcome.state)
            sys.exit(NO_OUTCOME)


def _done(folder: Path, told: Told) -> Outcome:
    """The run, and how it ended; an error ends it with its line, and the log has more."""
    settings = None
    try:
        spec = read_spec(folder)
        settings = settings_of_run(spec, told, folder)
        if told.executor == "nextflow":
            from cassia_engine.server.worker.pipeline import run_pipeline

            return run_pipeline(folder, spec, settings, told)
        from cassia_engine.server.worker.local import run_here

        return run_here(folder, spec, settings)
    except CassiaError as error:
        return ended_by(error, _cost(settings))
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Outcome("stopped", DISK_FULL, retry=True)
        log.exception("the run failed")
        return Outcome("failed", f"a fault of cassia's own ({type(error).__name__}); tell who runs the server")


def _cost(settings: AnnotateSettings | None) -> float | None:
    """US dollars that a run may have cost; None where it has no budget."""
    if settings is None or settings.budget is None or settings.journal_dir is None:
        return None
    with suppress(CassiaError):  # why it cannot be read is what the run ended with
        return spent_by_ledger(settings.journal_dir, settings.budget)
    return None


if __name__ == "__main__":
    main()
