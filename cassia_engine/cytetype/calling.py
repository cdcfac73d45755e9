"""What holds within a call of the class CyteType: names of arguments in messages, what is shown, and errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cassia_engine.callers import Caller, called_from
from cassia_engine.errors import UsageError
from cassia_engine.progress import messages, without_repeats


class WrongValueError(UsageError, ValueError):
    """An argument or the AnnData cannot be used; a ValueError too, as the client raises."""


class NotThereError(UsageError, KeyError):
    """The AnnData has no such column or entry; a KeyError too, as the client raises."""

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError's own has quotes around it


_NOT_THERE = frozenset(
    {"group-key-not-found", "rank-key-not-found", "h5ad-not-ranked", "gene-symbols-column-not-found"}
)


@contextmanager
def call(shown: bool, said: set[str]) -> Iterator[None]:
    """Within it messages name the arguments of the class, and its errors are those that scripts for the client catch.

    Args:
        shown: whether all messages are shown, or warnings only.
        said: what was said of the AnnData, which is not said again; it grows.
    """
    with messages(shown), called_from(Caller.CYTETYPE), without_repeats("cassia_engine.h5ad", said):
        try:
            yield
        except UsageError as error:
            if type(error) is not UsageError:
                raise
            kind = NotThereError if error.code in _NOT_THERE else WrongValueError
            found = kind(error.what, code=error.code, path=error.path, line=error.line, unit=error.unit)
            raise found.with_traceback(error.__traceback__) from error.__cause__
