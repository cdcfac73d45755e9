"""The mock provider at its boundary: requests in, answers, faults and counts out."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
import pytest

from cassia_engine.replies.shapes import ANNOTATION, QUESTIONS, VALIDATION
from tests.conftest import EXAMPLES, ROOT
from tests.mock_provider.choosing import Choice, read_odds
from tests.mock_provider.faults import FAULTS
from tests.mock_provider.limits import Limits
from tests.mock_provider.running import running_mock
from tests.mock_provider.server import Mock, Options

OPENAI, ROUTER, MISTRAL = "/v1/chat/completions", "/api/v1/chat/completions", "/mistral/v1/chat/completions"
ANTHROPIC, OLLAMA = "/v1/messages", "/api/chat"
T = ["CD3D", "CD3E", "IL7R", "TRAC", "LTB", "CD2", "CD3G"]
B = ["CD79A", "MS4A1", "CD79B", "TCL1A", "BANK1", "IGHM", "IGHD"]
# A program that sends a request: URL, body.
SEND = """
import sys, urllib.request
headers = {"Content-Type": "application/json"}
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
direct.open(urllib.request.Request(sys.argv[1], sys.argv[2].encode(), headers))
"""
Ask = Callable[..., Awaitable[tuple[int, Any]]]


def block(name: str, data: Any) -> str:
    return f"<{name}>\n{json.dumps(data)}\n</{name}>"


def brief(genes: Sequence[str], tissue: str = "PBMC", **blocks: Any) -> str:
    data = {"dataset": {"tissue": tissue, "species": "human"}, "cluster_data": {"markers": list(genes)}, **blocks}
    return "\n".join(block(name, content) for name, content in data.items())


def body(path: str, text: str = "ping", schema: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A plain request in the dialect of a path."""
    turns = [{"role": "user", "content": text}]
    form = (
        {"type": "json_schema", "json_schema": {"name": schema["title"], "strict": True, "schema": schema}}
        if schema
        else None
    )
    common = {"model": "mock", "messages": turns}
    if path == ANTHROPIC:
        wanted = {"output_config": {"format": {"type": "json_schema", "schema": schema}}} if schema else {}
        return {**common, "max_tokens": 100, **wanted, **fields}
    if path == OLLAMA:
        return {**common, "stream": False, **({"format": schema} if schema else {}), **fields}
    return {**common, **({"response_format": form} if form else {}), **fields}


def text_of(path: str, answer: Any) -> str:
    said = {ANTHROPIC: lambda a: a["content"][0]["text"], OLLAMA: lambda a: a["message"]["content"]}
    return str(said.get(path, lambda a: a["choices"][0]["message"]["content"])(answer))


def on_mock(talk: Callable[[Mock, Ask], Awaitable[None]], options: Options | None = None) -> None:
    """Run a test over a real socket to a mock in this process."""

    async def run() -> None:
        mock = Mock(options or Options())
        async with mock.serving() as url, aiohttp.ClientSession() as session:

            async def ask(path: str, content: Any = None, method: str = "POST", **headers: str) -> tuple[int, Any]:
                named = {"anthropic-version": "2023-06-01", **{k.replace("_", "-"): v for k, v in headers.items()}}
                async with session.request(method, url + path, json=content, headers=named) as response:
                    return response.status, await response.json()

            await talk(mock, ask)

    asyncio.run(run())


# --- requests ---

PATHS = (OPENAI, ROUTER, MISTRAL, "/openai/v1/chat/completions", ANTHROPIC, OLLAMA)


def test_pong_in_every_dialect() -> None:
    async def talk(mock: Mock, ask: Ask) -> None:
        for path in PATHS:
            status, answer = await ask(path, body(path))
            assert (status, text_of(path, answer)) == (200, "pong")
        costs = [(await ask(path, body(path)))[1]["usage"].get("cost") for path in (OPENAI, ROUTER)]
        assert costs[0] is None
        assert costs[1] > 0

    on_mock(talk)


