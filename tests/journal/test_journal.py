"""The journal: what was answered once is not asked again, whatever has happened in between."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import logging
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from cassia_engine.errors import CassiaError, TemporaryError, UsageError
from cassia_engine.journal import (
    Journal,
    account_id,
    clear_stops,
    key_of,
    read_stop,
    set_aside,
    write_stop,
)
from cassia_engine.journal.folders import file_error
from cassia_engine.journal.lines import Kind, fields_of
from cassia_engine.journal.stop import stops
from cassia_engine.journal.summary import summary_of
from cassia_engine.providers.accounts import Account, traits_of
from cassia_engine.providers.chat import Call, Receipt, Request
from cassia_engine.providers.faults import Fault, FaultAction
from cassia_engine.secret import Secret
from tests.raising import raises

URL = "https://openrouter.ai/api/v1/chat/completions"
AT = "2026-11-21T09:00:00.000+00:00"


def call(text: str = "a", replicate: int = 0, ordinal: int = 0) -> Call:
    return Call(Request("openai-chat", URL, {"model": "m", "messages": [text]}), replicate, ordinal)


@dataclass
class Inner:
    """An exchange that answers with the number of the call, or raises what it is told to."""

    sent: list[Call] = field(default_factory=list)
    fault: Exception | None = None
    before: Callable[[], None] = lambda: None

    def find(self, call: Call) -> None: ...

    async def exchange(self, call: Call) -> Receipt:
        self.sent.append(call)
        self.before()
        if self.fault:
            raise self.fault
        return Receipt(f"answer {len(self.sent)}", AT, 0.5)

    def void(self, call: Call) -> None:
        raise AssertionError("the journal's own")


def ask(journal: Journal, inner: Inner | None, *calls: Call) -> list[str]:
    """The answers, asked for one after the other in one loop."""
    exchange = journal.recorded(inner)

    async def each() -> list[str]:
        return [(await exchange.exchange(call)).body for call in calls]

    return asyncio.run(each())


def opened(folder: Path) -> Journal:
    return Journal.open(folder, "1.2.3")


def journaled(folder: Path, *calls: Call) -> Path:
    """A file with the answers to these calls."""
    before = set(folder.glob("*"))
    journal = opened(folder)
    ask(journal, Inner(), *calls)
    journal.close()
    [path] = set(folder.glob("*")) - before
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_key_is_of_what_is_sent_and_of_nothing_else() -> None:
    body = {"b": [1, {"y": 0.5, "x": None}], "a": "é"}
    key = key_of(Call(Request("d", "u", body)))
    assert key == key_of(Call(Request("d", "u", MappingProxyType(dict(reversed(body.items()))))))
    assert len(key) == 64
    others = [
        Call(Request("e", "u", body)),
        Call(Request("d", "v", body)),
        Call(Request("d", "u", {**body, "a": "e"})),
        Call(Request("d", "u", body), replicate=1),
        Call(Request("d", "u", body), ordinal=1),
    ]
    assert len({key, *map(key_of, others)}) == 6
    with pytest.raises(ValueError):
        key_of(Call(Request("d", "u", {"temperature": float("nan")})))


def test_the_key_of_a_call_never_changes() -> None:
    """What was paid for is found by it, whichever version asks."""
    body = {"model": "m", "messages": [{"role": "user", "content": "é <\u2028"}], "temperature": 0.5, "max_tokens": 64}
    asked = Call(Request("openai-chat", URL, body), replicate=1, ordinal=2)
    assert key_of(asked) == "f758b05ea52dbdad21603acc4c18441ac9da8be0243432fa7454492ee96b6be3"


def test_what_is_on_disk_is_not_asked_again(tmp_path: Path) -> None:
    journal, inner = opened(tmp_path / "new" / "s"), Inner()
    assert not (tmp_path / "new").exists()
    assert ask(journal, inner, call(), call(), call("b"), call(replicate=1), call(ordinal=1), call()) == [
        "answer 1",
        "answer 1",
        "answer 2",
        "answer 3",
        "answer 4",
        "answer 1",
    ]
    journal.close()
    again = opened(tmp_path / "new" / "s")
    assert (again.replies, again.unanswered, again.damaged) == (4, 0, 0)
    receipt = asyncio.run(again.recorded(None).exchange(call("b")))
    assert receipt == Receipt("answer 2", AT, 0.5, recorded=True)
    assert len(list((tmp_path / "new" / "s").iterdir())) == 1, "reading makes no file"
    again.close()


def test_file_says_what_was_sent_and_is_of_one_writer(tmp_path: Path) -> None:
    body = "nul \0, \ud800, \u2028 and é\r\n"

    class Odd(Inner):
        async def exchange(self, call: Call) -> Receipt:
            return Receipt(body, AT, 0.5)

    one, two = opened(tmp_path), opened(tmp_path)
    for journal in (one, two):
        assert ask(journal, Odd(), call()) == [body]
        journal.close()
    files = sorted(tmp_path.iterdir())
    assert len(files) == 2
    header, intent, reply = lines(files[0])
    del header["crc32"]
    assert header == {"kind": "cassia-journal", "version": 1, "cassia_version": "1.2.3"}
    assert (intent["kind"], intent["key"]) == ("intent", key_of(call()))
    assert reply.pop("crc32") != reply.pop("id")
    assert reply == {
        "kind": "reply",
        "key": key_of(call()),
        "at": AT,
        "seconds": 0.5,
        "dialect": "openai-chat",
        "url": URL,
        "body": {"model": "m", "messages": ["a"]},
        "replicate": 0,
        "ordinal": 0,
        "response": body,
    }
    assert ask(opened(tmp_path), None, call()) == [body]


def test_intent_is_on_disk_before_the_call_and_tells_what_a_kill_can_have_wasted(tmp_path: Path) -> None:
    seen: list[int] = []
    inner = Inner(before=lambda: seen.append(opened(tmp_path).unanswered), fault=KeyboardInterrupt())  # type: ignore[arg-type]
    journal = opened(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        ask(journal, inner, call())
    assert seen == [1]
    assert journal.unanswered == opened(tmp_path).unanswered == 1
    journal.close()
    journaled(tmp_path, call())
    assert (opened(tmp_path).unanswered, opened(tmp_path).replies) == (1, 1)


def test_fault_is_noted_and_asked_again(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    fault = Fault("it is down", FaultAction.RETRY, 503)
    with pytest.raises(Fault) as raised:
        ask(journal, Inner(fault=fault), call())
    assert raised.value is fault
    assert ask(journal, Inner(), call()) == ["answer 1"]
    assert journal.unanswered == 0
    journal.close()
    [noted] = [line for line in lines(next(tmp_path.iterdir())) if line["kind"] == "fault"]
    assert (noted["class"], noted["status"]) == ("retry", 503)
    assert opened(tmp_path).unanswered == 0


def test_rejected_parameter_is_remembered_and_not_sent_again(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    fault = Fault("no temperature here", FaultAction.FAIL_CALL, 400, None, "temperature")
    with pytest.raises(Fault):
        ask(journal, Inner(fault=fault), call())
    journal.close()
    for again in (journal, opened(tmp_path)):
        for inner in (Inner(), None):
            with pytest.raises(Fault) as raised:
                ask(again, inner, call())
            found = raised.value
            assert (found.what, found.action, found.status, found.parameter) == (
                "no temperature here",
                FaultAction.FAIL_CALL,
                400,
                "temperature",
            )
            assert not inner or not inner.sent
        assert not again.has(call())


def test_replay_sends_nothing(tmp_path: Path) -> None:
    journaled(tmp_path, call())
    with raises("answer-not-recorded"):
        ask(opened(tmp_path), None, call("b"))
    replay = opened(tmp_path)
    replay.recorded(None).void(call())
    with raises("answer-not-recorded"):
        ask(replay, None, call())
    assert ask(opened(tmp_path), None, call()) == ["answer 1"], "a replay voids for itself only"
    assert len(list(tmp_path.iterdir())) == 1


def test_first_reply_counts_until_it_is_void(tmp_path: Path) -> None:
    one, two, inner = opened(tmp_path), opened(tmp_path), Inner()
    assert ask(one, inner, call()) == ["answer 1"]
    assert ask(two, inner, call()) == ["answer 2"]
    assert ask(opened(tmp_path), None, call()) == ["answer 1"]
    # The earlier reply is voided in a later file, and the other way round.
    third = opened(tmp_path)
    third.recorded(inner).void(call())
    assert ask(third, None, call()) == ["answer 2"]
    assert ask(opened(tmp_path), None, call()) == ["answer 2"]
    third.recorded(inner).void(call())
    assert not opened(tmp_path).has(call())
    assert ask(third, inner, call()) == ["answer 3"]
    third.recorded(inner).void(call("never asked"))
    for _ in range(2):
        third.recorded(inner).void(call())
        assert ask(third, Inner(), call()) == ["answer 1"], "equal to the one before, and another"
    assert ask(opened(tmp_path), None, call()) == ["answer 1"]
    for journal in (one, two, third):
        journal.close()


def test_an_answer_is_that_of_its_replicate_and_ordinal(tmp_path: Path) -> None:
    journaled(tmp_path, call(), call(replicate=1), call(replicate=3), call("b", ordinal=1))
    journal = opened(tmp_path)
    assert [n for n in range(5) if journal.has(call(replicate=n))] == [0, 1, 3]
    assert journal.has(call("b", ordinal=1)) and not journal.has(call("b"))


def test_torn_last_line_is_ignored_without_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = journaled(tmp_path, call(), call("b"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-2])
    journal = opened(tmp_path)
    assert (journal.replies, journal.unanswered, journal.damaged) == (1, 1, 0)
    path.write_bytes(whole[:-1])
    assert opened(tmp_path).replies == 2, "only its end is lacking"
    path.write_bytes(whole[:20])
    assert opened(tmp_path).replies == 0, "torn in the header"
    path.write_bytes(b"")
    assert opened(tmp_path).replies == 0
    assert not caplog.records


def test_damaged_lines_are_skipped_with_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = journaled(tmp_path, *(call(str(i)) for i in range(4)))
    rows = path.read_bytes().splitlines(keepends=True)
    rows[2] = rows[2].replace(b"answer 1", b"answer 7")
    rows[6] = b"\0" * 10 + b"\n"
    path.write_bytes(b"".join(rows))
    with caplog.at_level(logging.WARNING):
        journal = opened(tmp_path)
    assert (journal.replies, journal.damaged) == (2, 2)
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}, line 3 and 1 more: damaged, skipped; an answer that was there is asked for again"
    ]
    assert ask(journal, Inner(), call("0"), call("1")) == ["answer 1", "answer 2"]
    journal.close()


@pytest.mark.parametrize("version", [2, "1", None])
def test_unknown_version_is_refused(tmp_path: Path, version: object) -> None:
    path = journaled(tmp_path, call())
    head, rest = path.read_bytes().split(b"\n", 1)
    told = head[head.index(b",") + 1 :].replace(b'"version":1', b'"version":' + json.dumps(version).encode())
    path.write_bytes(b'{"crc32":"%08x",%b\n' % (zlib.crc32(told), told) + rest)
    with raises("journal-version", f"version {version}", "reads 1", path=path.name):
        opened(tmp_path)


def test_file_that_changes_under_the_reader_gives_no_wrong_answer(tmp_path: Path) -> None:
    path = journaled(tmp_path, call(), call("b"))
    journal = opened(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"answer 1", b"ANSWER 1")[:-5])
    assert ask(journal, Inner(), call(), call("b")) == ["answer 1", "answer 2"]
    journal.close()


def test_other_files_in_the_folder_are_nothing_to_it(tmp_path: Path) -> None:
    journaled(tmp_path, call())
    (tmp_path / ".nfs0001").write_bytes(b"\xff")
    (tmp_path / "notes.txt").write_text("mine")
    assert (opened(tmp_path).replies, opened(tmp_path).damaged) == (1, 0)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: Path(path).symlink_to("/dev/zero")])
def test_what_is_no_file_is_not_opened(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, make: Callable[[str], None]
) -> None:
    journaled(tmp_path, call())
    make(str(tmp_path / "other.jsonl"))
    make(str(tmp_path / "STOP-a-1"))
    assert opened(tmp_path).replies == 1
    assert summary_of(tmp_path).replies == 1
    [told] = {record.getMessage() for record in caplog.records}
    assert told == f"{tmp_path / 'other.jsonl'}: not a regular file, so no file of a journal; it is not read"
    assert read_stop(tmp_path, "a-1") == "" and not stops(tmp_path)


def test_a_file_that_is_gone_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another task may remove one between the listing of the folder and the look at it."""
    path = journaled(tmp_path, call())
    listed = [path, tmp_path / "gone.jsonl", tmp_path / "STOP-gone"]
    monkeypatch.setattr(Path, "iterdir", lambda self: iter(listed))
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter([listed[2]]))
    assert opened(tmp_path).replies == 1
    assert stops(tmp_path) == []


