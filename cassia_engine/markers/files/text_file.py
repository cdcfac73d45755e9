"""Text files, plain or gzipped: their lines, and what an error of reading means."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from cassia_engine.errors import UsageError

# Longer lines and cells are no table: an open quote, or a packed file made to fill the memory.
LONGEST_LINE = 16_000_000  # characters
# What opening, unpacking and decoding can raise; ValueError also for a path that no system takes.
READING_ERRORS = (OSError, EOFError, zlib.error, ValueError)
_LINE_END = re.compile(rb"\r\n|\r|\n")
_PIECE = 1 << 20  # bytes that are looked at at once


class TooLongError(Exception):
    """A line is longer than `LONGEST_LINE`."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


def open_bytes(path: Path, gzipped: bool) -> IO[bytes]:
    return gzip.open(path) if gzipped else open(path, "rb")  # type: ignore[return-value]


def open_text(path: Path, gzipped: bool) -> IO[str]:
    if gzipped:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return open(path, encoding="utf-8-sig", newline="")


def unreadable(path: Path, place: str, gzipped: bool, error: Exception) -> UsageError:
    """What an error of reading means, for a person."""
    match error:
        case FileNotFoundError():
            return UsageError("no such file; check the path", path=place, code="table-not-found")
        case IsADirectoryError():
            return UsageError("this is a folder; give the marker table itself", path=place, code="table-is-folder")
        case PermissionError():
            what = "you may not read this file; check its permissions (ls -l)"
            return UsageError(what, path=place, code="table-not-permitted")
        case UnicodeDecodeError():
            what, line = "not UTF-8 text; save the table as CSV or TSV in UTF-8", _undecodable_line(path, gzipped)
            return UsageError(what, path=place, line=line, code="table-not-utf8")
        case EOFError() | gzip.BadGzipFile() | zlib.error():
            return UsageError("the gzip file is damaged; make it again", path=place, code="gzip-damaged")
    what = f"cannot be read ({getattr(error, 'strerror', None) or error}); check the path"
    return UsageError(what, path=place, code="table-unreadable")


def too_long(place: str, line: int) -> UsageError:
    """A line that no table has."""
    what = f"longer than {LONGEST_LINE} characters; write each row on its own line, and close its quotes"
    return UsageError(what, path=place, line=line, code="line-too-long")


def lines_in(text: IO[str]) -> Iterator[str]:
    """The lines of a text, none of which fills the memory."""
    number = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE:
            raise TooLongError(number)
        yield line


def _undecodable_line(path: Path, gzipped: bool) -> int | None:
    """The first line that is not UTF-8: the error itself counts from the start of some buffer."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    with open_bytes(path, gzipped) as raw:
        while piece := raw.read(_PIECE):
            if piece.endswith(b"\r"):
                piece += raw.read(1)  # the two bytes of a line end stay together
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                return line + len(_LINE_END.findall(error.object[: error.start]))
            line += len(_LINE_END.findall(piece))
    return line
