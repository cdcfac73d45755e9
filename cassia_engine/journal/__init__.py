"""The append-only record of every paid answer: what is on disk is not asked again. Described in docs/formats.md.

A sample has a folder, each task attempt a file of its own in it, which nobody else ever appends to.
"""

from cassia_engine.journal.folders import journal_files, set_aside
from cassia_engine.journal.lines import key_of
from cassia_engine.journal.recorded import Journal, Recorded
from cassia_engine.journal.stop import account_id, clear_stops, read_stop, stop_of, write_stop
from cassia_engine.journal.writing import writers

__all__ = [
    "Journal",
    "Recorded",
    "account_id",
    "clear_stops",
    "journal_files",
    "key_of",
    "read_stop",
    "set_aside",
    "stop_of",
    "write_stop",
    "writers",
]
