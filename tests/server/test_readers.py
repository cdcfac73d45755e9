"""The processes of readers: how many, for how long, and what one that misbehaves can do: nothing to the server."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import duckdb
import pytest

from cassia_engine.server.reading import messages as ask
from cassia_engine.server.reading import running
from cassia_engine.server.reading.messages import ArtifactError
from cassia_engine.server.reading.pool import Reader, Readers
from tests.conftest import ROOT
from tests.server.artifact_files import GENES, LABELS, artifacts

PATIENCE_S = 30.0


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that are no readers."""
    monkeypatch.setattr(running, "_MODULE", "tests.server.odd_reader")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def with_readers(work: Callable[[Readers], Awaitable[None]], **options: float) -> None:
    async def main() -> None:
        readers = Readers(**options)  # type: ignore[arg-type]
        try:
            await work(readers)
        finally:
            await readers.close()

    asyncio.run(main())


async def of(readers: Readers, job: str, label: str = "a") -> Reader:
    return await readers.of(job, None, None, {"0": label})


async def process(reader: Reader) -> int:
    return int((await reader.genes()).genes[0])


async def until_gone(pid: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"process {pid} is still there")


def test_a_reader_answers_about_real_files(tmp_path: Path) -> None:
    files = artifacts(tmp_path)

    async def work(readers: Readers) -> None:
        reader = await readers.of("job", files.vars_h5, files.obs_duckdb, LABELS)
        assert (await reader.genes()).genes == GENES
        assert len((await reader.expression("CD3D")).values) == 60
        assert (await reader.embedding()).key == "umap"
        assert (await reader.columns()).cluster_column == "leiden"
        assert isinstance(await reader.composition("donor"), ask.CategoricalComposition)
        assert isinstance(await reader.composition("n_counts"), ask.NumericComposition)
        with pytest.raises(ArtifactError, match=r"^vars\.h5: there is no such gene$") as caught:
            await reader.expression("CD4")
        assert caught.value.is_absent

    with_readers(work)


def test_columns_of_all_types_are_read_when_no_file_can_be_opened_any_more(tmp_path: Path) -> None:
    types = {
        "when": "TIMESTAMPTZ '2020-01-01 00:00:00+01'",
        "then": "TIMESTAMP_NS '2020-01-01 00:00:00.5'",
        "day": "DATE '2020-01-01'",
        "share": "1.5::DECIMAL(5, 2)",
        "large": "12345678901234567890::HUGEINT",
        "infinite": "(i / 0.0)::FLOAT",
        "nothing": "NULL::DOUBLE",
    }
    path = tmp_path / "obs.duckdb"
    columns = ", ".join(f"{value} AS {name}" for name, value in types.items())
    with duckdb.connect() as db:
        db.execute(f"ATTACH '{path}' AS made")
        db.execute(f"CREATE TABLE made.obs AS SELECT 'x' || i % 2 AS leiden, {columns} FROM range(4) t(i)")
        db.execute("DETACH made")

    async def work(readers: Readers) -> None:
        reader = await readers.of("job", None, path, {"0": "x0", "1": "x1"})
        assert [column.name for column in (await reader.columns()).columns] == ["leiden", *types]
        for name in types:
            assert (await reader.composition(name)).clusters[0].n_cells == 2

    with_readers(work)


def test_a_process_is_used_again_and_few_are_kept(odd: None) -> None:
    async def work(readers: Readers) -> None:
        first, second = await of(readers, "1"), await of(readers, "2")
        pids = [await process(first), await process(second)]
        assert await process(first) == pids[0]  # so that the second one was asked before it
        third = await process(await of(readers, "3"))
        await until_gone(pids[1])
        assert await process(first) == pids[0]
        assert await process(second) not in (*pids, third)

    with_readers(work, most=2)


def test_one_that_nobody_asks_ends(odd: None) -> None:
    async def work(readers: Readers) -> None:
        reader = await of(readers, "1")
        pid = await process(reader)
        await until_gone(pid)
        assert await process(reader) != pid

    with_readers(work, idle=0.1)


