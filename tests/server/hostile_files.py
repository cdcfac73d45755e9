"""vars.h5 and obs.duckdb as no client writes them, each with what is said of it. None does harm, whoever reads it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import h5py
import lz4.block
import numpy as np

Change = Callable[[h5py.File], None]
Hostile = dict[str, tuple[Callable[[Path], Any], str]]
VARS: Hostile = {}
OBS: Hostile = {}


def hdf5(name: str, said: str) -> Callable[[Change], Change]:
    """A change of a good file."""

    def register(change: Change) -> Change:
        def write(path: Path) -> None:
            with h5py.File(path, "r+") as file:
                change(file)

        VARS[name] = write, said
        return change

    return register


def replaced(file: h5py.File, path: str, **properties: Any) -> h5py.Dataset:
    values = properties.pop("data", file[path][:] if "shape" not in properties else None)
    del file[path]
    return file.create_dataset(path, data=values, **properties)


@hdf5("external link", "vars/data is a link in another file; links are not followed")
def _(file: h5py.File) -> None:
    with h5py.File(Path(file.filename).with_name("other.h5"), "w") as other:
        file.copy("vars", other)
    del file["vars/data"]
    file["vars/data"] = h5py.ExternalLink("other.h5", "/vars/data")


@hdf5("external link of a group", "info/var is a link in another file")
def _(file: h5py.File) -> None:
    del file["info/var"]
    file["info/var"] = h5py.ExternalLink("/etc/hostname", "/")


@hdf5("external storage", "vars/data has its values in another file")
def _(file: h5py.File) -> None:
    size = file["vars/data"].shape[0]
    secret = Path(file.filename).with_name("secret")
    secret.write_bytes(bytes(4 * size))
    replaced(file, "vars/data", shape=(size,), dtype="f4", external=[(str(secret), 0, 4 * size)])


@hdf5("virtual dataset", "vars/data is a virtual dataset")
def _(file: h5py.File) -> None:
    size = file["vars/data"].shape[0]
    layout = h5py.VirtualLayout((size,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "vars/data", (size,))
    del file["vars/data"]
    file.create_virtual_dataset("vars/data", layout)


@hdf5("soft links in a circle", "vars/data is a link to another place")
def _(file: h5py.File) -> None:
    del file["vars/data"]
    file["vars/data"], file["vars/more"] = h5py.SoftLink("/vars/more"), h5py.SoftLink("/vars/data")


@hdf5("group within itself", "there is no vars/data")
def _(file: h5py.File) -> None:
    del file["vars/data"]
    file["vars/vars"] = file["vars"]


@hdf5("gzip that unpacks to more", "a chunk unpacks to more than its 2400 bytes")
def _(file: h5py.File) -> None:
    dataset = file["vars/data"]
    dataset.id.write_direct_chunk((0,), zlib.compress(bytes(2**21), 9), 0)


@hdf5("gzip that unpacks to less", "a chunk has 3 bytes, not 2400")
def _(file: h5py.File) -> None:
    file["vars/data"].id.write_direct_chunk((0,), zlib.compress(b"abc"), 0)


@hdf5("gzip that is none", "a chunk is damaged")
def _(file: h5py.File) -> None:
    file["vars/data"].id.write_direct_chunk((0,), b"\xff" * 100, 0)


@hdf5("chunk as it is that is longer", "a chunk has 2500 bytes, not 2400")
def _(file: h5py.File) -> None:
    file["vars/data"].id.write_direct_chunk((0,), bytes(2500), 3)


@hdf5("huge stored chunk", "has a chunk of 100000 bytes for 2400")
def _(file: h5py.File) -> None:
    file["vars/data"].id.write_direct_chunk((0,), bytes(100_000), 0)


def lz4_chunk(file: h5py.File, chunk: bytes) -> None:
    """/vars/data with one chunk of LZ4."""
    size = file["vars/data"].shape[0]
    del file["vars/data"]
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((600,))
    properties.set_filter(32004, h5py.h5z.FLAG_OPTIONAL, (0,))
    kind, space = h5py.h5t.py_create(np.dtype("f4")), h5py.h5s.create_simple((size,), (h5py.h5s.UNLIMITED,))
    h5py.h5d.create(file["vars"].id, b"data", kind, space, properties)
    file["vars/data"].id.write_direct_chunk((0,), chunk, 0)


@hdf5("LZ4 that says it is large", "says that it unpacks to 1099511627776 bytes, not 2400")
def _(file: h5py.File) -> None:
    lz4_chunk(file, struct.pack(">QII", 2**40, 2**30, 4) + bytes(4))


@hdf5("LZ4 that unpacks to more", "a chunk is damaged")
def _(file: h5py.File) -> None:
    packed = lz4.block.compress(bytes(2**24), store_size=False)[:2000]
    lz4_chunk(file, struct.pack(">QII", 2400, 2400, len(packed)) + packed)


@hdf5("LZ4 without a block size", "says that it unpacks to")
def _(file: h5py.File) -> None:
    lz4_chunk(file, struct.pack(">QII", 2400, 0, 4) + bytes(4))


@hdf5("LZ4 that is cut off", "a block of a chunk does not have the size that it says")
def _(file: h5py.File) -> None:
    lz4_chunk(file, struct.pack(">QII", 2400, 2400, 900) + bytes(10))


@hdf5("LZ4 of many small blocks", "a chunk is cut off")
def _(file: h5py.File) -> None:
    lz4_chunk(file, struct.pack(">QI", 2400, 1) + struct.pack(">IB", 1, 0) * 9)


@hdf5("other filter", "has the filters (3,); gzip, shuffle and LZ4 are read")
def _(file: h5py.File) -> None:
    replaced(file, "vars/data", fletcher32=True, maxshape=(None,), chunks=(600,))


@hdf5("many filters", "has the filters (2, 1, 2, 1, 2, 1)")
def _(file: h5py.File) -> None:
    size = file["vars/data"].shape[0]
    del file["vars/data"]
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((600,))
    for _ in range(3):
        properties.set_shuffle()
        properties.set_deflate(9)
    kind, space = h5py.h5t.py_create(np.dtype("f4")), h5py.h5s.create_simple((size,), (h5py.h5s.UNLIMITED,))
    h5py.h5d.create(file["vars"].id, b"data", kind, space, properties)


@hdf5("large chunks", "has chunks of 80000000 bytes; at most 67108864 are read")
def _(file: h5py.File) -> None:
    size = file["vars/data"].shape[0]
    replaced(file, "vars/data", shape=(size,), maxshape=(None,), dtype="f4", chunks=(20_000_000,), compression="gzip")


@hdf5("absurd shape of the values", "says that it has 5 genes, which its datasets do not fit")
def _(file: h5py.File) -> None:
    replaced(file, "vars/data", shape=(2**60,), dtype="f4", chunks=(600,), compression="gzip")


@hdf5("absurd shape in one piece", "vars/data does not have the size that it says")
def _(file: h5py.File) -> None:
    replaced(file, "vars/data", shape=(2**50,), dtype="f4")


@hdf5("absurd shape of both", "/vars/indptr does not fit the values")
def _(file: h5py.File) -> None:
    for name, kind in (("data", "f4"), ("indices", "i4")):
        replaced(file, f"vars/{name}", shape=(2**60,), dtype=kind, chunks=(600,), compression="gzip")


@hdf5("values that are not there", "has no values at 0")
def _(file: h5py.File) -> None:
    size = file["vars/data"].shape[0]
    replaced(file, "vars/data", shape=(size,), maxshape=(None,), dtype="f4", chunks=(600,), compression="gzip")


@hdf5("too many genes", "has n_vars 1099511627776, and at most")
def _(file: h5py.File) -> None:
    file["vars"].attrs["n_vars"] = 2**40


@hdf5("too many cells", "has n_obs 1099511627776, and at most")
def _(file: h5py.File) -> None:
    file["vars"].attrs["n_obs"] = 2**40


@hdf5("fewer than no cells", "has n_obs -1")
def _(file: h5py.File) -> None:
    file["vars"].attrs["n_obs"] = -1


@hdf5("number of cells as a text", "does not have the attribute n_obs, a whole number")
def _(file: h5py.File) -> None:
    file["vars"].attrs["n_obs"] = "60"


@hdf5("no number of cells", "does not have the attribute n_obs, a whole number")
def _(file: h5py.File) -> None:
    del file["vars"].attrs["n_obs"]


@hdf5("other types of values", "vars/data has values of the type float64, not float32")
def _(file: h5py.File) -> None:
    replaced(file, "vars/data", dtype="f8")


@hdf5("values of two dimensions", "vars/data does not have one dimension")
def _(file: h5py.File) -> None:
    replaced(file, "vars/data", data=np.zeros((3, 3), "f4"))


@hdf5("records as values", "vars/data has values of the type")
def _(file: h5py.File) -> None:
    replaced(file, "vars/data", data=np.zeros(9, [(f"field{place}", "f4") for place in range(50)]))


@hdf5("genes that run backwards", "/vars/indptr does not fit the values")
def _(file: h5py.File) -> None:
    ends = file["vars/indptr"][:]
    ends[1], ends[2] = ends[2], ends[1]
    replaced(file, "vars/indptr", data=ends)


@hdf5("gene with more values than cells", "a gene has more values than there are cells")
def _(file: h5py.File) -> None:
    ends = file["vars/indptr"][:]
    ends[1:-1] = ends[-1]
    replaced(file, "vars/indptr", data=ends)


@hdf5("cells that are not there", "/vars/indices names a cell that is not among the 60")
def _(file: h5py.File) -> None:
    file["vars/indices"][0] = -1


@hdf5("group in the place of a dataset", "vars/data is not a dataset")
def _(file: h5py.File) -> None:
    del file["vars/data"]
    file.create_group("vars/data")


@hdf5("dataset in the place of a group", "vars is not a group")
def _(file: h5py.File) -> None:
    del file["vars"]
    file["vars"] = [1, 2]


@hdf5("type in the place of a dataset", "vars/data is not a dataset")
def _(file: h5py.File) -> None:
    del file["vars/data"]
    file["vars/data"] = np.dtype("f4")


SYMBOLS = "info/var/columns/cytetype_gene_symbols"


def symbols(file: h5py.File, values: Any, **properties: Any) -> None:
    text = replaced(file, SYMBOLS, data=values, **properties)
    text.attrs["source_name"] = "__cytetype_gene_symbols"


@hdf5("long names", "has texts that are too long")
def _(file: h5py.File) -> None:
    symbols(file, ["x" * 5000, "b", "c", "d", "e"], dtype=h5py.string_dtype())


@hdf5("names in chunks", "is stored in chunks; this is read of data and indices alone")
def _(file: h5py.File) -> None:
    symbols(file, list("abcde"), dtype=h5py.string_dtype(), chunks=(5,), compression="gzip")


@hdf5("names of fixed length", "does not have texts of variable length")
def _(file: h5py.File) -> None:
    symbols(file, np.array([b"a"] * 5))


@hdf5("too many names", "has 9 texts, for 5 genes")
def _(file: h5py.File) -> None:
    symbols(file, list("abcdefghi"), dtype=h5py.string_dtype())


@hdf5("names that are references", "does not have texts of variable length")
def _(file: h5py.File) -> None:
    symbols(file, [file["vars"].ref] * 5, dtype=h5py.ref_dtype)


@hdf5("no column of symbols", "/info/var names a column of gene symbols that it does not have")
def _(file: h5py.File) -> None:
    file["info/var"].attrs["gene_symbols_column"] = "other"


@hdf5("column of symbols elsewhere", "is a link to another place")
def _(file: h5py.File) -> None:
    del file[SYMBOLS]
    file[SYMBOLS] = h5py.SoftLink("/vars/data")


@hdf5("name of a column that is a number", "has an attribute gene_symbols_column that is no text")
def _(file: h5py.File) -> None:
    file["info/var"].attrs["gene_symbols_column"] = np.zeros(5)


def _bytes(table: Hostile, name: str, said: str, change: Callable[[bytes], bytes]) -> None:
    table[name] = (lambda path: path.write_bytes(change(path.read_bytes()))), said


_bytes(VARS, "half a file", "damaged: ", lambda data: data[: len(data) // 2])
_bytes(VARS, "nothing", "not an HDF5 file", lambda data: b"")
_bytes(VARS, "text", "not an HDF5 file", lambda data: b"gene,cell\n" * 100)
_bytes(VARS, "signature alone", "damaged: ", lambda data: data[:8])
_bytes(VARS, "signature and noise", "damaged: ", lambda data: data[:8] + np.random.default_rng(0).bytes(5000))


def sql(name: str, said: str, *statements: str) -> None:
    """Statements in a good database, whose table is `obs`; {folder} stands for the file's."""

    def write(path: Path) -> None:
        (path.parent / "secret.csv").write_text("leiden\nsecret\n")
        with duckdb.connect(path) as db:
            for statement in statements:
                db.execute(statement.format(folder=path.parent))

    OBS[name] = write, said


