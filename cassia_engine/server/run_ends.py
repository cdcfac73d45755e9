"""What comes of a run whose process has ended without saying how."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

from cassia_engine.server.specs import DISK_FULL, LOG, NO_OUTCOME, Outcome

MOST_RESTARTS = 2  # of a run whose process is killed each time


def silent_end(folder: Path, code: int, kills: int) -> Outcome:
    """What comes of such a run.

    Args:
        folder: of the run; its log says that the process was killed.
        code: exit code of the process, or the number of a signal below 0.
        kills: how many processes of the run were killed before this one.
    """
    if code == NO_OUTCOME:
        return Outcome("stopped", DISK_FULL, retry=True)
    if code >= 0:
        what = f"the process of the run ended with {code} and says nothing; the server's log of it is {LOG}"
        return Outcome("failed", what)
    killed = f"the process of the run was killed by {_signal_name(-code)}"
    if kills < MOST_RESTARTS:
        found = Outcome("stopped", f"{killed}; it is started again ({kills + 1} of {MOST_RESTARTS} times)")
    else:
        found = Outcome("failed", f"{killed}, as were {kills} before it; tell who runs the server")
    # On a full disk the server's own log alone says it.
    with suppress(OSError), open(folder / LOG, "a", encoding="utf-8") as log:
        log.write(f"cassia: warning: {found.reason}\n")
    return found


def _signal_name(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
    return f"{name} (most likely for lack of memory)" if number == signal.SIGKILL else name
