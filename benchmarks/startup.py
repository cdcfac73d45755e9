"""CPU time of starting cassia, and the heavy packages that each command loads.

    python -m benchmarks.startup

Every task of the pipeline starts a process, so what it does not need it must not import. Ends with 1 if
`cassia --version` takes more than 0.15 s of CPU in the median, or if annotate loads pandas, duckdb or h5py.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import cassia_command, machine, medians

MAX_CPU = 0.15  # seconds, `cassia --version`
HEAVY = ("aiohttp", "duckdb", "h5py", "jinja2", "numpy", "pandas", "rich", "tenacity")
NOT_IN_ANNOTATE = {"duckdb", "h5py", "pandas"}
TABLE = 'cluster,markers\n0,"CD3D,CD3E,IL7R,TRAC"\n1,"MS4A1,CD79A,CD79B"\n'
CONTEXT = ("--name", "startup", "--tissue", "blood", "--species", "human")


def heavy_modules(arguments: list[str]) -> list[str]:
    """Which of HEAVY a command has loaded when it ends; it must succeed."""
    code = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print('loaded', *[m for m in {HEAVY!r} if m in sys.modules]))\n"
        "from cassia_engine.cli import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()[1:]


def stages(scratch: Path) -> dict[str, list[str]]:
    """Arguments of each command over a table of two clusters; later ones use what earlier ones write."""
    table = scratch / "markers.csv"
    table.write_text(TABLE, encoding="utf-8")
    chunk, result = str(scratch / "chunk_00000.json"), str(scratch / "result.jsonl")
    return {
        "cassia --version": ["--version"],
        "cassia annotate --help": ["annotate", "--help"],
        "cassia split": ["split", str(table), "--outdir", str(scratch), *CONTEXT],
        "cassia annotate": ["annotate", chunk, "--output", result],
        "cassia collect": ["collect", chunk, result, "--name", "startup", "--outdir", str(scratch / "out")],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        found = stages(Path(scratch))
        loaded = {name: heavy_modules(arguments) for name, arguments in found.items()}
        measured = medians({n: [cassia_command(), *a] for n, a in found.items()}, options.repeats)
    for name in found:
        print(f"{name:24s} {measured[name]}   loads {', '.join(loaded[name]) or 'none of them'}")
    too_slow = measured["cassia --version"].cpu > MAX_CPU
    too_much = NOT_IN_ANNOTATE.intersection(loaded["cassia annotate"], loaded["cassia annotate --help"])
    sys.exit(int(too_slow or bool(too_much)))


if __name__ == "__main__":
    main()
