"""Jobs in a server's database that no client has sent, with what their runs are to do."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cassia_engine.server.specs import SPEC, Spec
from cassia_engine.server.state import ServerState
from tests import factories as make

CREATED = 1_796_064_000.0  # 30 November 2026, 18:40 UTC
IDS: Mapping[str, str] = {"T cells": "0", "B": "1"}


def add_job(
    state: ServerState,
    job: str,
    owner: str = "",
    ids: Mapping[str, str] = IDS,
    *,
    run: str = "completed",
    created: float = CREATED,
    study: str = "",
    started: float | None = None,
) -> None:
    """A job of an owner, whose first run is in the state `run`, and whose clusters have these ids by their labels."""
    of_run = "INSERT INTO runs (job_id, number, state, own_keys, created, started) VALUES (?, 0, ?, 0, ?, ?)"
    state.database.now(
        lambda work: (
            work.execute("INSERT INTO jobs (id, owner, created) VALUES (?, ?, ?)", (job, owner, created)),
            work.execute(of_run, (job, run, created, started)),
        )
    )
    folder = state.jobs / job / "run"
    folder.mkdir(parents=True)
    (folder / SPEC).write_bytes(msgspec.json.encode(Spec(make.DATASET, study, ids, {})))