@pytest.mark.parametrize("changes", [{"limit": "many"}, {"instead": 7}, {"lasting": "no"}, {"class": "other"}])
def test_malformed_rejections_do_not_count(tmp_path: Path, changes: dict[str, Any]) -> None:
    journal = opened(tmp_path)
    with pytest.raises(Fault):
        ask(journal, Inner(fault=Fault("no temperature", FaultAction.FAIL_CALL, 400, None, "temperature")), call())
    journal.close()
    [path] = tmp_path.iterdir()
    rewritten(path, **changes)
    again = opened(tmp_path)
    assert ask(again, Inner(), call()) == ["answer 1"]
    again.close()


def rewritten(path: Path, **changes: Any) -> None:
    """Change the last line of a journal's file, with a checksum that is right again; None takes a field away."""
    *rows, last = path.read_bytes().splitlines()
    fields = {**json.loads(last), **changes}
    fields.pop("crc32")
    told = json.dumps({name: value for name, value in fields.items() if value is not None}, separators=(",", ":"))
    rest = told[1:].encode()
    path.write_bytes(b"\n".join([*rows, b'{"crc32":"%08x",%b\n' % (zlib.crc32(rest), rest)]))


@pytest.mark.parametrize(
    "changes",
    [
        {"response": None},
        {"response": 7},
        {"at": "yesterday"},
        {"at": None},
        {"seconds": "1"},
        {"seconds": float("nan")},
        {"seconds": -1.0},
        {"body": []},
        {"body": {"model": "another"}},
        {"url": "https://elsewhere.example/v1"},
        {"replicate": "0"},
        {"ordinal": 1},
    ],
    ids=str,
)
def test_malformed_lines_do_not_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, changes: dict[str, Any]
) -> None:
    """Their checksum is right: somebody has written them, who is not cassia."""
    path = journaled(tmp_path, call())
    rewritten(path, **changes)
    journal = opened(tmp_path)
    assert ask(journal, Inner(fault=None), call(), call()) == ["answer 1"] * 2
    [told] = [record.getMessage() for record in caplog.records]
    assert "no cassia has written this line" in told and "\n" not in told
    assert (journal.reused, journal.asked, journal.answered) == (1, 1, 1)
    assert summary_of(tmp_path).damaged == 1
    journal.close()


