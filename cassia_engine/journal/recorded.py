"""The journal as an `Exchange` around another: what is on disk is not asked again, what comes is on disk at once."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Self

from cassia_engine.errors import AccountError, StoppedError
from cassia_engine.journal.batches import key_of_tag
from cassia_engine.journal.lines import Kind, key_of, line, reply_line, written
from cassia_engine.journal.reading import ENDS, Index, read_folder
from cassia_engine.journal.writing import Writer
from cassia_engine.providers.batches.records import OpenBatch
from cassia_engine.providers.chat import Call, Exchange, Receipt
from cassia_engine.providers.dialects import DIALECTS
from cassia_engine.providers.faults import Fault, FaultAction

_REMEDY = ("instead", "limit", "lasting")  # of a refusal: what to send in the parameter's place
# An id is a random half of this process and a count: to ask the system for each costs more than to write the line.
_PROCESS, _numbers = secrets.token_hex(4), count()


class Journal:
    """The journal of a sample: what earlier tasks recorded, and a file of this task's own.

    Use `open`. The file is made when something is to be recorded.

    Attributes:
        reused: answers that were taken from it since it was opened.
        asked: calls that were sent since then.
        answered: those of them that were answered.
    """

    def __init__(self, index: Index, writer: Writer):
        self._index = index
        self._writer = writer
        self._file: tuple[Path, int] | None = None
        self.reused = 0
        self.asked = 0
        self.answered = 0

    @classmethod
    def open(cls, folder: Path, cassia_version: str) -> Self:
        """Read what is in the folder of a sample, which need not be there.

        Args:
            cassia_version: written into the file of this task.

        Raises:
            UsageError: the folder cannot be read, or is of another version of the format.
            TemporaryError: the file system fails.
        """
        return cls(read_folder(folder), Writer(folder, cassia_version))

    @property
    def replies(self) -> int:
        """Calls that have an answer."""
        return self._index.replies

    @property
    def unanswered(self) -> int:
        """Calls that may have been sent, and of whose end nothing is known; those under way are among them."""
        return self._index.unanswered

    @property
    def damaged(self) -> int:
        """Lines that were skipped when the folder was read."""
        return self._index.damaged

    @property
    def gone(self) -> Mapping[tuple[str, str], str]:
        """Models that their provider did not serve, by URL and name, with what it said, as earlier tasks found."""
        return self._index.gone

    def has(self, call: Call) -> bool:
        """Whether there is an answer to exactly this call, its replicate and ordinal included."""
        return self._index.has_reply(bytes.fromhex(key_of(call)))

    def recorded(self, inner: Exchange | None) -> Recorded:
        """This journal around `inner`; None sends nothing and writes nothing."""
        return Recorded(self, inner)

    def close(self) -> None:
        """Sync and close the file.

        Raises:
            UsageError, TemporaryError: it cannot be written.
        """
        self._writer.close()

    def find(self, key: str) -> Receipt | None:
        """The recorded answer.

        Raises:
            Fault: the call was rejected for one of its parameters.
        """
        number = bytes.fromhex(key)
        if fields := self._index.reply(number):
            is_batch = fields.get("batch", False)
            return Receipt(fields["response"], fields["at"], fields["seconds"], recorded=True, batch=is_batch)
        if fields := self._index.rejected(number):
            raise Fault(
                fields["message"],
                FaultAction(fields["class"]),
                fields["status"],
                None,
                fields["parameter"],
                # Older files have none of these.
                **{name: fields[name] for name in _REMEDY if name in fields},
            )
        return None

    def write(self, kind: Kind, key: str, **fields: Any) -> None:
        """Append a line; when this returns, the end of the process cannot undo it."""
        self.append(kind, key, line(kind, key, **fields))

    def append(self, kind: Kind, key: str, raw: bytes) -> None:
        """The same for a line of this kind about the call with this key."""
        offset = self._writer.append(raw)
        if kind in (Kind.REPLY, Kind.REJECTED):
            self._index.add(self._own_file(), written(raw, offset, kind, key))
        self._index.unanswered += 1 if kind is Kind.INTENT else -1 if kind in ENDS else 0

    def void(self, key: str, lasting: bool) -> None:
        """Let the answer that counts not count any more; `lasting` if that is recorded."""
        number = bytes.fromhex(key)
        crc = self._index.current(number)
        if crc is None:
            return
        if lasting:
            self.write(Kind.VOID, key, reply=f"{crc:08x}")
        self._index.drop(number, crc)

    def open_batches(self) -> list[OpenBatch]:
        """Batches of which not all that came is on record."""
        return self._index.batches.opened(self._index.has_reply)

    def knows_batch(self, id: str) -> bool:
        """Whether a batch of this id is on record."""
        return self._index.batches.knows(id)

    def batch_asked(self, tag: str, keys: Sequence[str], asked: float) -> None:
        """Note that the creation of a batch is about to be asked for."""
        at = datetime.fromtimestamp(asked, UTC).isoformat(timespec="milliseconds")
        self._note_batch(Kind.BATCH, tag, at=at, keys=list(keys))

    def batch_created(self, tag: str, id: str) -> None:
        """Note the provider's id of a batch."""
        self._note_batch(Kind.BATCH_CREATED, tag, id=id)

    def batch_ended(self, tag: str) -> None:
        """Note that all that came of a batch is on record."""
        self._note_batch(Kind.BATCH_ENDED, tag)

    def _note_batch(self, kind: Kind, tag: str, **fields: Any) -> None:
        key = key_of_tag(tag)
        self.write(kind, key, **fields)
        self._index.batches.take(kind, {"key": key, **fields})

    def _own_file(self) -> int:
        path = self._writer.path
        assert path is not None
        if self._file is None or self._file[0] != path:
            self._file = path, self._index.add_file(path)
        return self._file[1]


