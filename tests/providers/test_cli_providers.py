"""`cassia providers`: the list, and the check of an account against real sockets."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from cassia_engine.cli.providers import _ask
from cassia_engine.providers.accounts import open_account
from cassia_engine.providers.table import load
from cassia_engine.providers.transport import Transport
from cassia_engine.secret import Secret
from tests.providers.servers import KEY, Scripted, completion, serving
from tests.terminal import run_on_terminal

COMMAND = [sys.executable, "-m", "cassia_engine", "providers"]
BARE = {
    name: value
    for name, value in os.environ.items()
    if not (name.endswith(("_API_KEY", "_HOST")) or name.startswith("AWS_"))
}


async def run(*arguments: str, environ: Mapping[str, str] = BARE) -> tuple[int, str, str]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*COMMAND, *arguments, stdout=pipe, stderr=pipe, env=dict(environ))
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    assert KEY not in f"{out!r}{err!r}"
    return process.returncode, out.decode(), err.decode()


def check(answer: Any, *arguments: str) -> tuple[int, str, str, Scripted]:
    """The command against a provider that gives this answer."""

    async def both() -> tuple[int, str, str, Scripted]:
        script = Scripted([answer])
        async with serving(script) as url:
            options = ("--check", "custom", "--base_url", url, "--model", "mock", *arguments)
            return *await run(*options, environ={**BARE, "CUSTOM_API_KEY": KEY}), script

    return asyncio.run(both())


def test_the_list_is_tab_separated_and_tells_only_whether_keys_are_set() -> None:
    code, out, err = asyncio.run(run(environ={**BARE, "OPENAI_API_KEY": KEY}))
    assert code == 0, err
    rows = {line.split("\t")[0]: line.split("\t") for line in out.splitlines()}
    assert list(rows)[1:] == [row.provider for row in load()]
    assert rows["openai"][:3] == ["openai", "OPENAI_API_KEY", "set"]
    assert rows["openrouter"][2] == "not set"
    # Which of them it is depends on the day, for which tests/providers/test_accounts.py has the table.
    assert rows["openrouter"][3] in ("anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-5.5")
    assert rows["openrouter"][4] in ("google/gemini-2.5-flash", "google/gemini-3.5-flash-lite")
    assert rows["ollama"][2] == "not needed"
    assert "--check NAME" in err


def test_on_a_terminal_the_list_is_a_table() -> None:
    done = run_on_terminal(COMMAND, 80, {**BARE, "GROQ_API_KEY": KEY})
    assert done.returncode == 0, done.stderr
    assert KEY not in f"{done.stdout}{done.stderr}"
    row = r"^groq +GROQ_API_KEY +openai/gpt-oss-120b *\r\nopenai-chat +set +openai/gpt-oss-20b"
    assert re.search(row, done.stdout, re.MULTILINE)


def test_a_provider_that_works_says_so_with_one_call() -> None:
    code, out, err, script = check((200, completion('{"answer": "ok"}')))
    assert code == 0, err
    assert re.match(r"custom works: mock answered in [\d.]+ s; 5 tokens in, 2 out, cost unknown; JSON asked for", out)
    assert len(script.bodies) == 1


@pytest.mark.parametrize(
    ("answer", "code", "expected"),
    [
        ((401, {"error": {"message": f"bad key {KEY}"}}), 77, "set CUSTOM_API_KEY to a valid key"),
        ((402, {"error": {"message": "no credit"}}), 77, "credit"),
        ((404, {"error": {"message": "no such model"}}), 2, "knows no model mock"),
        ((429, {"error": {"message": "slow"}}, {"retry-after": "100"}), 75, "rate limit"),
        ((503, {"error": {"message": "down"}}), 75, "try again later"),
        ((200, b"<html>"), 75, "html"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_at_once(answer: Any, code: int, expected: str) -> None:
    found, out, err, script = check(answer)
    assert (found, out, len(script.bodies)) == (code, "", 1)
    assert expected in err
    assert len(err.splitlines()) == 1


def test_a_parameter_that_is_refused_is_left_away_and_that_is_told() -> None:
    refusal = (400, {"error": {"message": "no", "param": "response_format"}})

    async def both() -> tuple[int, str, str]:
        async with serving(Scripted([refusal, (200, completion("{}"))])) as url:
            return await run("--check", url, "--model", "mock")

    code, out, err = asyncio.run(both())
    assert code == 0, err
    assert "JSON asked for in words" in out
    assert "asked without schema" in err


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--check", "openai"], 77, "set OPENAI_API_KEY"),
        (["--check", "http://127.0.0.1:1/v1", "--model", "m"], 75, "cannot be reached"),
        (["--check", "opnai"], 2, "did you mean openai?"),
        (["--model", "m"], 2, "--model goes with --check NAME"),
    ],
)
def test_what_is_wrong_before_any_answer(arguments: list[str], code: int, expected: str) -> None:
    found, out, err = asyncio.run(run(*arguments))
    assert (found, out) == (code, "")
    assert expected in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("day", "model"),
    [(date(2026, 11, 29), "anthropic/claude-sonnet-4.5"), (date(2026, 12, 2), "anthropic/claude-sonnet-5.5")],
)
def test_the_default_of_openrouter_works_before_and_after_its_end(day: date, model: str) -> None:
    async def ask() -> Any:
        script = Scripted([(200, completion('{"answer": "ok"}'))])
        async with serving(script) as url:
            account = open_account("openrouter", base_url=url, key=Secret(KEY), today=day)
            reply = await _ask(account, Transport(account, connections=1))
        return reply, script.bodies

    reply, bodies = asyncio.run(ask())
    assert reply.text == '{"answer": "ok"}'
    assert [body["model"] for body in bodies] == [model]
