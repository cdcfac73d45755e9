"""A program in place of a server: real processes, what each of their ends is taken for, and that none is left."""

from __future__ import annotations

import asyncio
import json
import os
import select
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.errors import AccountError, CallFailedError, CassiaError, TemporaryError, UsageError
from cassia_engine.journal import Journal
from cassia_engine.providers.accounts import default_workers, open_account
from cassia_engine.providers.chat import Call, Chat, Finish, Message, Reply, Request
from cassia_engine.providers.client import Client
from cassia_engine.providers.faults import Fault
from cassia_engine.providers.program import Program
from cassia_engine.providers.retry_policy import RetryPolicy
from cassia_engine.records import COMMAND
from cassia_engine.settings import AnnotateSettings
from tests.command import cassia
from tests.conftest import ROOT
from tests.raising import raises
from tests.test_llm import ended, rows, small, told_to_stop

pytestmark = pytest.mark.usefixtures("command_line")

QUICK = RetryPolicy(attempts=3, backoff=0.001, longest_backoff=0.01, pause=0.001, longest_pause=0.03, jitter=0)
CHAT = Chat("Role: annotator.", (Message("user", "CD3D"),), 500, {"title": "t", "type": "object"}, temperature=0.5)
KEY = "sk-canary-0123456789abcdef"
# Answers as the mock provider does; the question is its standard input.
ANSWERS = f"""\
import json, sys
sys.path.insert(0, {str(ROOT)!r})
from tests.mock_provider.answers import answer
asked = json.load(sys.stdin)
turns = [(turn["role"], turn["text"]) for turn in asked["messages"]]
print(answer(asked["schema"]["title"], turns, asked["system"]))
"""
# Holds a FIFO open, as all that it starts does: who reads it gets its end when none of them runs any more.
HANGS = "exec 9>fifo; echo started >&9; sleep 1000 & sleep 1000"


def script(folder: Path, text: str) -> str:
    """A command line that runs a script of the shell, each start of which is a line of the file `starts`."""
    path = folder / "answer.sh"
    path.write_text(f"echo >>{shlex.quote(str(folder))}/starts; cd {shlex.quote(str(folder))}\n{text}\n")
    return shlex.join(["sh", str(path)])


def starts(folder: Path) -> int:
    return len((folder / "starts").read_text().splitlines())


async def ask(command: str, folder: Path, timeout: float = 60.0, chat: Chat = CHAT) -> Reply | CassiaError:
    account = open_account(COMMAND, command=command)
    journal = Journal.open(folder / "journal", "0")
    async with Program(account, timeout=timeout) as program:
        client = Client(account, journal.recorded(program), max_workers=1, retry_policy=QUICK)
        try:
            return await client.chat(chat)
        except CassiaError as error:
            return error
        finally:
            journal.close()


ONCE = '[ "$(wc -l <starts)" -gt 1 ] || '
SAID = "echo why >&2; "
CASES = {
    # name: (script, what it is taken for, a part of the message or the text, how often it starts)
    "text": ("echo hi", Reply, "hi", 1),
    "reads nothing": ("exec <&-; echo hi", Reply, "hi", 1),
    "not UTF-8": (r"printf '\377hi'", Reply, "\ufffdhi", 1),
    "no answer": (f"{SAID}exit 65", CallFailedError, "the program sh ended with exit code 65: why", 1),
    "rate limit": (f"{ONCE}exit 75; echo hi", Reply, "hi", 2),
    "stop": (f"{SAID}exit 77", AccountError, "the program sh ended with exit code 77: why", 1),
    "not executable": ("exit 126", AccountError, "exit code 126", 1),
    "not there": ("no-such-program-here", AccountError, "exit code 127: ", 1),
    "fault once": (f"{ONCE}exit 1; echo hi", Reply, "hi", 2),
    "fault": (f"{SAID}exit 1", TemporaryError, "exit code 1: why; it answered no call during 3 attempts", 3),
    "killed": ("kill -9 $$", TemporaryError, "was ended by SIGKILL; ", 3),
    "nothing": ("echo", TemporaryError, "printed nothing", 3),
    "other version": (
        """echo '{"cassia_reply": 2, "text": "hi"}'""",
        TemporaryError,
        '"cassia_reply" that is not 1',
        3,
    ),
    "no text": ("""echo '{"cassia_reply": 1}'""", TemporaryError, 'has no text as "text"', 3),
    "too much": ("yes hi", CallFailedError, "printed more than 1 MB", 1),
}


@pytest.mark.parametrize("name", CASES)
def test_each_end_of_a_program(name: str, tmp_path: Path) -> None:
    text, kind, part, times = CASES[name]
    found = asyncio.run(ask(script(tmp_path, text), tmp_path))
    assert isinstance(found, kind), found
    assert part in (found.text if isinstance(found, Reply) else str(found))
    assert starts(tmp_path) == times
    # What was answered is in the journal, and nothing else.
    again = asyncio.run(ask(script(tmp_path, "exit 77"), tmp_path))
    assert isinstance(again, Reply) is isinstance(found, Reply)
    if isinstance(again, Reply) and isinstance(found, Reply):
        assert (again.text, again.receipt.recorded, starts(tmp_path)) == (found.text, True, times)