class Recorded:
    """An `Exchange` that takes from the journal what is there, and asks `inner` for the rest."""

    def __init__(self, journal: Journal, inner: Exchange | None):
        self._journal = journal
        self._inner = inner

    def find(self, call: Call) -> Receipt | None:
        """The recorded answer.

        Raises:
            Fault: it is recorded that the provider does not take a parameter of this call.
        """
        return self._find(key_of(call))

    def _find(self, key: str) -> Receipt | None:
        receipt = self._journal.find(key)
        self._journal.reused += receipt is not None
        return receipt

    async def exchange(self, call: Call) -> Receipt:
        """The answer, from disk or on disk.

        Raises:
            Fault: of `inner`; or recorded, that the provider does not take a parameter of this call.
            AccountError: of `inner`, which has sent nothing.
            StoppedError: it is not recorded, and nothing is sent.
            UsageError, TemporaryError: the journal cannot be written. If that can be known before, nothing is sent.
        """
        key = key_of(call)
        if receipt := self._find(key):
            return receipt
        if self._inner is None:
            raise StoppedError(
                "nothing is sent, and the journal has no answer to this call", code="answer-not-recorded"
            )
        self._journal.write(Kind.INTENT, key, at=datetime.now(UTC).isoformat(timespec="milliseconds"))
        self._journal.asked += 1
        try:
            receipt = await self._inner.exchange(call)
        except Fault as fault:
            self._note(key, call, fault)
            raise
        except (AccountError, StoppedError):  # nothing was sent
            self._journal.write(Kind.FAULT, key, **{"class": FaultAction.ABORT_RUN, "status": None})
            raise
        self._journal.answered += 1
        raw = reply_line(key, call, receipt, f"{_PROCESS}{next(_numbers):08x}")
        self._journal.append(Kind.REPLY, key, raw)
        return receipt

    def void(self, call: Call) -> None:
        """Say that the recorded answer is none: the next one recorded counts, else it is asked for again."""
        self._journal.void(key_of(call), lasting=self._inner is not None)

    def _note(self, key: str, call: Call, fault: Fault) -> None:
        fields: dict[str, Any] = {"class": fault.action, "status": fault.status}
        if fault.gone:
            request = call.request
            model = DIALECTS[request.dialect].model_of(request.url, request.body)
            fields |= {"gone": model, "url": request.url, "message": fault.what}
        if fault.parameter:
            remedy = {name: getattr(fault, name) for name in _REMEDY}
            self._journal.write(Kind.REJECTED, key, parameter=fault.parameter, **remedy, message=fault.what, **fields)
        else:
            self._journal.write(Kind.FAULT, key, **fields)
