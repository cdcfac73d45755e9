"""Where a budget is in the journal, and what else is there: the cap of a pipeline's run, and why it has stopped.

`<sample>/budget` holds for all runs on a sample until its journal is set aside; `.budgets/<name>` for a run of the
pipeline over all its samples. No sample's name starts with a dot.
"""

from __future__ import annotations

import re
from pathlib import Path

from cassia_engine.callers import option
from cassia_engine.errors import UsageError
from cassia_engine.files import atomic_write
from cassia_engine.journal.folders import file_error

_CAP, _REACHED = "cap", "reached"
_LONGEST = 4096  # bytes that are read of either


def budget_folder(journal_dir: Path, sample: str, name: str | None) -> Path:
    """The folder of a budget, which need not be there.

    Args:
        name: that of a pipeline's run; None for the budget of the sample.

    Raises:
        UsageError: it is no name.
    """
    if name is None:
        return journal_dir / sample / "budget"
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        what = f"{option('budget', name)}: expected a name of letters, digits, - and _"
        raise UsageError(what, code="budget-name-malformed")
    return journal_dir / ".budgets" / name


def read_cap(folder: Path) -> float:
    """US dollars that the launch of a pipeline's run has allowed.

    Raises:
        UsageError: there is no such number.
    """
    text = _text(folder / _CAP)
    try:
        cap = float(text)
    except ValueError:
        cap = -1.0
    if not 0 <= cap < float("inf"):
        what = f"expected the cap of this budget, US dollars as a number; give {option('max_cost', '1.00')}"
        raise UsageError(what, path=folder / _CAP, code="budget-without-cap")
    return cap


def say_reached(folder: Path, line: str) -> None:
    """Leave a line on why the tasks of a budget have stopped.

    Raises:
        UsageError, TemporaryError: it cannot be written.
    """
    try:
        with atomic_write(folder / _REACHED) as out:
            out.write(" ".join(line.split()) + "\n")
    except OSError as error:
        raise file_error(error, folder / _REACHED, "written") from error


def read_reached(folder: Path) -> str:
    """Why a task of the budget has stopped, "" if none has."""
    return _text(folder / _REACHED)


def clear_reached(folder: Path) -> None:
    """Forget it: the cap may be a higher one now.

    Raises:
        UsageError, TemporaryError: it cannot be removed.
    """
    try:
        (folder / _REACHED).unlink(missing_ok=True)
    except NotADirectoryError:
        return
    except OSError as error:
        raise file_error(error, folder / _REACHED, "removed") from error


def _text(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return " ".join(file.read(_LONGEST).decode("utf-8", errors="replace").split())
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise file_error(error, path, "read") from error
