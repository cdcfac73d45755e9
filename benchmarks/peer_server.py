"""A provider for CASSIA 1.4.0: what each of its three stages waits for, after a fixed time, in OpenAI's form.

    python -m benchmarks.peer_server --latency 1

Its annotator goes on until a reply has one phrase, its validator's verdict is looked for as another, and its
formatter's reply has to be JSON in a fence; which of them asks is seen from the words that the request itself gives for
that. Prints its URL; GET /stats shows the number of calls.
"""

from __future__ import annotations

import argparse
import asyncio
import json

from aiohttp import web

DONE, PASSED = "FINAL ANNOTATION COMPLETED", "VALIDATION PASSED"
FORMATTED = {"main_cell_type": "T cell", "sub_cell_types": ["CD4 T", "CD8 T", "NK"], "possible_mixed_cell_types": []}
REPLIES = {
    DONE: f"The general type is T cell; the best three are CD4 T, CD8 T, NK.\n{DONE}",
    PASSED: f"Validation result: {PASSED}",
    "```json": f"```json\n{json.dumps(FORMATTED)}\n```",
}


class Server:
    def __init__(self, latency: float):
        self._latency = latency
        self._calls = 0

    async def chat(self, request: web.Request) -> web.Response:
        self._calls += 1
        system = json.dumps((await request.json())["messages"][0])
        await asyncio.sleep(self._latency)
        text = next(reply for words, reply in REPLIES.items() if words in system)
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        usage = {"prompt_tokens": 700, "completion_tokens": 200, "total_tokens": 900}
        head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "mock"}
        return web.json_response({**head, "choices": [choice], "usage": usage})

    async def stats(self, request: web.Request) -> web.Response:
        return web.json_response({"calls": self._calls})


async def serve(latency: float) -> None:
    server, app = Server(latency), web.Application(client_max_size=64 * 2**20)
    app.add_routes([web.post("/v1/chat/completions", server.chat), web.get("/stats", server.stats)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=1.0, help="seconds before each answer")
    asyncio.run(serve(parser.parse_args().latency))


if __name__ == "__main__":
    main()