def test_a_line_that_names_two_calls_answers_neither(tmp_path: Path) -> None:
    """The key by which a line is found, and another one that fits what it says."""
    own, other = call(), call(ordinal=1)
    path = journaled(tmp_path, other)
    *rows, last = path.read_bytes().splitlines()
    rest = b'"kind":"reply","key":"%b",' % key_of(own).encode() + last.split(b",", 1)[1]
    path.write_bytes(b"\n".join([*rows[:-1], b'{"crc32":"%08x",%b\n' % (zlib.crc32(rest), rest)]))
    journal = opened(tmp_path)
    assert ask(journal, Inner(), own) == ["answer 1"]
    assert (journal.reused, journal.asked) == (0, 1)
    journal.close()


@pytest.mark.parametrize("reply", [7, "12", "zzzzzzzz", None])
def test_malformed_voids_do_not_count(tmp_path: Path, reply: object) -> None:
    path = journaled(tmp_path, call())
    journal = opened(tmp_path)
    journal.recorded(Inner()).void(call())
    journal.close()
    [void] = {*tmp_path.iterdir()} - {path}
    rewritten(void, reply=reply)
    again = opened(tmp_path)
    assert (again.replies, again.damaged) == (1, 1)
    assert summary_of(tmp_path).damaged == 1


