"""A job in a process of its own, to be killed: its waits are a hundredth of what they are.

    python -m tests.cytetype.child URL FOLDER OUTPUT

The token is in CASSIA_TEST_TOKEN. The folder has the files, and gets the job file.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import msgspec

from cassia_engine.cytetype.job import JobOptions, run_job
from cassia_engine.cytetype.question import Question
from cassia_engine.cytetype.waiting import Clock
from cassia_engine.secret import Secret
from tests.cytetype.runs import INPUT, LLM_CONFIGS, NAMES

FASTER = 100


async def _sleep(seconds: float) -> None:
    await asyncio.sleep(seconds / FASTER)


def main() -> None:
    url, folder, output = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    found = run_job(
        Question(INPUT, {kind: folder / name for kind, name in NAMES.items()}, LLM_CONFIGS),
        api_url=url,
        token=Secret(os.environ["CASSIA_TEST_TOKEN"]),
        job_file=folder / "pbmc_job.json",
        resume=True,
        options=JobOptions(clock=Clock(_sleep, lambda: time.monotonic() * FASTER), poll_interval=5.0),
    )
    output.write_bytes(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