def test_the_question_and_an_object_as_the_reply(tmp_path: Path) -> None:
    told = {"cassia_reply": 1, "text": '{"a": 1}', "model": "m-2", "finish": "length", "cost_usd": 0.25}
    told |= {"input_tokens": 12, "output_tokens": 3}
    command = script(tmp_path, f"cat >asked; echo {shlex.quote(json.dumps(told))}")
    found = asyncio.run(ask(command, tmp_path))
    assert isinstance(found, Reply)
    asked = json.loads((tmp_path / "asked").read_text())
    assert asked.pop("system").startswith("Role: annotator.\n\nAnswer with one JSON object and nothing else")
    assert asked == {
        "version": 1,
        "model": "sh",
        "messages": [{"role": "user", "text": "CD3D"}],
        "max_tokens": 500,
        "temperature": 0.5,
        "schema": {"title": "t", "type": "object"},
    }
    assert (found.text, found.model, found.finish, found.cost_usd) == ('{"a": 1}', "m-2", Finish.LENGTH, 0.25)
    assert (found.input_tokens, found.output_tokens, found.cost_source) == (12, 3, "provider")


@pytest.mark.parametrize("text", ['{"cell_type": "cassia_reply"}', '["cassia_reply"]', 'says "cassia_reply": 1', "{}"])
def test_all_else_is_the_text_of_the_model(text: str, tmp_path: Path) -> None:
    found = asyncio.run(ask(script(tmp_path, f"echo {shlex.quote(text)}"), tmp_path))
    assert isinstance(found, Reply)
    assert (found.text, found.input_tokens, found.cost_usd) == (text, None, None)


def test_keys_of_the_environment_reach_the_program_and_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    command = script(tmp_path, 'echo "$OPENAI_API_KEY" >got; echo "mine is $OPENAI_API_KEY"')
    found = asyncio.run(ask(command, tmp_path))
    assert isinstance(found, Reply)
    assert found.text == "mine is ***"
    assert (tmp_path / "got").read_text().strip() == KEY
    failed = asyncio.run(ask(script(tmp_path, 'echo "$OPENAI_API_KEY" >&2; exit 65'), tmp_path, chat=CHAT_2))
    assert str(failed) == "the program sh ended with exit code 65: ***"
    assert all(KEY not in path.read_text() for path in (tmp_path / "journal").iterdir())
    with raises("command-holds-key", "the key of OpenAI"):
        open_account(COMMAND, command=f"ask --key {KEY}")


CHAT_2 = Chat("Another.", CHAT.messages, 500)


