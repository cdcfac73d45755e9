"""The journal's recovery: whatever happens to its files, what was written whole is found, and nothing else.

More examples than at a commit: CASSIA_WILD=5000 pytest tests/journal/test_journal_properties.py
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cassia_engine.errors import StoppedError
from cassia_engine.journal import Journal, key_of
from cassia_engine.journal import lines as journal_lines
from cassia_engine.providers.chat import Call, Receipt, Request
from cassia_engine.providers.faults import Fault, FaultAction

EXAMPLES = int(os.environ.get("CASSIA_WILD", "60"))
N_CALLS = 4


def call(number: int) -> Call:
    return Call(Request("openai-chat", "http://127.0.0.1/v1/chat/completions", {"messages": [number]}))


KEYS = {key_of(call(number)): number for number in range(N_CALLS)}


class Inner:
    """Answers with the call's number and a text, so that an answer of another call is seen; or has a fault."""

    def __init__(self, text: str | Fault):
        self.text = text

    def find(self, call: Call) -> None: ...

    async def exchange(self, call: Call) -> Receipt:
        if isinstance(self.text, Fault):
            raise self.text
        return Receipt(f"{call.request.body['messages'][0]} {self.text}", "2026-11-21T09:00:00+00:00", 0.5)

    def void(self, call: Call) -> None:
        raise AssertionError


def asked(journal: Journal, number: int, inner: Inner | None = None) -> str | None:
    """The answer; None for a fault, or where nothing is recorded and there is nobody to ask."""
    try:
        return asyncio.run(journal.recorded(inner).exchange(call(number))).body
    except (Fault, StoppedError):
        return None


class Folder:
    """A folder with two writers, each of which may end and begin again, and the lines each file was given."""

    def __init__(self, path: Path):
        self.path = path
        self.writers: dict[int, Journal] = {}

    def do(self, writer: int, what: str, number: int, text: str) -> None:
        if what == "restart":
            if writer in self.writers:
                self.writers.pop(writer).close()
            return
        if writer not in self.writers:
            self.writers[writer] = Journal.open(self.path, "1.2.3")
        journal = self.writers[writer]
        if what == "void":
            journal.recorded(Inner("")).void(call(number))
        else:
            faults = {
                "fault": Fault(text, FaultAction.RETRY),
                "rejected": Fault(text, FaultAction.FAIL_CALL, 400, None, "schema"),
            }
            asked(journal, number, Inner(faults.get(what, text)))

    def close(self) -> None:
        for journal in self.writers.values():
            journal.close()

    def files(self) -> list[Path]:
        return sorted(self.path.glob("*.jsonl"))


def expected(files: list[Path], written: dict[Path, set[bytes]]) -> dict[int, str]:
    """The answer of each call, found the plain way: of the lines that are as they were written, the first reply that
    none of them voids."""
    whole = [
        json.loads(line)
        for path in files
        for line in path.read_bytes().split(b"\n")
        if line in written[path] and line != b""
    ]
    voids = {(line["key"], line["reply"]) for line in whole if line["kind"] == "void"}
    answers: dict[int, str] = {}
    for line in whole:
        if line["kind"] == "reply" and (line["key"], line["crc32"]) not in voids:
            answers.setdefault(KEYS[line["key"]], line["response"])
    return answers


def truncated(raw: bytes, place: int, garbage: bytes) -> bytes:
    return raw[:place]


def with_garbage(raw: bytes, place: int, garbage: bytes) -> bytes:
    return raw[:place] + garbage + raw[place:]


def with_garbage_line(raw: bytes, place: int, garbage: bytes) -> bytes:
    start = raw.rfind(b"\n", 0, place) + 1
    return raw[:start] + garbage + b"\n" + raw[start:]


def overwritten(raw: bytes, place: int, garbage: bytes) -> bytes:
    return raw[:place] + garbage + raw[place + len(garbage) :]


def with_a_line_twice(raw: bytes, place: int, garbage: bytes) -> bytes:
    start = raw.rfind(b"\n", 0, place) + 1
    end = raw.find(b"\n", place) + 1
    return raw[:end] + raw[start:end] + raw[end:]


Damage = Callable[[bytes, int, bytes], bytes]
DAMAGES: list[Damage] = [truncated, with_garbage, with_garbage_line, overwritten, with_a_line_twice]

TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(["reply"] * 5 + ["void", "void", "fault", "rejected", "restart"]),
        st.integers(0, N_CALLS - 1),
        TEXT,
    ),
    max_size=25,
)
BLOWS = st.lists(
    st.tuples(st.sampled_from(DAMAGES), st.integers(0, 50), st.floats(0, 1), st.binary(min_size=1, max_size=40)),
    max_size=4,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(steps=STEPS, blows=BLOWS)
def test_what_was_written_whole_is_found_and_nothing_else(steps: Any, blows: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Folder(Path(name))
        for step in steps:
            folder.do(*step)
        folder.close()
        files = folder.files()
        written = {path: set(path.read_bytes().split(b"\n")) for path in files}
        for damage, which, share, garbage in blows:
            if files and (raw := files[which % len(files)].read_bytes()):
                path = files[which % len(files)]
                path.write_bytes(damage(raw, int(share * (len(raw) - 1)), garbage))
        wanted = expected(files, written)
        journal = Journal.open(folder.path, "1.2.3")
        assert {n: answer for n in range(N_CALLS) if (answer := asked(journal, n)) is not None} == wanted
        assert {n for n in range(N_CALLS) if journal.has(call(n))} == set(wanted)
        # And it goes on: what is lacking is asked for, the rest is not, also after the next start.
        after = {n: asked(journal, n, Inner("new")) for n in range(N_CALLS)}
        journal.close()
        assert {n: answer for n, answer in after.items() if n in wanted} == wanted
        assert {n: asked(Journal.open(folder.path, "1.2.3"), n) for n in range(N_CALLS)} == after


@settings(max_examples=EXAMPLES, deadline=None)
@given(steps=STEPS)
def test_journal_in_use_agrees_with_the_same_one_read_anew(steps: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Folder(Path(name))
        for _, what, number, text in steps:
            folder.do(0, "reply" if what == "restart" else what, number, text)
        if folder.files():
            one, other = folder.writers[0], Journal.open(folder.path, "1.2.3")
            assert [asked(one, n) for n in range(N_CALLS)] == [asked(other, n) for n in range(N_CALLS)]
            assert (one.replies, one.unanswered) == (other.replies, other.unanswered)
            assert other.unanswered == 0
        folder.close()


WRITER = """
import asyncio, sys
from pathlib import Path
from cassia_engine.journal import Journal
from tests.journal.test_journal_properties import Inner, call

async def main():
    journal = Journal.open(Path(sys.argv[1]), "1.2.3")
    exchange, number = journal.recorded(Inner("x" * 2000)), int(sys.argv[2])
    while True:
        await exchange.exchange(call(number))
        print(number, flush=True)
        number += 1

asyncio.run(main())
"""


@pytest.mark.slow
def test_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    for attempt in range(5):
        command = [sys.executable, "-c", WRITER, str(tmp_path), str(attempt * 1_000_000)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
            assert process.stdout
            # Killed in the middle of its work, after another number of answers each time.
            for line in process.stdout:
                acknowledged.append(int(line))
                if int(line) % 1_000_000 == 200 + 173 * attempt:
                    process.kill()
    assert len(acknowledged) > 2000
    journal = Journal.open(tmp_path, "1.2.3")
    assert journal.damaged == 0
    assert journal.unanswered <= 5
    lost = [number for number in acknowledged if asked(journal, number) != f"{number} {'x' * 2000}"]
    assert not lost


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.dictionaries(st.text(), VALUES, max_size=4), st.text(), st.text())
def test_the_body_stands_in_the_line_as_if_it_were_written_with_it(body: dict[str, Any], url: str, answer: str) -> None:
    asked = Call(Request("openai-chat", url, body), 1, 2)
    receipt = Receipt(answer, "2026-11-21T09:00:00.000+00:00", 0.25)
    key = key_of(asked)
    raw = journal_lines.reply_line(key, asked, receipt, "5eed00000001")
    assert raw == journal_lines.line(
        journal_lines.Kind.REPLY,
        key,
        id="5eed00000001",
        at=receipt.at,
        seconds=0.25,
        dialect="openai-chat",
        url=url,
        body=body,
        replicate=1,
        ordinal=2,
        response=answer,
    )
    assert journal_lines.parsed(raw).kind is journal_lines.Kind.REPLY
    fields = journal_lines.fields_of(raw, journal_lines.Kind.REPLY)
    assert fields and fields["body"] == json.loads(asked.request.payload) == body
