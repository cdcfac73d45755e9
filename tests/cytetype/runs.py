"""A job as tests run it: the files, the question, and a clock that does not wait."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cassia_engine.cytetype.job import JobOptions, run_job
from cassia_engine.cytetype.protocol import Kind
from cassia_engine.cytetype.question import Question
from cassia_engine.cytetype.results import JobResults
from cassia_engine.cytetype.waiting import Clock
from cassia_engine.secret import Secret
from tests.cytetype_server.running import Running

TOKEN = "cyt_p_canary4b71d2e9c8a5f603"
LLM_KEY = "sk-canary-9f8e7d6c5b4a39281706"
CHUNK = 65536
SIZES: dict[Kind, int] = {"vars_h5": 9 * CHUNK + 17, "obs_duckdb": 2 * CHUNK}
NAMES: dict[Kind, str] = {"vars_h5": "vars.h5", "obs_duckdb": "obs.duckdb"}
INPUT: dict[str, Any] = {
    "studyInfo": "blood of a healthy person",
    "infoTags": {"title": "PBMC"},
    "clusterLabels": {"0": "0", "1": "Doublets", "7": "7"},
    "clusterMetadata": {},
    "markerGenes": {"0": ["MS4A1", "CD74", "HLA-DRA", "LYZ"], "1": ["NKG7", "GZMB"], "7": ["XIST"]},
    "expressionData": {"MS4A1": {"0": 91.25, "1": 0.5, "7": 0.0}},
    "visualizationData": {"coordinates": [[0.5, 1.0]], "clusters": ["0"]},
    "nParallelClusters": 2,
    "clientInfo": {"clientType": "anndata", "clientVersion": "0"},
}
LLM_CONFIGS = [{"provider": "openai", "name": "gpt-5", "apiKey": LLM_KEY}]


def fake_clock() -> tuple[Clock, list[float]]:
    """A clock whose waits are over at once, and the list of them."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    return Clock(sleep, lambda: sum(waits)), waits


def make_files(folder: Path, seed: int = 0) -> dict[Kind, Path]:
    draw = random.Random(seed)
    for kind, size in SIZES.items():
        (folder / NAMES[kind]).write_bytes(draw.randbytes(size))
    return {kind: folder / NAMES[kind] for kind in SIZES}


@dataclass
class Job:
    """A job in a folder.

    Attributes:
        waits: all that were asked for, in seconds; none was waited.
    """

    server: Running
    folder: Path
    question: Question = field(init=False)
    options: JobOptions = field(init=False)
    waits: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.question = Question(INPUT, make_files(self.folder), LLM_CONFIGS)
        clock, self.waits = fake_clock()
        self.options = JobOptions(clock=clock)

    @property
    def path(self) -> Path:
        return self.folder / "pbmc_job.json"

    def run(self, resume: bool = False, resubmit: bool = False, token: str = TOKEN, **options: Any) -> JobResults:
        return run_job(
            self.question,
            api_url=self.server.url,
            token=Secret(token),
            job_file=self.path,
            resume=resume,
            resubmit=resubmit,
            options=replace(self.options, **options),
        )

    def state(self) -> dict[str, Any]:
        return dict(json.loads(self.path.read_text()))

    def assert_uploaded(self) -> None:
        """The server has the files as they are, and one job with them."""
        for kind, path in self.question.artifacts.items():
            assert self.server.content(kind) == path.read_bytes()
        [job] = self.server.seen()["jobs"]
        uploaded = job["request"]["uploaded_files"]
        by_id = {upload["id"]: upload["kind"] for upload in self.server.seen()["uploads"] if upload["complete"]}
        assert {kind: by_id[name] for kind, name in uploaded.items()} == {kind: kind for kind in SIZES}


def acknowledged(state: dict[str, Any]) -> set[tuple[str, int]]:
    """Upload and index of each chunk that a job file says the server has."""
    found = set()
    for file in state["files"].values():
        last = -(-file["size"] // file["chunk_size"]) - 1
        runs = [(0, last)] if file["complete"] else file["acknowledged"]
        found |= {(file["upload_id"], index) for first, last in runs for index in range(first, last + 1)}
    return found