DROP = "DROP TABLE obs"
MOVE = "ALTER TABLE obs RENAME TO other"
sql("view of a file", "there is no table obs", DROP, "CREATE VIEW obs AS SELECT * FROM read_csv('{folder}/secret.csv')")
sql("view of a table", "there is no table obs", MOVE, "CREATE VIEW obs AS SELECT * FROM other")
sql(
    "view of another database",
    "there is no table obs",
    DROP,
    "ATTACH '{folder}/other.duckdb' AS other",
    "CREATE TABLE other.t AS SELECT 'secret' AS leiden",
    "CREATE VIEW obs AS SELECT * FROM other.t",
)
sql("macro as table", "there is no table obs", MOVE, "CREATE MACRO obs() AS TABLE SELECT * FROM other")
sql("no table", "there is no table obs", DROP)
sql("table of another schema", "there is no table obs", DROP, "CREATE SCHEMA s", "CREATE TABLE s.obs AS SELECT 1 AS x")
sql(
    "column that is computed",
    "a computed column; only stored columns are read",
    "CREATE OR REPLACE TABLE obs (a INTEGER, b VARCHAR GENERATED ALWAYS AS (repeat('x', a)))",
)
sql(
    "default that reads a sequence",
    "a computed column; only stored columns are read",
    "CREATE SEQUENCE s",
    "ALTER TABLE obs ADD COLUMN a BIGINT DEFAULT nextval('s')",
)
sql(
    "many columns",
    "more than 2000 columns",
    f"CREATE OR REPLACE TABLE obs ({', '.join(f'c{n} INT' for n in range(2001))})",
)
sql(
    "labels of another type",
    "no column of obs has the labels of the clusters",
    "CREATE OR REPLACE TABLE obs AS SELECT leiden::VARCHAR::BLOB AS leiden, [donor] AS donor FROM obs",
)
sql(
    "no columns that are read",
    "no column of obs has the labels",
    "CREATE OR REPLACE TABLE obs AS SELECT {{'a': 1}} AS s",
)
sql("no rows", "no column of obs has the labels", "DELETE FROM obs")
_bytes(OBS, "half a file", "DuckDB ", lambda data: data[: len(data) // 2])
_bytes(OBS, "nothing", "not a database of DuckDB", lambda data: b"")
_bytes(OBS, "text", "not a database of DuckDB", lambda data: b"gene,cell\n" * 100)
_bytes(OBS, "SQLite", "not a database of DuckDB", lambda data: b"SQLite format 3\0" + bytes(1000))
_bytes(OBS, "start alone", "DuckDB ", lambda data: data[:12])
_bytes(OBS, "start and noise", "DuckDB ", lambda data: data[:12] + np.random.default_rng(0).bytes(100_000))
_bytes(OBS, "version of the far future", "DuckDB ", lambda data: data[:12] + struct.pack("<Q", 10**6) + data[20:])