@pytest.mark.parametrize(
    ("path", "wrong", "status", "said"),
    [
        (OPENAI, {"thinking": {}}, 400, "Unrecognized request argument supplied: thinking"),
        (OPENAI, {"reasoning": {"effort": "low"}}, 400, "Unrecognized request argument supplied: reasoning"),
        (OPENAI, {"temperature": 3}, 400, "Invalid 'temperature'"),
        (OPENAI, {"messages": []}, 400, "Missing required parameter: 'messages'"),
        (OPENAI, {"model": ""}, 400, "you must provide a model parameter"),
        (ANTHROPIC, {"stream": True}, 400, "does not stream"),
        (OPENAI, {"response_format": {"type": "json_object"}}, 400, "must contain the word 'json'"),
        (OPENAI, {"response_format": {"type": "json_schema"}}, 400, "json_schema.name"),
        (ROUTER, {"thinking": {}}, 400, "Unrecognized key(s) in object: 'thinking'"),
        (MISTRAL, {"seed": 1}, 422, "Extra inputs are not permitted"),
        (ANTHROPIC, {"max_tokens": None}, 400, "max_tokens"),
        (ANTHROPIC, {"temperature": 1.5}, 400, "Invalid 'temperature'"),
        (ANTHROPIC, {"response_format": {}}, 400, "response_format: Extra inputs are not permitted"),
        (ANTHROPIC, {"messages": [{"role": "system", "content": "a"}]}, 400, "role"),
        (ANTHROPIC, {"messages": [{"role": "assistant", "content": "a"}]}, 400, "prefill"),
        (OLLAMA, {"temperature": 0}, 400, 'unknown field "temperature"'),
        (OLLAMA, {"options": {"max_tokens": 5}}, 400, 'invalid option provided: "max_tokens"'),
        (OPENAI, {"model": "mock-reasoner", "temperature": 0}, 400, "Unsupported parameter: 'temperature'"),
        (ANTHROPIC, {"model": "mock-reasoner", "temperature": 0}, 400, "`temperature` is not supported"),
        (OLLAMA, {"model": "mock-reasoner", "options": {"temperature": 0}}, 400, 'does not support "temperature"'),
        (OPENAI, {"model": "mock-no-reasoning", "reasoning_effort": "low"}, 400, "'reasoning_effort'"),
    ],
)
def test_wrong_requests_are_refused_in_the_words_of_the_api(
    path: str, wrong: dict[str, Any], status: int, said: str
) -> None:
    async def talk(mock: Mock, ask: Ask) -> None:
        request = {name: value for name, value in {**body(path), **wrong}.items() if value is not None}
        got, answer = await ask(path, request)
        assert got == status
        assert said in json.dumps(answer).replace('\\"', '"')

    on_mock(talk)


def test_key_and_version_are_required() -> None:
    async def talk(mock: Mock, ask: Ask) -> None:
        for path in (OPENAI, ANTHROPIC, OLLAMA):
            assert (await ask(path, body(path)))[0] == 401
        assert (await ask(OPENAI, body(OPENAI), Authorization="Bearer other"))[0] == 401
        assert (await ask(OPENAI, body(OPENAI), Authorization="Bearer secret"))[0] == 200
        assert (await ask(ANTHROPIC, body(ANTHROPIC), x_api_key="secret"))[0] == 200
        status, answer = await ask(ANTHROPIC, body(ANTHROPIC), x_api_key="secret", anthropic_version="")
        assert (status, answer["error"]["message"]) == (400, "anthropic-version: header is required")
        assert "secret" not in json.dumps(answer)

    on_mock(talk, Options(require_key="secret"))


# --- answers ---


def example_clusters() -> dict[str, list[str]]:
    """The first genes of each cluster of a bundled table."""
    with (EXAMPLES / "large_intestine_processed.csv").open(encoding="utf-8", newline="") as rows:
        return {name: genes.split(",")[:50] for _, name, genes in list(csv.reader(rows))[1:]}


