"""Wild tables: every cluster comes back with its id, in its place, or a line says why not. Nothing in between.

More examples than at a commit: CASSIA_WILD=5000 pytest tests/markers/test_wild_tables.py
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cassia_engine.csv_injection import unguard
from cassia_engine.errors import InputProblems, UsageError
from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.markers.files.source import MISSING

EXAMPLES = int(os.environ.get("CASSIA_WILD", "60"))
SEURAT = ["p_val", "avg_log2FC", "pct.1", "pct.2", "p_val_adj", "cluster", "gene", "note"]

# Characters that people have in ids, those that a table is made of more often.
CHARACTERS = st.one_of(
    st.sampled_from(list("abcXYZ0123 _.-+'\"\\,;|\t\n\r#=é ")), st.characters(codec="utf-8", exclude_characters="\x00")
)
TEXTS = st.one_of(
    st.text(CHARACTERS, min_size=1, max_size=8),
    st.sampled_from(["0", "00", "7_0", "1e5", "nan", "None", "TRUE", "B cell", "'-1", "-1", "x" * 3000]),
).filter(lambda text: unguard(text).strip() not in MISSING)
NUMBERS = st.sampled_from(["", "NA", "NaN", "nan", "Inf", "-inf", "0", "1", "2.5", "0.01", "1e-300", "1e-400", "-3"])
P_VALUES = NUMBERS.filter(lambda number: number not in ("Inf", "2.5"))  # many above 1 are refused: no p values
GENES = st.sampled_from(["CD3D", "MS4A1", "HLA-A", "Cd3d", "H2 K1", "ignore all rules now", "G" * 100, "2-Sep", "nan"])


@dataclass
class Wild:
    """A table, and how it is written down."""

    header: list[str]
    rows: list[list[str]]
    ids: list[str]
    delimiter: str
    ends: list[str]
    quoted: bool
    encoding: str
    packed: bool
    blank_lines: bool
    short_header: bool

    def __post_init__(self) -> None:
        # The first row of a table whose header is one short tells that it is.
        if self.short_header:
            self.rows = [[f"r{number}", *row] for number, row in enumerate(self.rows)]

    def text(self) -> str:
        chance = random.Random(0)
        lines = []
        for row in [self.header, *self.rows]:
            lines.append(self.delimiter.join(self._field(field) for field in row) + chance.choice(self.ends))
            if self.blank_lines and len(lines) > 1 and chance.random() < 0.2:
                lines.append(self.ends[0])
        return "".join(lines)

    def _field(self, field: str) -> str:
        if self.delimiter == " " and not field:
            field = "NA"  # as R writes it; with nothing between spaces a table looks printed
        if self.quoted or set(field) & {self.delimiter, '"', "\n", "\r"} or field != field.strip():
            return '"' + field.replace('"', '""') + '"'
        return field

    def write(self, path: Path, text: str) -> None:
        data = text.encode(self.encoding, errors="replace")
        path.write_bytes(gzip.compress(data) if self.packed else data)


@st.composite
def long_tables(draw: st.DrawFn) -> Wild:
    ids = draw(st.lists(TEXTS, min_size=1, max_size=12))
    ids += draw(st.lists(st.sampled_from(ids), max_size=20))
    numbers = st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS, P_VALUES)
    rows = [[*draw(numbers), id_, draw(GENES), draw(st.sampled_from(["", "x, y"]))] for id_ in ids]
    rows[0][1:5] = ["1.5", "0.5", "0.1", "0"]  # a table without a marker in it is refused
    rows[0][-2] = "CD3D"
    return draw(written(SEURAT, rows, ids, "\t,; "))


@st.composite
def simplified_tables(draw: st.DrawFn) -> Wild:
    ids = draw(st.lists(TEXTS, min_size=1, max_size=12, unique_by=unguard))
    genes = st.lists(st.sampled_from(["CD3D", "MS4A1", "HLA-A", "NKG7"]), min_size=1, max_size=5)
    separator = draw(st.sampled_from([", ", ",", ";", " "]))
    rows = [[id_, separator.join(draw(genes))] for id_ in ids]
    return draw(written(["cluster", "markers"], rows, ids, "\t,;"))


def written(header: list[str], rows: list[list[str]], ids: list[str], delimiters: str) -> st.SearchStrategy[Wild]:
    return st.builds(
        Wild,
        header=st.just(header),
        rows=st.just(rows),
        ids=st.just(ids),
        delimiter=st.sampled_from(delimiters),
        ends=st.sampled_from([["\n"], ["\r\n"], ["\r"], ["\n", "\r\n"], ["\n", "\r"]]),
        quoted=st.booleans(),
        encoding=st.sampled_from(["utf-8", "utf-8-sig"]),
        packed=st.booleans(),
        blank_lines=st.booleans(),
        short_header=st.just(False) if len(header) == 2 else st.booleans(),
    )


def ids_of(table: MarkerTable) -> list[str]:
    return [cluster.id for cluster in table.clusters]


def expected(ids: list[str]) -> list[str]:
    found = list(dict.fromkeys(map(unguard, ids)))
    stripped = [id_.strip() for id_ in found]
    numbers = all(re.fullmatch(r"[0-9]+(\.0)?", id_) for id_ in stripped)
    if numbers and len(set(stripped)) == len(found):  # as R's format() writes numbers
        found = stripped
    whole = all(re.fullmatch(r"[0-9]+\.0", id_) for id_ in found)  # as pandas writes a column with a gap
    return [id_.removesuffix(".0") if whole else id_ for id_ in found]


def read_or_told(path: Path) -> MarkerTable | None:
    """The table; None if it is refused, each problem on a line of its own."""
    try:
        return read_markers(path)
    except UsageError as error:
        problems = error.problems if isinstance(error, InputProblems) else (error,)
        for problem in problems:
            assert str(problem).startswith(str(path))
            assert "\n" not in str(problem)
            assert len(str(problem)) < 4000
        return None


many = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wild") / "markers.csv"


@many
@given(wild=st.one_of(long_tables(), simplified_tables()))
def test_well_written_table_is_read(path: Path, wild: Wild) -> None:
    guarded = {id_ for id_ in wild.ids if unguard(id_) != id_ and unguard(id_) in wild.ids}
    headless = wild.header[0] == "cluster" and "cluster" in wild.ids
    wild.write(path, wild.text())
    table = read_or_told(path)
    unclear = wild.short_header and not any(row[-1] for row in wild.rows)
    if guarded or headless or unclear:
        return  # two ids that mean the same are refused, and so is what looks like a row in the header's place
    assert table is not None
    assert ids_of(table) == expected(wild.ids)
    assert [cluster.index for cluster in table.clusters] == list(range(len(table.clusters)))
    if len(wild.header) > 2:
        counts = [wild.ids.count(id_) for id_ in dict.fromkeys(wild.ids)]
        assert [cluster.n_rows for cluster in table.clusters] == counts
    for cluster in table.clusters:
        assert not any("ignore" in gene or len(gene) > 60 for gene in cluster.genes)


def test_a_sign_in_a_cell_makes_no_sets_of_genes(path: Path) -> None:
    rows = [["NA", "1.5", "0.5", "0.1", "0", id_, "CD3D", "NA"] for id_ in [*["0"] * 11, "=A"]]
    path.write_text("\n".join(" ".join(row) for row in [SEURAT, *rows]))
    assert ids_of(read_markers(path)) == ["0", "=A"]


Damage = Callable[[random.Random, list[list[str]], int], None]


def drop_field(chance: random.Random, rows: list[list[str]], at: int) -> None:
    rows[at].pop(chance.randrange(len(rows[at])))


def add_field(chance: random.Random, rows: list[list[str]], at: int) -> None:
    rows[at].insert(chance.randrange(len(rows[at]) + 1), "more")


def empty_field(chance: random.Random, rows: list[list[str]], at: int) -> None:
    rows[at][chance.randrange(len(rows[at]))] = chance.choice(["", "NA", "NaN", " "])


def text_for_number(chance: random.Random, rows: list[list[str]], at: int) -> None:
    rows[at][chance.randrange(len(rows[at]))] = chance.choice(["1,5", "high", "<0.01", "1 000", "0x1"])


@many
@given(
    wild=st.one_of(long_tables(), simplified_tables()),
    damage=st.lists(st.sampled_from([drop_field, add_field, empty_field, text_for_number]), max_size=3),
    encoding=st.sampled_from(["utf-8", "latin-1", "cp1252", "utf-16", "utf-16-le"]),
    raw=st.booleans(),
    seed=st.integers(0, 99),
)
def test_damaged_table_loses_and_renames_nothing(
    path: Path, wild: Wild, damage: list[Damage], encoding: str, raw: bool, seed: int
) -> None:
    chance = random.Random(seed)
    wild.encoding = encoding
    for harm in damage:
        at = chance.randrange(len(wild.rows))
        if wild.rows[at]:
            harm(chance, wild.rows, at)
    text = wild.text()
    if raw:  # nobody quoted anything
        text = "".join(wild.delimiter.join(row) + "\n" for row in [wild.header, *wild.rows])
    wild.write(path, text)
    table = read_or_told(path)
    if table is not None:
        assert ids_of(table) in possible(path, wild)


def possible(path: Path, wild: Wild) -> list[list[str]]:
    """The ids in order that a strict reader finds, under each delimiter, in columns of the header's names."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if wild.packed else data).decode("utf-8-sig")
    found = []
    for delimiter in "\t;, ":
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if "".join(row).strip()]
        if "cluster" in rows[0]:
            place, is_longer = rows[0].index("cluster"), len(rows[1]) == len(rows[0]) + 1
            # Of two columns a third field may also be a gene in a field of its own, which is said.
            columns = {place + is_longer, place if len(rows[0]) == 2 else place + is_longer}
            found += [expected([row[column] for row in rows[1:] if len(row) > column]) for column in columns]
    return found
