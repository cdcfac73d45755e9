"""The ledger of a budget: how much its tasks have claimed, and how much of that they have spent.

On disk an entry is a symbolic link: its name is its number, its target is the text. Making a link is one step that
succeeds for one process alone, on NFS and Lustre too. So no lock is needed, and who is killed leaves a whole entry or
none. Each entry has the sums up to it: whoever makes one has read the one before, and no two claim the same money.
"""

from __future__ import annotations

import contextlib
import errno
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cassia_engine.errors import TemporaryError, UsageError
from cassia_engine.files import sync_folder
from cassia_engine.journal.folders import file_error
from cassia_engine.journal.writing import is_gone, process_name

_TRIES = 200
_PAUSE = 0.05  # seconds, where a file system shows an entry late


class Totals(NamedTuple):
    """Sums over all tasks; what is claimed and not spent is reserved, or was by a task that was killed."""

    claimed: int = 0
    spent: int = 0


class Entry(NamedTuple):
    """An entry.

    Attributes:
        owner: the task that made it: machine, process and a random number.
        serial: which one of its entries, from 1.
        claimed, spent: by the owner, in all.
        totals: of all tasks.
    """

    owner: str
    serial: int = 0
    claimed: int = 0
    spent: int = 0
    totals: Totals = Totals()

    def __str__(self) -> str:
        numbers = (self.serial, self.claimed, self.spent, *self.totals)
        return " ".join(map(str, (self.owner, *numbers)))


class Ledger:
    """The ledger of one process, in memory.

    Attributes:
        own: the last entry of this task.
    """

    def __init__(self, owner: str = "") -> None:
        self.own = Entry(owner)
        self._totals = Totals()

    def totals(self) -> Totals:
        """The sums as they are now.

        Raises:
            UsageError, TemporaryError: the ledger cannot be read.
        """
        return self._totals

    def change(self, more: Callable[[Totals], int | None], spent: int) -> None:
        """Claim more, or give back, and say what this task has spent.

        Args:
            more: what to claim at these sums, below 0 to give back; None for nothing. It may be asked several times.
            spent: by this task, in all.

        Raises:
            UsageError, TemporaryError: the ledger cannot be read or written.
        """
        for _ in range(_TRIES):
            totals = self.totals()
            claim = more(totals)
            if claim is None:
                return
            own = self.own
            after = Totals(totals.claimed + claim, totals.spent + spent - own.spent)
            if self._write(Entry(own.owner, own.serial + 1, own.claimed + claim, spent, after)):
                return
        raise TemporaryError("the budget's ledger is too busy; run the same again", code="budget-busy")

    def reserved_elsewhere(self, seconds: float) -> int:
        """What others have claimed and not spent, and may still give back: they live, as far as can be told, and their
        last entry is not older than so many seconds."""
        return 0

    def _write(self, entry: Entry) -> bool:
        """Make an entry the next one; False if another was made meanwhile."""
        self.own, self._totals = entry, entry.totals
        return True


class FileLedger(Ledger):
    """A ledger in a folder, which is made at the first entry."""

    def __init__(self, folder: Path, owner: str | None = None):
        super().__init__(process_name() if owner is None else owner)
        self._folder = folder
        self._number = self._first = _newest(folder)
        # The last entry of each other task, with its number; those before `_first` are read when they are needed.
        self._others: dict[str, tuple[int, Entry]] = {}
        if self._number and (last := self._read(self._number)):
            self._note(self._number, last)

    def totals(self) -> Totals:
        while (entry := self._read(self._number + 1)) is not None:
            self._note(self._number + 1, entry)
        return self._totals

    def reserved_elsewhere(self, seconds: float) -> int:
        self.totals()
        for number in range(self._first - 1, 0, -1):
            if (entry := self._read(number)) is not None:
                self._others.setdefault(entry.owner, (number, entry))
        self._first = 0
        held = [(number, one) for number, one in self._others.values() if one.claimed > one.spent]
        return sum(
            one.claimed - one.spent for number, one in held if not is_gone(one.owner) and self._age(number) < seconds
        )

    def _note(self, number: int, entry: Entry) -> None:
        self._number, self._totals = number, entry.totals
        if entry.owner != self.own.owner:
            self._others[entry.owner] = number, entry

    def _write(self, entry: Entry) -> bool:
        number = self._number + 1
        path = self._path(number)
        try:
            if number == 1:
                self._folder.mkdir(parents=True, exist_ok=True)
            path.symlink_to(str(entry))
        except FileExistsError:
            # Over NFS it may be our own: the answer to the first sending was lost.
            there = self._read(number)
            if there is None:
                time.sleep(_PAUSE)
            if there != entry:
                return False
        except OSError as error:
            raise file_error(error, path, "written") from error
        sync_folder(self._folder)
        self._number, self._totals, self.own = number, entry.totals, entry
        return True

    def _read(self, number: int) -> Entry | None:
        path = self._path(number)
        try:
            text = str(path.readlink())
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise file_error(error, path, "read") from error
            text = ""  # a file or folder, such as a copy that followed the links has
        found = re.fullmatch(r"(\S+) (\d+) (\d+) (\d+) (\d+) (\d+)", text)
        if found is None:
            what = "this is no entry of a budget; remove the folder to begin a new budget"
            raise UsageError(what, path=path, code="budget-damaged")
        serial, claimed, spent, *totals = map(int, found.groups()[1:])
        return Entry(found[1], serial, claimed, spent, Totals(*totals))

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:07d}"

    def _age(self, number: int) -> float:
        # By the clock of the file server against ours: where they differ, a run ends early or waits longer.
        with contextlib.suppress(OSError):
            return time.time() - self._path(number).lstat().st_mtime
        return 0.0


def _newest(folder: Path) -> int:
    """The number of the last entry that a listing shows, 0 for none; there may be later ones."""
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise file_error(error, folder, "read") from error
    return max((int(name) for name in names if name.isascii() and name.isdigit()), default=0)