@pytest.mark.parametrize("path", [OPENAI, ANTHROPIC, OLLAMA])
def test_real_markers_get_plausible_answers_in_the_shape_asked_for(path: str) -> None:
    async def talk(mock: Mock, ask: Ask) -> None:
        clusters = example_clusters()
        assert len(clusters) > 3
        for genes in clusters.values():
            _, answer = await ask(path, body(path, brief(genes, "large intestine"), ANNOTATION))
            claim = json.loads(text_of(path, answer))
            jsonschema.validate(claim, ANNOTATION)
            assert {item["gene"] for item in claim["evidence"] + claim["conflicts"]} <= set(genes)
            assert len({c["cell_type"] for c in claim["candidates"]}) == len(claim["candidates"]) > 0
            assert all(len(partner["genes"]) > 1 for partner in claim["mixture"])
            _, answer = await ask(path, body(path, brief(genes, "large intestine", claim=claim), VALIDATION))
            verdict = json.loads(text_of(path, answer))
            jsonschema.validate(verdict, VALIDATION)
            assert verdict["better_type"]["answer"] == "no"

    on_mock(talk)


def test_the_validator_names_its_own_type_where_the_claim_is_another_lineage() -> None:
    async def talk(mock: Mock, ask: Ask) -> None:
        claim = {"lineage": "B cell", "candidates": [{"cell_type": "naive B cell"}]}
        _, answer = await ask(OPENAI, body(OPENAI, brief(T, claim=claim), VALIDATION))
        verdict = json.loads(text_of(OPENAI, answer))
        assert verdict["own_type"] == "T cell"
        assert [name for name in QUESTIONS if verdict[name]["answer"] == "yes"] == ["better_type"]
        assert "CD3E" in verdict["feedback"]

    on_mock(talk)


def test_genes_that_mark_nothing_stay_unresolved() -> None:
    async def talk(mock: Mock, ask: Ask) -> None:
        _, answer = await ask(OPENAI, body(OPENAI, brief(["XX1", "XX2"]), ANNOTATION))
        claim = json.loads(text_of(OPENAI, answer))
        jsonschema.validate(claim, ANNOTATION)
        assert (claim["lineage"], claim["candidates"]) == ("unresolved", [])

    on_mock(talk)


def test_rows_of_statistics_and_tissue_blind_data() -> None:
    async def talk(mock: Mock, ask: Ask) -> None:
        data = {"columns": ["gene", "log2fc"], "markers": [[gene, 2.5] for gene in B]}
        text = block("dataset", {"tissue": "none", "species": "mouse"}) + "\n" + block("cluster_data", data)
        _, answer = await ask(OPENAI, body(OPENAI, text, ANNOTATION))
        claim = json.loads(text_of(OPENAI, answer))
        assert claim["lineage"] == "B cell"
        assert claim["possible_tissues"]

    on_mock(talk)


def test_a_varied_cluster_needs_a_second_round() -> None:
    async def talk(mock: Mock, ask: Ask) -> None:
        async def say(schema: Mapping[str, Any], *turns: str, **blocks: Any) -> dict[str, Any]:
            roles = ("user", "assistant", "user")
            messages = [{"role": r, "content": c} for r, c in zip(roles, (brief(T, **blocks), *turns), strict=False)]
            _, answer = await ask(OPENAI, {**body(OPENAI, "", schema), "messages": messages})
            return dict(json.loads(text_of(OPENAI, answer)))

        first = await say(ANNOTATION)
        assert (await say(VALIDATION, claim=first))["better_type"]["answer"] == "yes"
        feedback = block("feedback", {"checks": ["IL7R speaks against it"], "reviewer": ""})
        second = await say(ANNOTATION, json.dumps(first), feedback)
        assert second["candidates"][0] != first["candidates"][0]
        assert (await say(VALIDATION, claim=second))["better_type"]["answer"] == "no"

    on_mock(talk, Options(variety=1.0))


def test_the_formatter_takes_over_what_can_be_read() -> None:
    async def talk(mock: Mock, ask: Ask) -> None:
        broken = '```json\r\n{"lineage": "T cell", "score": "high", "state": ["x"], "mixture": [],}\r\n```'
        _, answer = await ask(OPENAI, body(OPENAI, block("reply", broken), ANNOTATION))
        claim = json.loads(text_of(OPENAI, answer))
        jsonschema.validate(claim, ANNOTATION)
        assert (claim["lineage"], claim["score"], claim["state"]) == ("T cell", -1, "")
        _, answer = await ask(OPENAI, body(OPENAI, block("reply", "CD3D and CD3E: T cells"), ANNOTATION))
        assert json.loads(text_of(OPENAI, answer))["lineage"] == "T cell"

    on_mock(talk)