def failing_write(monkeypatch: pytest.MonkeyPatch, number: int, at: Callable[[bytes], bool], part: int = 0) -> None:
    """Let os.write fail with the error `number` for lines that fit, after their first `part` bytes."""
    real = os.write

    def write(fd: int, data: Any) -> int:
        if not at(bytes(data)):
            return real(fd, data)
        if part and len(data) > part and bytes(data).startswith(b'{"crc32"'):
            return real(fd, data[:part])
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("cassia_engine.journal.writing.os.write", write)


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, TemporaryError), (errno.EDQUOT, TemporaryError), (errno.EROFS, UsageError)]
)
def test_nothing_is_sent_when_the_intent_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[CassiaError]
) -> None:
    failing_write(monkeypatch, number, lambda data: True)
    journal, inner = opened(tmp_path / "s"), Inner()
    with pytest.raises(kind, match=str(tmp_path / "s")) as raised:
        ask(journal, inner, call())
    assert "\n" not in str(raised.value)
    assert not inner.sent
    assert not list((tmp_path / "s").iterdir()), "no empty files are left"
    journal.close()


def test_reply_that_cannot_be_written_is_an_error_and_spoils_no_other_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, inner = opened(tmp_path), Inner()
    ask(journal, inner, call())
    with monkeypatch.context() as patch:
        failing_write(patch, errno.ENOSPC, lambda data: b'"intent"' not in data, part=50)
        with raises("journal-disk-full"):
            ask(journal, inner, call("b"))
    assert ask(journal, inner, call("c"), call("c"), call()) == ["answer 3", "answer 3", "answer 1"]
    journal.close()
    again = opened(tmp_path)
    assert (again.replies, again.damaged, again.unanswered) == (2, 1, 1)
    assert ask(again, None, call("c")) == ["answer 3"]


