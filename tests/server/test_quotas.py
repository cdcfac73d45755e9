"""What a token's runs may use is shared out so that together they never use more."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cassia_engine.budget.folders import budget_folder
from cassia_engine.server.database import Database
from cassia_engine.server.questions import NAME, settings_of_run
from cassia_engine.server.quotas import Share, settle, share_of, share_of_question, spent
from cassia_engine.server.specs import Spec, Told
from tests import factories as make
from tests.mock_provider.running import running_mock
from tests.server.processes import question
from tests.server.running import running_app
from tests.server.test_chat import of_mock


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(tmp_path / "server.db")
    yield found
    found.close()


def add(database: Database, *runs: tuple[str, float | None, float | None], **limits: float) -> None:
    """A token with these limits, a job, and its runs with state, set-aside money and cost."""
    named = {"max_jobs": None, "rpm": None, "max_cost": None, **limits}

    def insert(connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT INTO tokens (id, name, sha256, created, max_jobs, rpm, max_cost)"
            " VALUES ('t', 'n', 'h', 0, :max_jobs, :rpm, :max_cost)",
            named,
        )
        connection.execute("INSERT INTO jobs (id, owner, created) VALUES ('j', 't', 0)")

    database.now(insert)
    for run in runs:
        add_run(database, *run)


def add_run(database: Database, state: str, max_cost: float | None = None, cost: float | None = None) -> int:
    """One more run of the job; its number."""

    def insert(connection: sqlite3.Connection) -> int:
        [number] = connection.execute("SELECT count(*) FROM runs").fetchone()
        ended = 0 if state in ("completed", "failed") else None
        connection.execute(
            "INSERT INTO runs (job_id, number, state, own_keys, created, ended, max_cost, cost_usd)"
            " VALUES ('j', ?, ?, 0, 0, ?, ?, ?)",
            (number, state, ended, max_cost, cost),
        )
        return int(number)

    return database.now(insert)


def share(database: Database, number: int = 0, most: int = 4) -> Share:
    return database.now(lambda connection: share_of(connection, "j", number, most))


def test_a_run_whose_token_was_revoked_does_not_begin(database: Database) -> None:
    add(database, ("pending", None, None))
    database.now(lambda connection: connection.execute("UPDATE tokens SET revoked = 1"))
    assert "revoked" in share(database).refused


def test_without_limits_a_run_may_use_all(database: Database) -> None:
    add(database, ("pending", None, None))
    assert share(database) == Share()


def test_a_run_waits_where_the_token_has_its_jobs_at_work(database: Database) -> None:
    add(database, ("processing", None, None), ("processing", None, None), ("pending", None, None), max_jobs=2)
    assert not share(database, 2).free


def test_calls_a_minute_are_shared_by_the_runs_that_may_be_at_work(database: Database) -> None:
    add(database, ("pending", None, None), max_jobs=3, rpm=60)
    assert share(database).rpm == 20
    assert share(database, most=2).rpm == 30


def test_what_is_set_aside_is_never_more_than_the_budget(database: Database) -> None:
    """Each run has all set aside that it may use, and the next begins while it is at work."""
    add(database, max_cost=1.0)
    shares = []
    while (found := share(database, number := add_run(database, "pending"))).free:
        assert found.max_cost
        shares.append(found.max_cost)
        begin(database, number, found.max_cost)
        assert database.now(lambda connection: spent(connection, "t")) <= 1.0 + 1e-9
    assert len(shares) == 4
    assert sum(shares) == pytest.approx(1.0)


def begin(database: Database, number: int, max_cost: float) -> None:
    query = "UPDATE runs SET state = 'processing', max_cost = ? WHERE number = ?"
    database.now(lambda connection: connection.execute(query, (max_cost, number)))


def test_a_run_that_was_stopped_gets_what_it_had(database: Database) -> None:
    add(database, ("pending", 0.6, None), ("pending", None, None), max_cost=1.0, max_jobs=1)
    assert share(database, 0).max_cost == 0.6
    assert share(database, 1).max_cost == pytest.approx(0.4)


def test_a_spent_budget_is_said(database: Database) -> None:
    add(database, ("completed", 1.0, 1.0), ("pending", None, None), max_cost=1.0)
    assert "1.00 US dollars" in share(database, 1).refused


def test_what_ended_runs_have_left_is_there_again(database: Database) -> None:
    add(database, ("completed", 1.0, 0.25), ("pending", None, None), max_cost=1.0, max_jobs=1)
    assert share(database, 1).max_cost == 0.75


def test_of_a_run_whose_cost_is_not_known_all_that_it_might_use_counts(database: Database) -> None:
    add(database, ("failed", 0.5, None), ("pending", None, None), max_cost=1.0, max_jobs=1)
    assert share(database, 1).max_cost == 0.5


def test_questions_at_once_never_have_more_set_aside_than_there_is(database: Database) -> None:
    add(database, ("completed", None, 0.2), ("pending", None, None), max_cost=1.0, max_jobs=1)
    shares = [database.now(lambda connection: share_of_question(connection, "j")) for _ in range(16)]
    assert shares[0].max_cost == pytest.approx(0.4)
    assert sum(one.max_cost or 0.0 for one in shares) <= 0.8
    left = share(database, 1)  # a run that begins meanwhile finds what is left, and none is refused for good
    assert not left.refused and 0 < (left.max_cost or 0.0) <= 0.8 / 2**15
    for one in shares:
        database.now(lambda connection, one=one: settle(connection, "j", one, 0.01))  # type: ignore[misc]
    assert database.now(lambda connection: spent(connection, "t")) == pytest.approx(0.2 + 16 * 0.01)


def test_each_run_of_a_job_has_a_budget_of_its_own(tmp_path: Path) -> None:
    """What earlier runs have spent is not left for it: that counts in the share already."""
    spec = Spec(make.DATASET, "", {}, {"provider": "openai", "model": "gpt-6.1-sol"})

    def budget(folder: str, most: float | None = 1.0) -> Path:
        settings = settings_of_run(spec, Told("journal", max_cost=most), tmp_path / folder)
        assert settings.max_cost == most and settings.journal_dir == Path("journal")
        return budget_folder(settings.journal_dir, NAME, settings.budget)

    assert len({budget("run"), budget("revisions/1"), budget("revisions/2")}) == 3
    assert budget("run", None) == budget("revisions/1", None)


@pytest.mark.slow
def test_a_run_that_an_error_ends_has_cost_what_its_budget_says(tmp_path: Path) -> None:
    """Nothing where the key was refused: not all that it might have spent."""
    with running_mock(tmp_path) as mock, running_app(tmp_path / "data", base_urls=(f"{mock.url}/v1",)) as server:
        token = server.add_token("ada")
        server.state.database.now(lambda connection: connection.execute("UPDATE tokens SET max_cost = 20"))
        mock.post("/script", ["401"] * 10)
        body = {"input_data": question(), "llm_configs": [of_mock(mock)]}
        job = server.request("POST", "/annotate", body=body, token=token).json()["job_id"]
        while server.request("GET", f"/status/{job}", token=token).json()["jobStatus"] != "failed":
            time.sleep(0.02)
        [cost] = server.state.database.now(
            lambda connection: connection.execute("SELECT cost_usd FROM runs").fetchone()
        )
    assert cost == 0
