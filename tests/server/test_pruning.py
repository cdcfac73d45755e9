"""What has expired is deleted, and nothing else: no upload of a job, nothing of a job at work."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cassia_engine.server import pruning
from cassia_engine.server.access import tokens
from cassia_engine.server.options import ServerOptions
from cassia_engine.server.pruning import YOUNG_S, Prunable, delete, prunable
from cassia_engine.server.quotas import spent
from cassia_engine.server.starting import open_state
from cassia_engine.server.state import ServerState
from tests.command import cassia
from tests.server.running import running_app
from tests.server.uploading import content, until

NOW = 1_800_000_000.0
DAY = 86400.0
JOB, OTHER = "a" * 32, "b" * 32


@pytest.fixture
def state(tmp_path: Path) -> Iterator[ServerState]:
    found = open_state(ServerOptions(tmp_path, job_days=30))
    yield found
    found.database.close()


def add_upload(state: ServerState, upload: str, expires: float, completed: float | None = 1.0) -> Path:
    row = (upload, "", "vars_h5", 1000, 1000, 1.0, expires, completed)
    columns = "id, owner, kind, size, chunk_size, created, expires, completed"
    insert = f"INSERT INTO uploads ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    state.database.now(lambda it: it.execute(insert, row))
    path = state.uploads / upload
    path.write_bytes(content(size=1000))
    return path


def add_job(state: ServerState, job: str, *ends: float | None, upload: str | None = None) -> Path:
    """A job whose runs have ended then, None for one that has not."""
    insert = "INSERT INTO jobs (id, owner, created, vars_h5) VALUES (?, '', 1, ?)"
    state.database.now(lambda it: it.execute(insert, (job, upload)))
    run = "INSERT INTO runs (job_id, number, state, own_keys, created, ended) VALUES (?, ?, 'x', 0, 1, ?)"
    rows = [(job, number, end) for number, end in enumerate(ends)]
    state.database.now(lambda it: it.executemany(run, rows))
    path = state.jobs / job / "run"
    path.mkdir(parents=True)
    (path / "lock").touch()
    (path / "results.json").write_text("{}" * 5000)
    return path.parent


def deleted(state: ServerState) -> set[tuple[str, str]]:
    """What was listed and could be deleted."""
    return {(one.kind, one.id[0]) for one in prunable(state, NOW) if delete(state, one, NOW)}


def test_an_upload_that_no_job_uses_expires(state: ServerState) -> None:
    old, kept = add_upload(state, JOB, NOW - 1), add_upload(state, OTHER, NOW + 1)
    [found] = prunable(state, NOW)
    assert (found.id, found.why) == (JOB, "of no job that is kept, and expired on 2027-01-15")
    assert found.size == old.stat().st_blocks * 512
    assert old.exists()
    assert deleted(state) == {("upload", "a")}
    assert (old.exists(), kept.exists()) == (False, True)
    assert deleted(state) == set()


def test_the_upload_of_a_job_goes_with_the_job(state: ServerState) -> None:
    path = add_upload(state, JOB, NOW - 99 * DAY)
    folder = add_job(state, OTHER, NOW - 29 * DAY, upload=JOB)
    assert prunable(state, NOW) == []
    found = prunable(state, NOW + 2 * DAY)
    assert [(one.kind, one.id) for one in found] == [("job", OTHER), ("upload", JOB)]
    assert "2026-12-17" in found[0].why and "30 days" in found[0].why
    assert [delete(state, one, NOW + 2 * DAY) for one in (found[1], *found)] == [False, True, True]
    assert not path.exists() and not folder.exists()
    assert state.database.now(lambda it: it.execute("SELECT count(*) FROM runs").fetchone()[0]) == 0


@pytest.mark.parametrize("ends", [(None,), (NOW - 90 * DAY, None), (NOW - 90 * DAY, NOW - DAY), ()])
def test_a_job_that_is_at_work_or_has_just_ended_stays(state: ServerState, ends: tuple[float | None, ...]) -> None:
    folder, path = add_job(state, JOB, *ends, upload=None), add_upload(state, OTHER, NOW - 1)
    state.database.now(lambda it: it.execute("UPDATE jobs SET vars_h5 = ?", (OTHER,)))
    assert deleted(state) == set()
    assert folder.exists() and path.exists()


def test_what_a_deleted_job_has_cost_still_counts(state: ServerState) -> None:
    """Else a budget would be there again after some days."""
    add_job(state, JOB, NOW - 90 * DAY)
    add_job(state, OTHER, None)
    state.database.now(lambda it: tokens.add(it, "ada", max_cost=5))
    [ada] = state.database.now(tokens.all_tokens)
    state.database.now(lambda it: it.execute("UPDATE jobs SET owner = ?", (ada.id,)))
    state.database.now(lambda it: it.execute("UPDATE runs SET cost_usd = 2.5, max_cost = 3"))
    assert state.database.now(lambda it: spent(it, ada.id)) == 5.5
    assert delete(state, Prunable("job", OTHER, "", state.jobs / OTHER), NOW) is False
    assert deleted(state) == {("job", "a")}
    assert state.database.now(lambda it: spent(it, ada.id)) == 5.5


def test_keys_of_a_deleted_job_are_held_no_longer(state: ServerState) -> None:
    add_job(state, JOB, 1.0)
    add_job(state, OTHER, None)
    state.keys.update({JOB: ["key", "a"], OTHER: ["key", "b"]})
    asyncio.run(pruning._prune(state, NOW))
    assert state.keys == {OTHER: ["key", "b"]}


def test_jobs_are_kept_where_no_days_are_given(state: ServerState) -> None:
    add_job(state, JOB, 1.0)
    assert prunable(replace(state, options=replace(state.options, job_days=None)), NOW) == []
    assert deleted(state) == {("job", "a")}


@pytest.mark.parametrize("place", ["run", "revisions/2"])
@pytest.mark.parametrize("known", [True, False])
def test_what_a_process_holds_stays(state: ServerState, place: str, known: bool) -> None:
    folder = add_job(state, JOB, 1.0)
    if not known:
        state.database.now(lambda it: it.execute("DELETE FROM jobs"))
        os.utime(folder, (1, 1))
    lock = folder / place / "lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    os.utime(folder, (1, 1))
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert deleted(state) == set()
    assert deleted(state) == {("job", "a")}


def test_what_a_kill_left_is_found(state: ServerState) -> None:
    """The row is gone, and the files are there."""
    left, fresh = state.uploads / JOB, state.uploads / OTHER
    for path in (left, fresh, state.uploads / "notes.txt"):
        path.write_bytes(bytes(5000))
        os.utime(path, (NOW - YOUNG_S - 1,) * 2)
    os.utime(fresh, (NOW - YOUNG_S + 1,) * 2)
    folder = add_job(state, JOB, None)
    state.database.now(lambda it: it.execute("DELETE FROM jobs"))
    os.utime(folder, (NOW - YOUNG_S - 1,) * 2)
    found = prunable(state, NOW)
    assert [(one.kind, one.path, one.known) for one in found] == [("job", folder, False), ("upload", left, False)]
    assert deleted(state) == {("job", "a"), ("upload", "a")}
    assert sorted(path.name for path in state.uploads.iterdir()) == [OTHER, "notes.txt"]


def test_what_became_of_use_meanwhile_stays(state: ServerState) -> None:
    path = add_upload(state, JOB, NOW - 1)
    other = add_upload(state, OTHER, NOW - 1)
    found = prunable(state, NOW)
    add_job(state, JOB, None, upload=JOB)
    state.database.now(lambda it: it.execute("UPDATE uploads SET expires = ? WHERE id = ?", (NOW + 1, OTHER)))
    left = Prunable("job", JOB, "", state.jobs / JOB, known=False)
    assert [delete(state, one, NOW) for one in (*found, left)] == [False, False, False]
    assert path.exists() and other.exists() and left.path.exists()


def test_a_server_deletes_what_has_expired_when_it_starts(tmp_path: Path) -> None:
    state = open_state(ServerOptions(tmp_path))
    old, kept = add_upload(state, JOB, 5.0), add_upload(state, OTHER, time.time() + DAY)
    state.database.close()
    with running_app(tmp_path):
        until(lambda: not old.exists())
        assert kept.exists()


def test_the_command_lists_first_and_deletes_when_told(tmp_path: Path) -> None:
    state = open_state(ServerOptions(tmp_path))
    path, folder = add_upload(state, JOB, 5.0), add_job(state, OTHER, 1.0)
    (folder / "run" / "large").write_bytes(os.urandom(3 * 2**20))
    upload_line = f"upload\t{JOB}\t0.0 MB\tof no job that is kept, and expired on 1970-01-01\n"
    job_line = f"job\t{OTHER}\t3.0 MB\tended on 1970-01-01, and jobs are kept 2 days\n"
    assert cassia("serve", "prune", "--data", tmp_path).stdout == upload_line
    for dry in ((), ("--dry_run",)):
        assert cassia("serve", "prune", "--data", tmp_path, "--job_days", "2", *dry).stdout == job_line + upload_line
    assert path.exists() and folder.exists()
    assert cassia("serve", "prune", "--data", tmp_path, "--job_days", "2", "--yes").stdout == job_line + upload_line
    assert not path.exists() and not folder.exists()
    assert cassia("serve", "prune", "--data", tmp_path, "--yes").stdout == ""
    state.database.close()


def test_a_folder_of_no_server_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    done = cassia("serve", "prune", "--data", tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        f"cassia: error: {tmp_path}: no server has kept anything here; give the folder that it was started with as "
        "--data\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_named_before_prune_is_not_passed_over(tmp_path: Path) -> None:
    done = cassia("serve", "--data", tmp_path, "prune", "--yes")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--data stands before prune" in done.stderr
    assert "cassia serve prune OPTIONS" in done.stderr
