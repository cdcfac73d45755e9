"""What is raised while HDF5 is read, in one line for a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cassia_engine.errors import UsageError


class Damage(OSError):
    """What does not belong together in a file or store, in a few words with its place."""


@contextmanager
def reading_h5ad(place: str) -> Iterator[None]:
    """Within it an HDF5 file is read: what h5py raises is raised as UsageError; `place` is what messages call it."""
    try:
        yield
    except BlockingIOError as error:
        what = "another program has this file open for writing; close it there first"
        raise UsageError(what, path=place, code="h5ad-open-elsewhere") from error
    except (OSError, RuntimeError, KeyError, UnicodeDecodeError) as error:
        why = f" ({error})" if isinstance(error, Damage) else " or not complete"
        raise UsageError(
            f"this .h5ad file is damaged{why}; write or copy it again", path=place, code="h5ad-damaged"
        ) from error
