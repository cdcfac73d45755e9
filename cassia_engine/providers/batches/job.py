"""A batch from its creation to its answers; what is known of it is on record before the next step is taken."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cassia_engine.errors import TemporaryError
from cassia_engine.providers.accounts import Account
from cassia_engine.providers.batches.batch_api import Answer, Batch, BatchApi, Line, Requests, State
from cassia_engine.providers.batches.records import BatchRecords, OpenBatch
from cassia_engine.providers.batches.steps import check, pause, tried
from cassia_engine.providers.faults import Fault, FaultAction, clean
from cassia_engine.providers.retry_policy import RetryPolicy
from cassia_engine.text import counted

log = logging.getLogger(__name__)

_CLOCKS_DIFFER = 3600.0  # seconds, at most, between ours and a provider's
_KEPT = 48 * 3600.0  # seconds that every provider keeps a batch at least


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """How a batch is gathered and waited for; in seconds, but for `attempts`.

    Attributes:
        quiet: without a further call, after which those that wait become a batch.
        poll, longest_poll: between two looks at a batch, the first and the longest.
        settle: after a request to create a batch that had no answer, until it is taken not to have been created if
            no list has it.
        attempts: batches that a call goes out in, before it has failed.
        requests: how the requests about batches are tried again.
    """

    quiet: float = 1.0
    poll: float = 10.0
    longest_poll: float = 120.0
    settle: float = 60.0
    attempts: int = 5
    requests: RetryPolicy = field(default_factory=RetryPolicy)


class Job:
    """A batch: one to be created, or one that an earlier run has left.

    Attributes:
        left: keys of the lines whose answers have not been taken yet.
        began: when its creation was asked for, in seconds since 1970; 0 before that.
        is_asked: its creation is asked for, and the answer to that has not come: it must not be broken off.
    """

    def __init__(
        self,
        account: Account,
        api: BatchApi,
        requests: Requests,
        records: BatchRecords,
        policy: BatchPolicy,
        wait: float,
    ):
        """
        Args:
            account: who is asked; its key is in no message.
            wait: seconds after which a batch that is at work is left.
        """
        self._who, self._key = account.provider, account.key
        self._api, self._requests, self._records, self._policy = api, requests, records, policy
        self._wait = wait
        self._tag, self._id, self._keys = "", "", tuple[str, ...]()
        self._leaving = False
        self.left = set[str]()
        self.began = 0.0
        self.is_asked = False

    async def create(self, lines: Sequence[Line]) -> dict[str, Answer]:
        """Create a batch of these lines and wait for its answers, by key.

        Raises:
            Fault: the provider refuses it, whoever asks again.
            AccountError, TemporaryError: no batch can be had, or not now; or it is at work still.
        """
        self._keys, self.left = tuple(line.key for line in lines), {line.key for line in lines}
        file = await tried(lambda: self._api.upload(self._requests, lines), self._policy.requests)
        self._note(await self._created(file, lines))
        if self._leaving:
            raise self.at_work
        return await self._answers()

    async def resume(self, known: OpenBatch) -> dict[str, Answer]:
        """Wait for the answers of a batch that an earlier run has left; none where it was never created.

        Raises:
            AccountError, TemporaryError: as above.
        """
        self._tag, self._id, self._keys = known.tag, known.id, known.keys
        self.left, self.began = set(known.left), known.asked
        if self._id:
            log.info("%s: goes on with the batch %s of an earlier run", self._who, self._shown)
            return await self._answers()
        found = await self._found()
        if found is None:
            self._end()
            return {}
        self._note(found)
        return await self._answers()

    def leave(self) -> None:
        """Begin nothing more."""
        self._leaving = True

    def taken(self, key: str) -> None:
        """The answer of a line is on record, or it needs none any more."""
        self.left.discard(key)
        if not self.left:
            self._end()

    @property
    def at_work(self) -> TemporaryError:
        """That it goes on without us."""
        since = datetime.fromtimestamp(self.began, UTC).strftime("%Y-%m-%d %H:%M UTC")
        named = f"the batch {self._shown}" if self._id else "a batch, whose id is not known yet,"
        return TemporaryError(
            f"{self._who}: {named} has been at work since {since} ({counted(len(self._keys), 'request')}); "
            "run the same again to fetch its answers, which are not paid for twice",
            code="batch-at-work",
        )

    @property
    def _shown(self) -> str:
        """Its id for a message: one line without the key, whatever the provider has sent."""
        return clean(self._id, self._key, 100)

    def _note(self, created: Batch) -> None:
        self._id, self.is_asked = created.id, False
        self._records.batch_created(self._tag, created.id)
        many = counted(len(self._keys), "request")
        log.info("%s: the batch %s of %s is at work; it may take up to 24 hours", self._who, self._shown, many)

    def _end(self) -> None:
        """All that it had to give is on record."""
        self.left.clear()
        if self._tag:
            self._records.batch_ended(self._tag)
        self._tag, self.is_asked = "", False

    async def _created(self, file: str, lines: Sequence[Line]) -> Batch:
        """The batch, once created: where the answer to that was lost it is looked for before it is asked for again."""
        policy = self._policy.requests
        for attempt in range(1, policy.attempts + 1):
            self._tag, self.began, self.is_asked = secrets.token_hex(16), time.time(), True
            self._records.batch_asked(self._tag, self._keys, self.began)
            try:
                created = await self._api.create(self._requests, self._tag, file, lines)
                if created.id:
                    return created
                failed = Fault(f"{self._who} created a batch without an id", FaultAction.RETRY)
            except Fault as fault:
                failed = fault
            if failed.action is FaultAction.RETRY:
                log.warning("%s; the batch is looked for before it is created again", failed.what)
                if found := await self._found():
                    return found
            self._drop(failed)
            if attempt < policy.attempts:
                await asyncio.sleep(pause(failed, policy, attempt))
        raise TemporaryError(
            f"{failed.what}; no batch could be created; run the same again later", code="batch-not-created"
        )

    def _drop(self, failed: Fault) -> None:
        """Note that no batch was created, and raise what another attempt would not help against."""
        left = set(self.left)
        self._end()
        self.left = left
        check(failed)

    async def _found(self) -> Batch | None:
        """The batch whose creation was asked for, None if there is none after all."""
        began, seconds = time.time(), self._policy.poll
        until = max(self.began + self._policy.settle, began)
        while True:
            found, is_sure = await self._look_for_it()
            now = time.time()
            if found or (is_sure and now >= until):
                return found
            if self._leaving or now - began > self._wait:
                raise self.at_work
            await asyncio.sleep(min(seconds, until - now) if now < until else seconds)
            seconds = min(seconds * 1.5, self._policy.longest_poll)

    async def _look_for_it(self) -> tuple[Batch | None, bool]:
        """The batch of our tag; and, where there is none, whether that is sure. An API may keep no tags: there the ids
        of the answers tell whose a batch is, once it has ended."""
        since = self.began - _CLOCKS_DIFFER
        listed = await tried(lambda: self._api.listed(self._requests, since), self._policy.requests)
        unknown = [one for one in listed if not self._records.knows_batch(one.id)]
        if own := next((one for one in unknown if one.tag == self._tag), None):
            return own, True
        alike = [one for one in unknown if not one.tag and one.total == len(self._keys)]
        for one in alike:
            if one.state in (State.COMPLETED, State.CUT_SHORT) and await self._is_own(one):
                return one, True
        return None, not any(one.state is State.AT_WORK for one in alike)

    async def _is_own(self, batch: Batch) -> bool:
        keys = set(self._keys)
        answers = await tried(lambda: self._api.answers(self._requests, batch, ()), self._policy.requests)
        return any(answer.key in keys for answer in answers)

    async def _answers(self) -> dict[str, Answer]:
        """The answers once it has ended; of lines that it did not come to there are none."""
        try:
            ended = await self._ended()
            found = await tried(lambda: self._api.answers(self._requests, ended, self._keys), self._policy.requests)
        except Fault as fault:
            if fault.status != 404 or time.time() - self.began < _KEPT:
                raise TemporaryError(f"{fault.what}; {self.at_work}", code="batch-not-fetched") from None
            log.warning("%s: the batch %s is not kept any more; its requests are made again", self._who, self._shown)
            return {}
        if not found and ended.state is State.COMPLETED:
            what = f"{self._who} has no answers of the batch {self._shown} yet, though it is completed"
            raise TemporaryError(f"{what}; run the same again to fetch them", code="batch-without-answers")
        if ended.state is State.FAILED and not found:
            self._end()
            why = clean(ended.said, self._key)
            if ended.is_full:
                what = f"{self._who} has no room for the batch {self._shown} in its queue ({why})"
                later = "nothing of it is paid; run the same again when other batches have ended, or annotate in parts"
                raise TemporaryError(f"{what}; {later}", code="batch-queue-full")
            raise Fault(f"{self._who} refuses the batch {self._shown} ({why})", FaultAction.FAIL_CALL)
        answers = {one.key: one for one in found if one.key in self.left and one.status}
        self._tell(ended, len(answers))
        return answers

    async def _ended(self) -> Batch:
        began, seconds = time.monotonic(), self._policy.poll
        while True:
            batch = await tried(lambda: self._api.look(self._requests, self._id), self._policy.requests)
            if batch.state is not State.AT_WORK:
                return batch
            left = began + self._wait - time.monotonic()
            if left <= 0:
                raise self.at_work
            await asyncio.sleep(min(seconds, left))
            seconds = min(seconds * 1.5, self._policy.longest_poll)

    def _tell(self, ended: Batch, answered: int) -> None:
        again = len(self.left) - answered
        more = f", {again} are asked again" if again else ""
        minutes = math.ceil((time.time() - self.began) / 60)
        line = "%s: the batch %s has ended after %d min (%s): %d answers%s"
        log.info(line, self._who, self._shown, minutes, clean(ended.said, self._key), answered, more)
