"""Writing files so that they appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from cassia_engine.errors import UsageError, shown

# A disk that has not even this is full.
_PROBE = bytes(2**16)
# How the names of files end that are being written.
ASIDE_END = ".part"
_AT_ONCE = 2**28  # bytes that the kernel is asked to copy
_BUFFER = 2**22
_URL = re.compile(r"(https?|ftps?|sftp|s3|gs|gcs|az|abfss?|hdfs|file|ssh|dx|drs):/", re.IGNORECASE)


def local(given: Path | str, name: str = "") -> Path:
    """A path of this machine.

    Args:
        name: of the argument that it is given by, "" where that is said otherwise.

    Raises:
        UsageError: it is a URL, which nothing here reads or writes.
    """
    # A Path has made one of two slashes.
    if found := _URL.match(str(given)):
        text = re.sub(r"/[^/@]*@", "/", str(given))  # a name and a password
        place = f"{name}: " if name else ""
        raise UsageError(
            f"{place}{shown(text)}: this is a URL ({found[1]}), and cassia reads and writes files of this machine "
            "only; download it, and give the path",
            code="path-is-url",
        )
    return Path(given)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hex.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlast the machine; some file systems cannot, and need not."""
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


@contextmanager
def atomic_write(path: Path | str) -> Iterator[IO[str]]:
    """Open `path` for text (UTF-8, "\n"); it appears under its name only when the block ends without error.

    Raises:
        OSError: the folder or file cannot be written.
    """
    with atomic_path(path) as aside, open(aside, "w", encoding="utf-8", newline="") as out:
        yield out


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Gives the path of an empty file to write instead; it is renamed to `path` when the block ends without error.

    It is in the same folder, starts with a dot and ends with ".part"; it is synced, then renamed, and removed after an
    error. The folder is made if it is missing.

    Raises:
        UsageError: a folder, a device or a pipe has that name.
        OSError: the folder or file cannot be written.
    """
    path = Path(path)
    check_replaceable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{_aside_start(path)}", suffix=ASIDE_END, dir=path.parent)
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
        with open(aside, "rb") as written:
            os.fsync(written.fileno())
        # mkstemp makes files for their owner alone; outputs are for whoever the umask lets read.
        umask = os.umask(0)
        os.umask(umask)
        aside.chmod(0o666 & ~umask)
        aside.replace(path)
    except BaseException as error:
        aside.unlink(missing_ok=True)
        if isinstance(error, OSError) and str(error.filename) in ("None", name):
            error.filename = str(path)  # the name that a person knows; a full disk tells none
        raise


def left_aside(path: Path) -> list[Path]:
    """What `atomic_path` left of `path` where a process was killed, or is writing now."""
    found = (other for other in path.parent.iterdir() if other.name.startswith(_aside_start(path)))
    return sorted(other for other in found if other.name.endswith(ASIDE_END))


def remove_left_aside(*paths: Path) -> None:
    """Remove what `atomic_path` left where a process was killed, which may be large; nobody may be writing them now.

    Raises:
        OSError: it cannot be removed.
    """
    for left in (left for path in paths for left in left_aside(path)):
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink(missing_ok=True)


def _aside_start(path: Path) -> str:
    return f".{os.fsencode(path.name)[:100].decode(errors='ignore')}."  # bytes count for a file system


@contextmanager
def atomic_copy(source: Path, target: Path) -> Iterator[Callable[[], Path]]:
    """Copy a file beside other work; gives a function that waits for the copy, and returns its path to change it.

    The copy has the name `target` only when the block ends without error, as by `atomic_path`.

    Raises:
        UsageError: the file was changed meanwhile; by that function.
        OSError: one cannot be read, or the other written.
    """
    from concurrent.futures import ThreadPoolExecutor

    before, stop = _state(source), threading.Event()
    with atomic_path(target) as aside, ThreadPoolExecutor(1) as thread:
        copying = thread.submit(copy_file, source, aside, stop)

        def whole() -> Path:
            copying.result()
            if _state(source) != before:
                what = "it was changed while it was copied; wait until it is written"
                raise UsageError(what, path=source, code="copied-file-changed")
            return aside

        try:
            yield whole
        except BaseException:
            stop.set()
            raise


def copy_file(source: Path, target: Path, stop: threading.Event) -> None:
    """Copy the bytes of a file into another that is there, within the kernel; a reflink where the file system has it.

    Args:
        stop: ends it at once, with a part of the file.

    Raises:
        OSError: one cannot be read, or the other written.
    """
    with open(source, "rb") as read, open(target, "wb") as write:
        if hasattr(os, "copy_file_range"):
            with suppress(OSError):  # other file systems, and some of the network; a full disk is told by what follows
                while not stop.is_set() and os.copy_file_range(read.fileno(), write.fileno(), _AT_ONCE):
                    pass
        read.seek(write.seek(0, os.SEEK_END))
        while not stop.is_set() and (block := read.read(_BUFFER)):
            write.write(block)


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):  # one of them is not there, or no system takes its name
        return False


def check_writable(*paths: Path, inputs: Iterable[Path | str | None] = ()) -> None:
    """Make sure that files can be written, before anything is spent on what goes into them. Leaves nothing behind.

    Args:
        inputs: what the same command reads; None for what was not given.

    Raises:
        UsageError: one of them cannot, or is an input; says where and what to do.
    """
    read = [Path(one) for one in inputs if one is not None]
    for path in paths:
        if any(_same(path, one) for one in read):
            what = "an output cannot take the place of an input; give another name or folder"
            raise UsageError(what, path=path, code="output-is-input")
    for path in paths:
        there = _nearest(path.parent)
        _check_lengths(path.absolute().relative_to(there.absolute()).parts, path, there)
        check_replaceable(path)
    for there in {_nearest(path.parent): None for path in paths}:
        try:
            with tempfile.TemporaryFile(dir=there) as probe:
                probe.write(_PROBE)
        except OSError as error:
            raise UsageError(
                f"outputs cannot be written here; check the path, its permissions and the free space "
                f"({error.strerror})",
                path=there,
                code="output-not-writable",
            ) from None


def check_replaceable(path: Path) -> None:
    """Make sure that what has the name of an output, if anything has, is a file that it may replace.

    Raises:
        UsageError: it is a folder, a device, a pipe or a socket, or no file can have that name.
    """
    try:
        is_folder, is_other = path.is_dir(), path.exists() and not path.is_file()
    except OSError as error:
        what = f"an output cannot have this name ({error.strerror}); choose another name"
        raise UsageError(what, path=path, code="output-path-unusable") from None
    if is_folder:
        what = "a folder has this name, and an output needs it; move it, or choose another name"
        raise UsageError(what, path=path, code="output-is-folder")
    if is_other:
        what = "this is a device or a pipe, in whose place no output is put; choose another name"
        raise UsageError(what, path=path, code="output-is-device")


def stem_of(path: Path) -> str:
    """The name of a table's file without its endings."""
    stem = path.name
    for ending in (".gz", ".csv", ".tsv", ".txt", ".gmt", ".parquet", ".h5ad", ".h5mu", ".zip", ".zarr"):
        stem = stem.removesuffix(ending)
    return stem


def _nearest(folder: Path) -> Path:
    """The nearest folder that is there: who may write in it may make the others."""
    return next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))


def _check_lengths(names: Iterable[str], path: Path, there: Path) -> None:
    """Make sure that the file system takes names of this many bytes, or some outputs would be missing."""
    try:
        most = os.pathconf(there, "PC_NAME_MAX")
    except OSError:
        return  # it tells no limit
    for name in names:
        if (size := len(os.fsencode(name))) > most:
            raise UsageError(
                f"a name of {size} bytes, and {most} are the most here; choose a shorter one",
                path=path,
                code="output-name-too-long",
            )
