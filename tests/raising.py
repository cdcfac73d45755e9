"""Errors as tests expect them: by code, path and line. Their words are in tests/golden/messages.txt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cassia_engine.errors import CassiaError, InputProblems

# Code, name of the file at fault, and its line.
Expected = tuple[str, str | None, int | None]


@contextmanager
def raises(
    code: str, *values: object, path: Path | str | None = None, line: int | None = None
) -> Iterator[pytest.ExceptionInfo[CassiaError]]:
    """Expect an error, in one line.

    Args:
        values: of the input (names, numbers), which the message must show.
        path: the whole path at fault or the end of it; None if the error has none.
        line: its line; None if the error has none.
    """
    with pytest.raises(CassiaError) as caught:
        yield caught
    error = caught.value
    found = getattr(error, "path", None)
    where = found if path is None or not str(found).endswith(str(path)) else path
    place = (error.code, where, getattr(error, "line", None))
    assert place == (code, path, line), f"{place}: {error}"
    assert [value for value in values if str(value) not in str(error)] == [], str(error)
    assert "\n" not in str(error)


def problems(error: BaseException) -> list[Expected]:
    """All that an error says is wrong, in its order."""
    assert isinstance(error, CassiaError)
    each = error.problems if isinstance(error, InputProblems) else (error,)
    return [(one.code, _name(getattr(one, "path", None)), getattr(one, "line", None)) for one in each]


def _name(path: Path | str | None) -> str | None:
    return None if path is None else Path(path).name
