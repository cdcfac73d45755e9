"""The folders of a journal, a sample each, and what can be wrong with them."""

from __future__ import annotations

import errno
import logging
import os
import re
import stat
from pathlib import Path

from cassia_engine.callers import argument
from cassia_engine.errors import CassiaError, TemporaryError, UsageError

log = logging.getLogger(__name__)

_ASIDE = re.compile(r"(?P<sample>.+)\.aside-(?P<number>[0-9]+)")
_FULL = {errno.ENOSPC, errno.EDQUOT}
# What only a person can correct; anything else of a file system may pass.
_LASTING = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
    errno.ENOENT,
}


def journal_files(folder: Path) -> list[Path]:
    """The files of a sample, oldest first; none where there is no folder.

    What is no regular file, such as a link, a FIFO or a device, is not opened; one warning names it.

    Raises:
        UsageError, TemporaryError: the folder cannot be read.
    """
    try:
        found = sorted(path for path in folder.iterdir() if path.name.endswith(".jsonl"))
        regular = [path for path in found if is_regular(path)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise file_error(error, folder, "read") from error
    if other := [path for path in found if path not in regular and os.path.lexists(path)]:
        more = f" and {len(other) - 1} more" if len(other) > 1 else ""
        log.warning("%s%s: not a regular file, so no file of a journal; it is not read", other[0], more)
    return regular


def is_regular(path: Path) -> bool:
    """Whether a path is a file itself: no link, FIFO or device, which could stall a reader or lead elsewhere.

    One that is gone by now, as another task may have removed it, is none.
    """
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def sample_folders(journal_dir: Path) -> list[Path]:
    """The folders of all samples, those that were set aside included, by name.

    Raises:
        UsageError, TemporaryError: the journal's folder is not there or cannot be read.
    """
    try:
        # No sample's name starts with a dot.
        return sorted(path for path in journal_dir.iterdir() if path.is_dir() and not path.name.startswith("."))
    except FileNotFoundError:
        what = f"no such folder; give that of a journal as {argument('journal_dir')}"
        raise UsageError(what, path=journal_dir, code="journal-not-found") from None
    except OSError as error:
        raise file_error(error, journal_dir, "read") from error


def sample_of(folder: Path) -> tuple[str, bool]:
    """The name of the sample, and whether the folder was set aside."""
    aside = _ASIDE.fullmatch(folder.name)
    return (aside["sample"], True) if aside else (folder.name, False)


def set_aside(folder: Path) -> Path | None:
    """Rename a sample's folder to `<name>.aside-<N>`: it is not read any more, and nothing paid for is lost.

    Returns:
        Its new path; None where nothing is recorded.

    Raises:
        UsageError, TemporaryError: it cannot be renamed.
    """
    if not journal_files(folder):
        return None
    number = 1
    while (aside := folder.with_name(f"{folder.name}.aside-{number}")).exists():
        number += 1
    try:
        return folder.rename(aside)
    except OSError as error:
        raise file_error(error, folder, "renamed") from error


def file_error(error: OSError, path: Path, done: str) -> CassiaError:
    """What an error of the file system means for a journal that could not be `done` ("read", "written")."""
    if error.errno in _FULL:
        return TemporaryError(
            f"{path}: the disk is full or its quota used up; make room for the journal, run it again",
            code="journal-disk-full",
        )
    what = f"the journal cannot be {done} ({error.strerror or error})"
    if error.errno in _LASTING:
        return UsageError(
            f"{what}; give a folder you may write to as {argument('journal_dir')}", path=path, code="journal-not-usable"
        )
    return TemporaryError(f"{path}: {what}; run the same again", code="journal-failed")