def test_the_title_may_stand_in_the_system_text_alone() -> None:
    async def talk(mock: Mock, ask: Ask) -> None:
        system = {"role": "system", "content": f"Answer in JSON: {json.dumps(ANNOTATION)}"}
        messages = [system, {"role": "user", "content": brief(T)}]
        form = {"response_format": {"type": "json_object"}}
        _, answer = await ask(OPENAI, {"model": "mock", "messages": messages, **form})
        claim = json.loads(text_of(OPENAI, answer))
        jsonschema.validate(claim, ANNOTATION)
        assert claim["lineage"] == "T cell"

    on_mock(talk)


# --- faults, limits, counts ---


def test_faults_by_script_header_model_name_and_once() -> None:
    async def talk(mock: Mock, ask: Ask) -> None:
        statuses = [(await ask(OPENAI, body(OPENAI)))[0] for _ in range(3)]
        assert statuses == [503, 200, 429]
        assert (await ask(OPENAI, body(OPENAI), x_mock_fault="529"))[0] == 529
        assert [(await ask(OPENAI, body(OPENAI, model="mock-fault-408")))[0] for _ in "12"] == [408, 408]
        once = body(ANTHROPIC, model="mock-fault-502-once")
        assert [(await ask(ANTHROPIC, once))[0] for _ in "12"] == [502, 200]
        assert (await ask(OPENAI, body(OPENAI), x_mock_fault="nonsense"))[0] == 400
        assert (await ask("/script", ["401"]))[0] == 200
        assert (await ask(OPENAI, body(OPENAI)))[0] == 401
        assert (await ask("/script", ["nonsense"]))[0] == 400

    on_mock(talk, Options(script=("503", None, "429")))


def test_odds_are_drawn_the_same_way_for_the_same_seed() -> None:
    odds = read_odds("503:0.1, 429:0.2")
    runs = []
    for seed in (1, 1, 2):
        choice = Choice(odds, seed=seed)
        runs.append([choice.fault({}, "m", "") for _ in range(1000)])
    assert runs[0] == runs[1] != runs[2]
    assert 60 < runs[0].count("503") < 140
    assert 150 < runs[0].count("429") < 250
    for wrong in ("503", "nonsense:0.1", "503:0.7,429:0.7"):
        with pytest.raises(ValueError):
            read_odds(wrong)


def test_a_steady_fault_comes_with_its_request_whenever_that_comes() -> None:
    first, later = (Choice({}, seed=3, steady={"refusal": 0.5}) for _ in range(2))
    bodies = [f"body {number}" for number in range(40)]
    faults = {body: first.fault({}, "mock", body) for body in bodies}
    assert set(faults.values()) == {"refusal", None}
    assert {body: later.fault({}, "mock", body) for body in reversed(bodies)} == faults


def test_limits_of_requests_and_tokens() -> None:
    clock = [0.0]
    limits = Limits(60, 1000, lambda: clock[0])
    assert limits.take(900) is None
    refused = limits.take(600)
    assert refused is not None
    assert refused["retry-after"] == "30"
    assert refused["x-ratelimit-remaining-tokens"] == "100"
    clock[0] = 31
    assert limits.take(600) is None
    clock[0] = 1000
    assert [limits.take(0) for _ in range(60)] == [None] * 60
    assert limits.take(0) is not None


def test_counts_repeats_unanswered_and_peak(tmp_path: Path) -> None:
    async def talk(mock: Mock, ask: Ask) -> None:
        await asyncio.gather(*(ask(OPENAI, body(OPENAI, str(n))) for n in range(5)))
        await ask(OPENAI, body(OPENAI, "0"))
        await ask(OPENAI, body(OPENAI, "0"), x_mock_fault="503")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await ask(OPENAI, body(OPENAI), x_mock_fault="hang")
        while not mock.stats.unanswered:
            await asyncio.sleep(0.001)
        _, counts = await ask("/stats", method="GET")
        assert counts["calls"] == 8
        assert (counts["completed"], counts["repeats"], counts["unanswered"]) == (6, 2, 1)
        assert counts["peak_in_flight"] == 5
        assert counts["in_flight"] == 0
        assert counts["bodies"] == 6
        assert counts["by_status"] == {"200": 6, "503": 1}
        assert counts["tokens"]["input"] > 0
        await ask("/reset")
        assert (await ask("/stats", method="GET"))[1]["calls"] == 0

    log = tmp_path / "log.jsonl"
    on_mock(talk, Options(latency=0.02, log=log))
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert sorted(line["n"] for line in lines) == [*range(1, 9)]
    assert [line["status"] for line in lines] == [200] * 6 + [503, None]


