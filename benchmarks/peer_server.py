"""A provider for CASSIA 1.4.0: what each of its three stages waits for, after a fixed time, in OpenAI's form.

    python -m benchmarks.peer_server --latency 1 --rpm 60 --faults 0.05

Its annotator goes on until a reply has one phrase, its validator's verdict is looked for as another, and its
formatter's reply has to be JSON in a fence; which of them asks is seen from the words that the request itself gives for
that. Beyond `--rpm` it says 429 as the mock provider does, and a share of the calls gets a 503. Prints its URL; GET
/stats shows the number of calls, and of answers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time

from aiohttp import web

from tests.mock_provider.limits import Limits

BUCKET = 15.0  # seconds

DONE, PASSED = "FINAL ANNOTATION COMPLETED", "VALIDATION PASSED"
FORMATTED = {"main_cell_type": "T cell", "sub_cell_types": ["CD4 T", "CD8 T", "NK"], "possible_mixed_cell_types": []}
REPLIES = {
    DONE: f"The general type is T cell; the best three are CD4 T, CD8 T, NK.\n{DONE}",
    PASSED: f"Validation result: {PASSED}",
    "```json": f"```json\n{json.dumps(FORMATTED)}\n```",
}


class Server:
    def __init__(self, latency: float, rpm: float | None, faults: float):
        self._latency = latency
        self._limits = Limits(rpm, None, time.monotonic, BUCKET)
        self._faults, self._chance = faults, random.Random(1)
        self._calls = self._answered = 0

    async def chat(self, request: web.Request) -> web.Response:
        self._calls += 1
        if (headers := self._limits.take(1)) is not None:
            return web.json_response({"error": {"message": "too many requests"}}, status=429, headers=headers)
        if self._chance.random() < self._faults:
            return web.json_response({"error": {"message": "overloaded"}}, status=503)
        system = json.dumps((await request.json())["messages"][0])
        await asyncio.sleep(self._latency)
        text = next(reply for words, reply in REPLIES.items() if words in system)
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        usage = {"prompt_tokens": 700, "completion_tokens": 200, "total_tokens": 900}
        head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "mock"}
        self._answered += 1
        return web.json_response({**head, "choices": [choice], "usage": usage})

    async def stats(self, request: web.Request) -> web.Response:
        return web.json_response({"calls": self._calls, "completed": self._answered})


async def serve(latency: float, rpm: float | None, faults: float) -> None:
    server, app = Server(latency, rpm, faults), web.Application(client_max_size=64 * 2**20)
    app.add_routes([web.post("/v1/chat/completions", server.chat), web.get("/stats", server.stats)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=1.0, help="seconds before each answer")
    parser.add_argument("--rpm", type=float, help="requests a minute, of which those of 15 s may come at once")
    parser.add_argument("--faults", type=float, default=0.0, help="share of the calls that get a 503")
    options = parser.parse_args()
    asyncio.run(serve(options.latency, options.rpm, options.faults))


if __name__ == "__main__":
    main()
