"""What `cassia labels` takes for a large .h5ad file, beside `cp` and a sync of the copy.

    python -m benchmarks.labels [--gigabytes 1.6] [--cells 100000] [--repeats 5] [--folder FOLDER]

The file has a sparse X of made-up values. Whole processes by turns, medians; each writes a new file. Ends with 1 above
the limit. FOLDER is where the files are, three times their size; its disk is what is measured.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

from benchmarks.measure import Measurement, machine, run
from cassia_engine.labels.summary import NEEDED

MAX_OF_COPY = 1.3  # of the time of cp and sync
CLUSTERS = 30
BLOCK = 10_000_000  # values that are written at once
TEXT = h5py.string_dtype()


def make_cells(path: Path, n_cells: int, gigabytes: float) -> None:
    """An AnnData file of about this size, nearly all of it X."""
    n_values = int(gigabytes * 1e9 / 8)
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        x = file.create_group("X")
        x.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": (n_cells, 20_000)})
        data = x.create_dataset("data", (n_values,), np.float32)
        indices = x.create_dataset("indices", (n_values,), np.int32)
        for start in range(0, n_values, BLOCK):
            end = min(start + BLOCK, n_values)
            data[start:end] = rng.random(end - start, np.float32)
            indices[start:end] = rng.integers(0, 20_000, end - start, np.int32)
        x["indptr"] = np.linspace(0, n_values, n_cells + 1).astype(np.int64)
        for name, size in (("obs", n_cells), ("var", 20_000)):
            frame = file.create_group(name)
            frame.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "_index"})
            frame.attrs["column-order"] = np.array(["leiden"] if name == "obs" else [], TEXT)
            frame.create_dataset("_index", data=np.array([f"{name}{n}" for n in range(size)], object), dtype=TEXT)
        leiden = file["obs"].create_group("leiden")
        leiden.attrs.update({"encoding-type": "categorical", "encoding-version": "0.2.0", "ordered": False})
        leiden["codes"] = rng.integers(0, CLUSTERS, n_cells, np.int8)
        leiden["categories"] = np.array([str(n) for n in range(CLUSTERS)], object)
        file.create_group("uns").attrs.update({"encoding-type": "dict", "encoding-version": "0.1.0"})


def make_summary(path: Path) -> None:
    """A summary of its clusters."""
    rows = (f"{n},T cell,T cell,annotated,CL:0000084,T cell,High" for n in range(CLUSTERS))
    path.write_text("\n".join((",".join(NEEDED), *rows, "")), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=1.6)
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    print(f"{machine()}, load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        data, summary, copy, out = (Path(folder) / name for name in ("in.h5ad", "s.csv", "copy.h5ad", "out.h5ad"))
        make_cells(data, options.cells, options.gigabytes)
        make_summary(summary)
        size = data.stat().st_size
        label = [sys.executable, "-m", "cassia_engine", "labels", *map(str, (data, summary))]
        commands = {
            "cp and sync": ["sh", "-c", 'cp "$0" "$1" && sync "$1"', str(data), str(copy)],
            "cassia labels": [*label, "--group_key", "leiden", "--output", str(out)],
        }
        found: dict[str, list[Measurement]] = {name: [] for name in commands}
        for _ in range(options.repeats):
            for name, command in commands.items():
                for path in (copy, out):
                    path.unlink(missing_ok=True)
                os.sync()
                found[name].append(run(command))
                print(f"{size / 1e9:.2f} GB, {name:13s} {found[name][-1]}", flush=True)
        walls = {name: sorted(m.wall for m in measured)[len(measured) // 2] for name, measured in found.items()}
        share = walls["cassia labels"] / walls["cp and sync"]
        print(f"cassia labels takes {share:.2f} times cp and sync (at most {MAX_OF_COPY})")
        sys.exit(int(share > MAX_OF_COPY))


if __name__ == "__main__":
    main()