def test_all_end_with_the_server(odd: None) -> None:
    pids: list[int] = []

    async def work(readers: Readers) -> None:
        pids.extend([await process(await of(readers, "1")), await process(await of(readers, "2"))])

    with_readers(work)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_other_files_of_a_job_have_another_process(odd: None) -> None:
    async def work(readers: Readers) -> None:
        pid = await process(await of(readers, "1", "a"))
        assert await process(await of(readers, "1", "b")) != pid
        await until_gone(pid)

    with_readers(work)


def test_those_who_ask_at_once_wait_for_a_place(odd: None) -> None:
    async def work(readers: Readers) -> None:
        asked = [process(await of(readers, job)) for job in "1122334455"]
        pids = await asyncio.gather(*asked)
        assert len(pids) == 10

    with_readers(work, most=1)


def test_nothing_of_the_servers_environment_but_what_python_needs(odd: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    monkeypatch.setenv("HOME", "/somewhere")

    async def work(readers: Readers) -> None:
        names = set((await (await of(readers, "1")).genes()).genes[1:])
        own = {"PATH", "LANG", "PYTHONDONTWRITEBYTECODE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MALLOC_ARENA_MAX"}
        assert names <= own | {"HDF5_PLUGIN_PRELOAD", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LC_CTYPE"}

    with_readers(work)


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("crash", "their reader ended with SIGSEGV"),
        ("end", "their reader ended with 3"),
        ("flood", "the answer has more than"),
        ("other", "their reader gave no valid answer"),
        ("text", "their reader gave no valid answer"),
    ],
)
def test_one_that_misbehaves_is_an_error_and_replaced(odd: None, does: str, said: str) -> None:
    async def work(readers: Readers) -> None:
        reader = await of(readers, "1")
        pid = await process(reader)
        with pytest.raises(ArtifactError, match=f"^the files cannot be read: {said}"):
            await reader.expression(does)
        await until_gone(pid)
        assert await process(reader) != pid

    with_readers(work)


def test_one_that_hangs_is_ended(odd: None) -> None:
    async def work(readers: Readers) -> None:
        reader = await of(readers, "1")
        pid, readers.timeout = await process(reader), 0.1
        with pytest.raises(ArtifactError, match=r"longer than 0\.1 seconds"):
            await reader.expression("hang")
        await until_gone(pid)
        readers.timeout = PATIENCE_S
        assert await process(reader) != pid

    with_readers(work)


def test_one_whose_asker_leaves_answers_nobody_else(odd: None) -> None:
    async def work(readers: Readers) -> None:
        reader = await of(readers, "1")
        pid = await process(reader)
        asking = asyncio.create_task(reader.expression("hang"))
        await asyncio.sleep(0)  # it has asked now, and waits
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await process(reader) != pid
        await until_gone(pid)

    with_readers(work)


def test_messages_are_short_lines(odd: None) -> None:
    async def work(readers: Readers) -> None:
        with pytest.raises(ArtifactError) as caught:
            await (await of(readers, "1")).expression("long")
        assert str(caught.value) == "<b>?[31m" + "x" * 392

    with_readers(work)


def test_faults_reach_the_log_and_not_the_caller(odd: None, caplog: pytest.LogCaptureFixture) -> None:
    async def work(readers: Readers) -> None:
        with pytest.raises(ArtifactError, match=r"^it failed$"):
            await (await of(readers, "1")).expression("fault")

    with_readers(work)
    assert "ValueError" in caplog.text
    assert "\nValueError" not in caplog.text


def test_what_the_system_cannot_do_is_said_once(odd: None, caplog: pytest.LogCaptureFixture) -> None:
    async def work(readers: Readers) -> None:
        await of(readers, "1", "limits")
        await of(readers, "2", "limits")

    with caplog.at_level(logging.WARNING):
        with_readers(work)
    said = [record.getMessage() for record in caplog.records]
    assert said == ["files of jobs are read by processes that this system cannot confine fully: a; b"]


def test_python_that_cannot_be_started_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent")

    async def work(readers: Readers) -> None:
        for _ in range(2):
            with pytest.raises(ArtifactError, match="no process for it"):
                await of(readers, "1")

    with_readers(work, most=1)