def test_the_latency_varies_by_the_request(tmp_path: Path) -> None:
    async def talk(mock: Mock, ask: Ask) -> None:
        await asyncio.gather(*(ask(OPENAI, body(OPENAI, str(n))) for n in range(20)))

    log = tmp_path / "log.jsonl"
    on_mock(talk, Options(latency=0.2, spread=1.0, log=log))
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(lines) == 20
    assert min(line["ended"] - line["began"] for line in lines) < 0.2


def test_max_in_flight() -> None:
    async def talk(mock: Mock, ask: Ask) -> None:
        done = await asyncio.gather(*(ask(OPENAI, body(OPENAI, str(n))) for n in range(4)))
        assert sorted(status for status, _ in done) == [200, 200, 429, 429]

    on_mock(talk, Options(latency=0.05, max_in_flight=2))


# --- the process ---


def test_hold_release_and_a_quiet_end(tmp_path: Path) -> None:
    with running_mock(tmp_path, hold_after=2, port_file=tmp_path / "port", faults="503:0") as mock:
        assert mock.url.endswith(":" + (tmp_path / "port").read_text().strip())
        mock.post(OPENAI, body(OPENAI))
        waiting = [
            subprocess.Popen([sys.executable, "-c", SEND, mock.url + OPENAI, json.dumps(body(OPENAI, text))])
            for text in "ab"
        ]
        mock.wait_for("held", 2)
        waiting[0].kill()
        waiting[0].wait()
        mock.wait_for("unanswered", 1)
        mock.post("/release")
        assert waiting[1].wait(10) == 0
        assert mock.stats()["completed"] == 2
        assert sorted(str(line["status"]) for line in mock.calls()) == ["200", "200", "None"]
        with pytest.raises(urllib.error.HTTPError):
            mock.post(OPENAI, {})
    assert mock.process.returncode == 0


def test_clients_that_go_while_they_are_answered_are_no_error() -> None:
    sent = json.dumps(body(OPENAI)).encode()
    fields = ("Host: mock", "Content-Type: application/json", f"Content-Length: {len(sent)}")
    head = "\r\n".join((f"POST {OPENAI} HTTP/1.1", *fields, "", ""))
    at_once = struct.pack("ii", 1, 0)
    with running_mock() as mock:
        host, port = mock.url.removeprefix("http://").split(":")
        for number in range(600):
            with socket.create_connection((host, int(port))) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                client.sendall(head.encode() + sent)
                # All moments of an answer are met: it takes about a thousandth of a second.
                end = time.perf_counter() + (number % 30) / 15_000
                while time.perf_counter() < end:
                    pass
        assert mock.post(OPENAI, body(OPENAI))["choices"]


def test_it_ends_with_its_parent() -> None:
    code = "\n".join(
        (
            "import os, subprocess, sys",
            "words = [sys.executable, '-m', 'tests.mock_provider', '--port', '0', '--parent', str(os.getpid())]",
            "mock = subprocess.Popen(words, stdout=subprocess.PIPE)",
            "print(mock.pid, mock.stdout.readline(), flush=True)",
            "sys.stdin.read()",
        )
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdin
    assert parent.stdout
    pid = int(parent.stdout.readline().split()[0])
    parent.kill()
    parent.communicate()
    for _ in range(1000):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if "State:\tZ" in Path(f"/proc/{pid}/status").read_text():
            return
        signal.sigtimedwait([], 0.01)
    pytest.fail("the mock outlives its parent")


def test_faults_have_names_that_a_model_can_have() -> None:
    assert all(name.replace("_", "").isalnum() and not name.endswith("-once") for name in FAULTS)