def test_sync_that_fails_is_said_before_the_next_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("cassia_engine.journal.writing._sync_data", full)
    journal, inner = opened(tmp_path), Inner()
    ask(journal, inner, call())
    with raises("journal-disk-full"):
        for number in itertools.count():  # it is synced by a thread, in its own time
            ask(journal, inner, call(str(number)))
    with raises("journal-disk-full"):
        journal.close()
    journal.close()


def test_every_line_is_synced_by_the_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr("cassia_engine.journal.writing._sync_data", lambda fd: sizes.append(os.fstat(fd).st_size))
    journal = opened(tmp_path)
    ask(journal, Inner(), *(call(str(i)) for i in range(100)))
    journal.close()
    [path] = tmp_path.iterdir()
    assert sizes[-1] == path.stat().st_size
    ask(journal, Inner(), call("late"))
    journal.close()
    assert len(list(tmp_path.iterdir())) == 2, "nothing is appended to a closed file"


def test_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with raises("journal-not-usable", "Not a directory", path="file"):
        opened(tmp_path / "file")
    failed = file_error(OSError(errno.EIO, "Input/output error"), tmp_path, "read")
    assert isinstance(failed, TemporaryError) and failed.code == "journal-failed"


def test_setting_aside(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    assert set_aside(folder) is None
    folder.mkdir()
    assert set_aside(folder) is None, "nothing is recorded"
    for number in (1, 2):
        journaled(folder, call())
        assert set_aside(folder) == tmp_path / f"s.aside-{number}"
        assert not opened(folder).has(call())
    assert opened(tmp_path / "s.aside-1").has(call())


def account(key: str | None, url: str = "https://openrouter.ai/api/v1") -> Account:
    traits = traits_of("openrouter", "m")
    return Account("openrouter", url, "openai-chat", Secret(key) if key else None, "OPENROUTER_API_KEY", "m", traits)


def test_account_id_shows_no_key() -> None:
    key = "sk-or-canary-0123456789abcdef"
    name = account_id(account(key))
    assert name.startswith("openrouter-") and len(name) == len("openrouter-") + 12
    assert name == account_id(account(key))
    assert not any(key[i : i + 4] in name for i in range(len(key) - 3))
    assert (
        len({name, account_id(account("other")), account_id(account(None)), account_id(account(key, "https://x"))}) == 4
    )


def test_stop_marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("cassia_engine.journal.stop.time.monotonic", lambda: now)
    folder = tmp_path / "journal"
    assert read_stop(folder, "a-1") == ""
    write_stop(folder, "a-1", "no credit;\nadd some")
    assert read_stop(folder, "a-1") == "no credit; add some", "what this process writes it knows at once"
    assert read_stop(folder, "b-1") == ""
    (folder / "STOP-b-1").write_text("by another task\n")
    assert read_stop(folder, "b-1") == "", "the disk is looked at once a second"
    now += 1.0
    assert read_stop(folder, "b-1") == "by another task"
    (folder / "STOP-c-1").touch()
    assert "STOP-c-1" in read_stop(folder, "c-1"), "an empty marker is one, too"
    journaled(folder / "s", call())
    clear_stops(folder)
    assert [path.name for path in folder.iterdir()] == ["s"]
    assert read_stop(folder, "a-1") == read_stop(folder, "b-1") == ""
    clear_stops(tmp_path / "missing")


def test_key_and_answers_are_of_the_same_line(tmp_path: Path) -> None:
    path = journaled(tmp_path, call())
    told = fields_of(path.read_bytes().splitlines()[-1], Kind.REPLY)
    assert told is not None
    request = Request(told["dialect"], told["url"], told["body"])
    assert key_of(Call(request, told["replicate"], told["ordinal"])) == told["key"], "a line is enough to ask again"
