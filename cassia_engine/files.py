"""Writing files so that they appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cassia_engine.errors import UsageError

# A disk that has not even this is full.
_PROBE = bytes(2**16)


@contextmanager
def atomic_write(path: Path | str) -> Iterator[IO[str]]:
    """Open `path` for text (UTF-8, "\\n"); it appears under its name only when the block ends without error.

    Written aside in the same folder, synced, renamed. The folder is made if it is missing.

    Raises:
        OSError: the folder or file cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    start = os.fsencode(path.name)[:100].decode(errors="ignore")  # bytes count for a file system
    handle, aside = tempfile.mkstemp(prefix=f".{start}.", suffix=".part", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8", newline="") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        # mkstemp makes files for their owner alone; outputs are for whoever the umask lets read.
        umask = os.umask(0)
        os.umask(umask)
        Path(aside).chmod(0o666 & ~umask)
        Path(aside).replace(path)
    except BaseException as error:
        Path(aside).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, aside):
            error.filename = str(path)  # the name that a person knows; a full disk tells none
        raise


def check_writable(*paths: Path) -> None:
    """Make sure that files can be written, before anything is spent on what goes into them. Leaves nothing behind.

    Raises:
        UsageError: one of them cannot; says where and what to do.
    """
    for path in paths:
        if path.is_dir():
            raise UsageError(
                "a folder has this name, and an output needs it; move it, or choose another name", path=path
            )
    for folder in {path.parent: None for path in paths}:
        # Who may write in the nearest folder that is there may make the others.
        there = next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))
        for path in paths:
            if path.parent == folder:
                _check_lengths(path.absolute().relative_to(there.absolute()).parts, path, there)
        try:
            with tempfile.TemporaryFile(dir=there) as probe:
                probe.write(_PROBE)
        except OSError as error:
            raise UsageError(
                f"outputs cannot be written here; check the path, its permissions and the free space "
                f"({error.strerror})",
                path=there,
            ) from None


def _check_lengths(names: Iterable[str], path: Path, there: Path) -> None:
    """Make sure that the file system takes names of this many bytes, or some outputs would be missing."""
    try:
        most = os.pathconf(there, "PC_NAME_MAX")
    except OSError:
        return  # it tells no limit
    for name in names:
        if (size := len(os.fsencode(name))) > most:
            raise UsageError(f"a name of {size} bytes, and {most} are the most here; choose a shorter one", path=path)
