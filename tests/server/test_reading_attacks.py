"""Files from outside that want more than to be read: each is refused by what is said of it, and nothing else ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from shutil import copytree
from typing import Any

import duckdb
import pandas as pd
import pytest

from cassia_engine.server.reading import messages as ask
from cassia_engine.server.reading.answering import Answering
from cassia_engine.server.reading.messages import ArtifactError
from cassia_engine.server.reading.obs_file import attach, in_memory
from cassia_engine.server.reading.pool import Readers
from cassia_engine.server.reading.vars_file import VarsFile
from tests.server import hostile_files
from tests.server.artifact_files import GENES, LABELS, OBS, Files, artifacts

pytestmark = pytest.mark.usefixtures("own_databases")
NAMES = (
    "x\" FROM read_csv('secret.csv') --",
    "'); DROP TABLE obs; --",
    'a"b""c',
    "count(*)",
    "$1",
    "<script>alert(1)</script>",
    "new\nline",
)


@pytest.fixture(scope="module")
def good(own_databases: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    artifacts(folder)
    return folder


@pytest.fixture
def files(good: Path, tmp_path: Path) -> Files:
    """A good pair of files, to be changed."""
    copytree(good, tmp_path, dirs_exist_ok=True)
    return Files(tmp_path / "vars.h5", tmp_path / "obs.duckdb")


@pytest.fixture
def read(files: Files) -> Iterator[Callable[[], Answering]]:
    opened: list[Answering] = []

    def read() -> Answering:
        opened.append(Answering(ask.Open(str(files.vars_h5), str(files.obs_duckdb), LABELS)))
        opened[-1].open()
        opened[-1].read()
        return opened[-1]

    yield read
    for one in opened:
        one.close()


@pytest.mark.parametrize("attack", hostile_files.VARS)
def test_vars_h5(attack: str, files: Files) -> None:
    write, said = hostile_files.VARS[attack]
    write(files.vars_h5)
    with pytest.raises(ArtifactError) as caught, closing(VarsFile(files.vars_h5)) as file:
        file.open()
        file.read()
        for gene in GENES:
            file.values_of(gene)
    assert said in str(caught.value)


@pytest.mark.parametrize("attack", hostile_files.OBS)
def test_obs_duckdb(attack: str, files: Files, read: Callable[[], Answering]) -> None:
    write, said = hostile_files.OBS[attack]
    write(files.obs_duckdb)
    reader = read()
    with pytest.raises(ArtifactError) as caught:
        reader.answer(ask.AskColumns())
    assert str(caught.value).startswith("obs.duckdb: ")
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
    assert reader.answer(ask.AskGenes())


def test_names_and_values_are_never_run(tmp_path: Path) -> None:
    values = pd.DataFrame({name: [NAMES[place % 3] for place in range(len(OBS))] for name in NAMES})
    labels = dict(enumerate(LABELS.values()))
    clusters = OBS["leiden"].map({label: NAMES[place] for place, label in labels.items()}).astype(str)
    files = artifacts(tmp_path, pd.concat([values, clusters.rename("leiden; DROP TABLE obs")], axis=1))
    reader = Answering(ask.Open(None, str(files.obs_duckdb), {str(place): NAMES[place] for place in labels}))
    reader.open()
    reader.read()
    columns: Any = reader.answer(ask.AskColumns())
    assert [column.name for column in columns.columns] == [*NAMES, "leiden; DROP TABLE obs"]
    for name in NAMES:
        found: Any = reader.answer(ask.AskComposition(name))
        assert sorted(found.values) == sorted(NAMES[:3])
        assert sum(sum(cluster.counts) for cluster in found.clusters) == len(OBS)
    with pytest.raises(ArtifactError, match="there is no such column"):
        reader.answer(ask.AskComposition("1) FROM read_csv('secret.csv') --"))
    reader.close()


def test_functions_of_the_file_are_not_called(files: Files, read: Callable[[], Answering]) -> None:
    asked = (ask.AskColumns(), ask.AskComposition("donor"), ask.AskEmbedding(), ask.AskExpression("LYZ"))
    first = read()
    expected = [first.answer(one) for one in asked]
    first.close()
    with duckdb.connect(files.obs_duckdb) as db:
        for macro in ("list_position(a, b)", "coalesce(a, b)", "count(a)", "left(a, b)", "duckdb_tables()"):
            rows = " TABLE" if macro == "duckdb_tables()" else ""
            try:
                db.execute(f"CREATE MACRO {macro} AS{rows} (SELECT content FROM read_text('/etc/hostname'))")
            except duckdb.ParserException:  # a name that DuckDB keeps for itself
                assert macro.startswith(("coalesce", "left"))
    second = read()
    assert [second.answer(one) for one in asked] == expected


def test_long_values_are_cut(files: Files, read: Callable[[], Answering]) -> None:
    with duckdb.connect(files.obs_duckdb) as db:
        db.execute("ALTER TABLE obs ADD COLUMN long VARCHAR")
        db.execute("UPDATE obs SET long = repeat('x', 100000) || donor::VARCHAR")
    found: Any = read().answer(ask.AskComposition("long"))
    assert found.values[0] == "x" * 200


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{folder}/secret.csv')",
        "SELECT * FROM '{folder}/secret.csv'",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "ATTACH '{folder}/other.duckdb'",
        "ATTACH '{folder}/other.duckdb' (READ_ONLY)",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "SET threads = 2",
        "SET memory_limit = '100GB'",
        "RESET lock_configuration",
        "SET lock_configuration = false",
        "CREATE TABLE artifact.main.other AS SELECT 1",
        "INSERT INTO artifact.main.obs SELECT * FROM artifact.main.obs",
        "CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')",
    ],
)
def test_duckdb_itself_opens_and_changes_nothing_else(statement: str, files: Files) -> None:
    """Even if a statement of the file were run."""
    (files.obs_duckdb.parent / "secret.csv").write_text("leiden\nsecret\n")
    before = sorted(files.obs_duckdb.parent.iterdir())
    with in_memory() as db:
        attach(db, files.obs_duckdb)
        with pytest.raises(duckdb.Error):
            db.execute(statement.format(folder=files.obs_duckdb.parent))
    assert sorted(files.obs_duckdb.parent.iterdir()) == before


def test_readers_go_on_after_all_that(good: Path, tmp_path: Path) -> None:
    """Some of the attacks on processes that read, then a good file."""
    attacks = ("external link", "gzip that unpacks to more", "large chunks", "half a file", "soft links in a circle")

    async def main() -> None:
        readers = Readers(most=2)
        for attack in attacks:
            folder = copytree(good, tmp_path / attack)
            write, said = hostile_files.VARS[attack]
            write(folder / "vars.h5")
            reader = await readers.of(attack, folder / "vars.h5", folder / "obs.duckdb", LABELS)
            with pytest.raises(ArtifactError) as caught:
                await reader.expression("CD3D")
            assert said in str(caught.value)
            assert (await reader.columns()).cluster_column == "leiden"
        reader = await readers.of("good", good / "vars.h5", good / "obs.duckdb", LABELS)
        assert (await reader.expression("CD3D")).gene == "CD3D"
        await readers.close()

    asyncio.run(main())
