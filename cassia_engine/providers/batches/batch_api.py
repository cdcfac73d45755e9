"""What the batch APIs have in common: lines in, a job that is looked at now and then, answers by line out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from cassia_engine.fast_json import parsed_json
from cassia_engine.providers.dialects.json_access import mappings


class Line(NamedTuple):
    """A request of a batch: its id, which is the key of its call, and its body as JSON."""

    key: str
    payload: bytes


class State(Enum):
    AT_WORK = "at work"
    COMPLETED = "completed"  # every line has been worked on
    CUT_SHORT = "cut short"  # expired or cancelled: there may be answers
    FAILED = "failed"  # refused as a whole: there are none


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as its provider tells of it.

    Attributes:
        tag: what it was created with, "" where the API keeps none.
        created: in seconds since 1970, 0 if it is not told.
        total: its lines, -1 if it is not told.
        said: why it failed, or how it ended, in the provider's words.
        is_full: it failed since too many tokens are queued, which passes.
        fields: all that was told, for the API's own use.
    """

    id: str
    state: State
    tag: str = ""
    created: float = 0.0
    total: int = -1
    said: str = ""
    is_full: bool = False
    fields: Mapping[str, Any] | None = None


class Answer(NamedTuple):
    """What came of a line.

    Attributes:
        status: as that of an HTTP answer; 0 where the line was not worked on, as the batch expired or was cancelled.
        body: of the answer or of the error, as JSON, as the endpoint of single calls gives it.
    """

    key: str
    status: int
    body: str = ""


class Requests(Protocol):
    """Requests to the provider, with its key and by its proxy. A Fault is raised where there is no good answer."""

    async def request(
        self, method: str, url: str, payload: bytes = b"", content_type: str = "application/json"
    ) -> bytes: ...


class BatchApi(Protocol):
    """A batch API at an account.

    Attributes:
        most_lines, most_bytes: of a batch.
    """

    most_lines: int
    most_bytes: int

    async def upload(self, requests: Requests, lines: Sequence[Line]) -> str:
        """Hand in the lines, which costs nothing; the id of their file, "" where they go with `create`."""
        ...

    async def create(self, requests: Requests, tag: str, file: str, lines: Sequence[Line]) -> Batch:
        """Create a batch of the lines."""
        ...

    async def listed(self, requests: Requests, since: float) -> list[Batch]:
        """The account's batches that were created since then."""
        ...

    async def look(self, requests: Requests, id: str) -> Batch:
        """The batch as it is now."""
        ...

    async def answers(self, requests: Requests, batch: Batch, keys: Sequence[str]) -> list[Answer]:
        """What came of the lines of a batch that has ended, in any order; of some there may be nothing.

        Args:
            keys: of all lines, in their order.
        """
        ...


async def paged(requests: Requests, url: str, cursor: str, read: Callable[[Any], Batch], since: float) -> list[Batch]:
    """The batches of a list in pages, the newest first, that were created since then.

    Args:
        url: of the first page, with its query.
        cursor: the field of the query that names the last batch of the page before.
        read: makes a batch of an entry.
    """
    found: list[Batch] = []
    after = ""
    while True:
        page = json_object(await requests.request("GET", url + after))
        batches = list(map(read, mappings(page.get("data"))))
        found += batches
        if not page.get("has_more") or not batches or batches[-1].created < since:
            return [batch for batch in found if batch.created >= since]
        after = f"&{cursor}={quote(batches[-1].id, safe='')}"


def json_lines(raw: bytes) -> Iterator[Mapping[str, Any]]:
    """The objects of a file of JSON Lines; what is none is left out, as its line counts as not worked on."""
    for line in raw.splitlines():
        try:
            read = parsed_json(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(read, dict):
            yield read


def json_object(raw: bytes) -> Mapping[str, Any]:
    """The object of a body; an empty one for anything else."""
    return next(json_lines(raw.replace(b"\n", b" ")), {})


def timestamp(text: str) -> float:
    """The seconds since 1970 of a time in ISO 8601; 0 for anything else."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0