@pytest.mark.parametrize(
    ("command", "code", "part"),
    [
        (None, "command-missing", "--provider command: give the command line of the program with --command"),
        (" ", "command-missing", "--command"),
        ("ask 'this", "command-malformed", "No closing quotation"),
        (
            "no-such-program-here -x",
            "command-not-found",
            "no-such-program-here: there is no program of this name on PA",
        ),
        ("./missing.sh", "command-not-found", "./missing.sh: there is no such file; it is started in "),
        ("./plain.sh", "command-not-executable", "./plain.sh is not executable; chmod +x makes it so"),
    ],
)
def test_what_cannot_be_run_is_said_before_anything_is_asked(
    command: str | None, code: str, part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain.sh").write_text("echo hi\n")
    with raises(code, part):
        Program(open_account(COMMAND, command=command))


def test_a_program_that_the_system_does_not_start_ends_the_run(tmp_path: Path) -> None:
    path = tmp_path / "no-interpreter"
    path.write_text("#!/no/such/interpreter\n")
    path.chmod(0o755)
    failed = asyncio.run(ask(str(path), tmp_path))
    assert isinstance(failed, UsageError)
    assert "no-interpreter cannot be started (No such file or directory)" in str(failed)


@pytest.mark.parametrize(
    ("options", "code", "part"),
    [
        ({"provider": "openai", "command": "ask"}, "command-not-used", "and the provider is openai"),
        ({"provider": COMMAND, "command": "ask", "base_url": "https://h/v1"}, "options-not-of-command", "--base_url: "),
        ({"provider": COMMAND, "command": "a", "proxy": "x", "trust_env": True}, "options-not-of-command", "trust_env"),
    ],
)
def test_options_that_nobody_would_look_at(options: dict[str, Any], code: str, part: str) -> None:
    with raises(code, part):
        AnnotateSettings(**options)


def test_a_program_is_asked_one_call_at_a_time_under_its_own_name() -> None:
    account = open_account(COMMAND, command="/opt/site/'my gateway' -m x")
    assert (account.model, account.base_url) == ("my_gateway", "command:'/opt/site/my gateway' -m x")
    assert default_workers(account) == 1
    assert open_account(COMMAND, "sonnet", command="ask").model == "sonnet"


def open_fifo(folder: Path) -> Path:
    os.mkfifo(folder / "fifo")
    return folder / "fifo"


def read_to_the_end(fd: int) -> bytes:
    """What is written to a FIFO until nobody has it open for writing any more."""
    got = b""
    while select.select([fd], [], [], 30)[0]:
        piece = os.read(fd, 100)
        if not piece:
            return got
        got += piece
    raise AssertionError("a process is left")


def call_of(command: str) -> Call:
    return Call(Request(COMMAND, f"command:{command}", {"version": 1}))


@pytest.mark.parametrize("text", [HANGS, f"trap '' TERM; {HANGS}"], ids=["hangs", "ignores SIGTERM"])
def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(text: str, tmp_path: Path) -> None:
    fd = os.open(open_fifo(tmp_path), os.O_RDONLY | os.O_NONBLOCK)
    command = script(tmp_path, text)

    async def run() -> str:
        async with Program(open_account(COMMAND, command=command), timeout=1) as program:
            with pytest.raises(Fault) as caught:
                await program.exchange(call_of(command))
        return str(caught.value)

    assert asyncio.run(run()) == "the program sh took longer than 1 s and was ended; --timeout allows more"
    assert read_to_the_end(fd) == b"started\n"
    os.close(fd)


def test_a_call_that_is_cancelled_ends_its_program(tmp_path: Path) -> None:
    fifo = open_fifo(tmp_path)
    command = script(tmp_path, HANGS)

    async def run() -> bytes:
        async with Program(open_account(COMMAND, command=command)) as program:
            task = asyncio.create_task(program.exchange(call_of(command)))
            fd = await asyncio.to_thread(os.open, fifo, os.O_RDONLY)
            assert os.read(fd, 100) == b"started\n"
            task.cancel()
            async with asyncio.timeout(30):
                with pytest.raises(asyncio.CancelledError):
                    await task
        return read_to_the_end(fd)

    assert asyncio.run(run()) == b""


def arguments(folder: Path, command: str, *more: str) -> list[str]:
    about = ["--tissue", "blood", "--species", "human", "--outdir", "out", "--controls", "0"]
    return ["run", str(small(folder, 2)), *about, "--provider", COMMAND, "--command", command, *more]


def process_of(folder: Path, command: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "cassia_engine", *arguments(folder, command)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(argv, cwd=folder, env=environ, stderr=subprocess.PIPE, text=True)


def test_stopped_at_once_leaves_no_process(tmp_path: Path) -> None:
    fifo = open_fifo(tmp_path)
    process = process_of(tmp_path, script(tmp_path, HANGS))
    fd = os.open(fifo, os.O_RDONLY)
    assert os.read(fd, 100) == b"started\n"
    told_to_stop(process, signal.SIGINT)
    process.send_signal(signal.SIGINT)
    assert "stopped at once" in ended(process)
    assert process.returncode == 75
    assert read_to_the_end(fd) == b""


def test_ctrl_c_waits_for_the_reply_that_is_under_way(tmp_path: Path) -> None:
    fifo = open_fifo(tmp_path)
    os.mkfifo(tmp_path / "go")
    (tmp_path / "answer.py").write_text(ANSWERS)
    answers = shlex.join([sys.executable, "answer.py"])
    process = process_of(tmp_path, script(tmp_path, f"echo started >fifo; read go <go; exec {answers}"))
    assert fifo.read_text() == "started\n"
    told_to_stop(process, signal.SIGINT)
    (tmp_path / "go").write_text("go\n")
    said = ended(process)
    assert process.returncode == 75, said
    assert starts(tmp_path) == 1
    [path] = (tmp_path / ".cassia" / "journal" / "small").glob("*.jsonl")
    assert [json.loads(line)["kind"] for line in path.read_text().splitlines()] == ["cassia-journal", "intent", "reply"]


def test_a_run_and_what_collect_finds_without_the_program(tmp_path: Path) -> None:
    (tmp_path / "answer.py").write_text(ANSWERS)
    command = script(tmp_path, "exec " + shlex.join([sys.executable, "answer.py"]))
    asked = ["--provider", COMMAND, "--command", command, "--model", "local"]
    about = ["--tissue", "blood", "--species", "human", "--controls", "0", "--name", "small"]
    assert cassia("split", small(tmp_path, 2), *about, "--outdir", "chunks", cwd=tmp_path).returncode == 0
    [chunk] = (tmp_path / "chunks").glob("*.json")
    done = cassia("annotate", chunk, "--output", "result.jsonl", *asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "the program is asked one call at a time" in done.stderr
    n_starts = starts(tmp_path)
    for made in ("answer.sh", "answer.py", "result.jsonl"):
        (tmp_path / made).unlink()
    done = cassia("collect", chunk, "--name", "small", "--outdir", "out", *asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = rows(tmp_path / "out")
    assert {row["Status"] for row in found} == {"annotated"}
    assert {(row["Provider"], row["Model"], row["Cost (USD)"]) for row in found} == {("command", "local", "")}
    assert sum(int(row["Calls"]) for row in found) == n_starts == starts(tmp_path)
