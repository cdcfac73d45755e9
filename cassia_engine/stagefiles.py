"""The files that the stages hand to each other: chunk, result and status. Described in docs/formats.md.

All are byte-deterministic for the same input: no date, no path, fixed order of keys.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from cassia_engine.errors import UsageError
from cassia_engine.files import atomic_write
from cassia_engine.records import (
    CHUNK_KIND,
    RESULT_KIND,
    SCHEMA_VERSION,
    STATUS_KIND,
    Chunk,
    ClusterResult,
    Dataset,
    RunInfo,
    Selection,
    Status,
    to_json,
)


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A result file as read: the chunk it answers, who annotated, and a result for each of its clusters."""

    dataset: Dataset
    selection: Selection
    index: int
    count: int
    n_clusters: int
    run: RunInfo
    results: tuple[ClusterResult, ...]


_Read = TypeVar("_Read", Chunk, ResultFile)


def write_chunk(path: Path, chunk: Chunk) -> None:
    """Write a chunk file: one JSON object, a cluster a line."""
    head = {"kind": CHUNK_KIND, "schema_version": SCHEMA_VERSION, **to_json(chunk)}
    clusters = head.pop("clusters")
    with atomic_write(path) as out:
        out.write(_dumps(head)[:-1] + ',"clusters":[\n')
        out.write(",\n".join(_dumps(cluster) for cluster in clusters))
        out.write("\n]}\n")


@contextmanager
def result_file(path: Path, chunk: Chunk, run: RunInfo) -> Iterator[Callable[[ClusterResult], None]]:
    """A result file, JSON Lines: a header, then a record per cluster of the chunk, each written by the function given.
    It is there when all are."""
    head = to_json(chunk)
    head.pop("clusters")
    head = {"kind": RESULT_KIND, "schema_version": SCHEMA_VERSION, **head, "run": to_json(run)}
    with atomic_write(path) as out:
        out.write(_dumps(head) + "\n")

        def write(result: ClusterResult) -> None:
            out.write(_dumps(to_json(result)) + "\n")

        yield write


def write_status(path: Path, status: Status) -> None:
    """Write a status file: one JSON object, for `cassia check` and `cassia index`."""
    with atomic_write(path) as out:
        out.write(_dumps({"kind": STATUS_KIND, "schema_version": SCHEMA_VERSION, **to_json(status)}) + "\n")


def read_chunk(path: Path) -> Chunk:
    """Read a chunk file.

    Raises:
        UsageError: it is missing, is no chunk file, or is of another version of the format.
    """
    found = read_chunk_or_result(path)
    if isinstance(found, Chunk):
        return found
    raise UsageError("this is a result file; expected a chunk file made by cassia split", path=path)


def read_chunk_or_result(path: Path) -> Chunk | ResultFile:
    """Read a chunk or a result file, told apart by content.

    Raises:
        UsageError: it is missing, is neither of the two, or is of another version of the format.
    """
    lines = _lines(path)
    first = next(lines, "")
    head = _object(path, 1, first) if first.startswith('{"kind":"' + RESULT_KIND) else None
    try:
        if head is None:
            whole = _chunk_object(path, first, lines)
            _check_kind(path, whole, CHUNK_KIND, "chunk or result file")
            return _named(path, Chunk.from_json(whole))
        _check_kind(path, head, RESULT_KIND, "chunk or result file")
        results = tuple(
            ClusterResult.from_json(_object(path, number, line)) for number, line in enumerate(lines, 2) if line
        )
        result = ResultFile(
            dataset=Dataset.from_json(head["dataset"]),
            selection=Selection.from_json(head["selection"]),
            index=head["index"],
            count=head["count"],
            n_clusters=head["n_clusters"],
            run=RunInfo.from_json(head["run"]),
            results=results,
        )
        return _named(path, result)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"the file is damaged ({error!r}); make it again", path=path) from error


def _named(path: Path, found: _Read) -> _Read:
    """The file as read, if paths can be made of its sample's name: others than cassia may have written it."""
    try:
        found.dataset.checked()
    except UsageError as error:
        raise UsageError(f"the file is damaged ({error}); make it again", path=path) from None
    return found


def read_status(path: Path) -> Status:
    """Read a status file.

    Raises:
        UsageError: it is missing, is no status file, or is of another version of the format.
    """
    data = _object(path, 1, "\n".join(_lines(path)))
    _check_kind(path, data, STATUS_KIND, "status file")
    try:
        # All but `failed` are not in the files of tasks that an earlier version ran and -resume took over.
        found: dict[str, Any] = {
            "failed": tuple((str(i), str(o), str(r)) for i, o, r in data["failed"]),
            "review": tuple((str(i), str(why)) for i, why in data.get("review", ())),
            **{name: str(data.get(name, "")) for name in ("summary", "notice")},
            **{name: tuple(map(str, data.get(name, ()))) for name in ("warnings", "run_warnings")},
        }
        rest = {f.name: data[f.name] for f in fields(Status) if f.name not in found}
        return Status(**rest, **found)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"the file is damaged ({error!r}); make it again", path=path) from error


def _dumps(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _lines(path: Path) -> Iterator[str]:
    """The lines of a file, one by one: a file of many clusters is never in memory as a whole."""
    try:
        with open(path, encoding="utf-8", newline="\n") as text:
            for line in text:
                yield line.removesuffix("\n")
    except FileNotFoundError:
        raise UsageError("no such file", path=path) from None
    except UnicodeDecodeError:
        raise UsageError("not a file made by cassia (it is not UTF-8 text)", path=path) from None
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", path=path) from error


def _chunk_object(path: Path, first: str, lines: Iterator[str]) -> dict[str, Any]:
    """A chunk file's object; laid out as `write_chunk` does it, its clusters are read as they are taken."""
    if first.endswith('"clusters":['):
        return {**_object(path, 1, first + "]}"), "clusters": _clusters(path, lines)}
    return _object(path, 1, "\n".join((first, *lines)))


def _clusters(path: Path, lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 2):
        if line == "]}":
            if any(lines):
                raise ValueError("it goes on after its end")
            return
        yield _object(path, number, line.removesuffix(","))
    raise ValueError("its end is missing")


def _object(path: Path, number: int, text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise UsageError("not a file made by cassia (expected a JSON object)", path=path, line=number)
    return data


def _check_kind(path: Path, data: Mapping[str, Any], kind: str, expected: str) -> None:
    if data.get("kind") != kind:
        raise UsageError(f"not a {expected} made by cassia", path=path)
    if data.get("schema_version") != SCHEMA_VERSION:
        raise UsageError(
            f"format version {data.get('schema_version')}; this cassia reads {SCHEMA_VERSION}: "
            "make the file again with this version",
            path=path,
        )
