"""What `cassia collect` takes for many clusters, beside an earlier build.

    python -m benchmarks.collect [--clusters 10000] [--repeats 3] [--base FOLDER]

FOLDER is the tree of the earlier build, such as `git worktree add FOLDER COMMIT` makes. Each build reads files of its
own making, with the conversations of tests/large.py; whole processes by turns, medians. Ends with 1 above a limit.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from benchmarks.measure import Measurement, machine, run
from cassia_engine.records import Chunk
from cassia_engine.stagefiles import result_file, write_chunk
from tests import factories as make
from tests import large

CHUNK = 400  # clusters
MAX_OF_BASE = 0.5  # of its CPU time
MAX_PEAK = 300.0  # MB
HERE = Path(__file__).resolve().parent.parent
MAKE = "import sys; sys.path[:0] = [sys.argv[1], sys.argv[4]]; from benchmarks.collect import stage_files; "
MAKE += "from pathlib import Path; list(stage_files(Path(sys.argv[2]), int(sys.argv[3])))"


def stage_files(folder: Path, clusters: int) -> Iterator[Path]:
    """The chunk and result files of a run, as annotate leaves them."""
    count, results = -(-clusters // CHUNK), large.each(clusters)
    for index in range(count):
        block = tuple(islice(results, CHUNK))
        head = (make.DATASET, make.SELECTION, index, count, clusters)
        chunk = Chunk(*head, tuple(result.cluster for result in block))
        path = folder / f"chunk_{index:05d}.json"
        write_chunk(path, chunk)
        with result_file(path.with_suffix(".jsonl"), chunk, make.MODEL_RUN) as write:
            for result in block:
                write(result)
        yield from (path, path.with_suffix(".jsonl"))


def collect(tree: Path, files: Sequence[Path], folder: Path) -> Measurement:
    """`cassia collect` of a tree over these files, as a process of its own."""
    os.environ["PYTHONPATH"] = str(tree)
    command = [sys.executable, "-P", "-m", "cassia_engine", "collect", *map(str, files)]
    return run([*command, "--outdir", str(folder / "out"), "--status", str(folder / "status.json")])


def prepared(tree: Path, folder: Path, clusters: int) -> list[Path]:
    """The files that a tree makes; this module is taken from here, and all else from there."""
    folder.mkdir()
    if tree == HERE:
        return list(stage_files(folder, clusters))
    made = MAKE.replace("from benchmarks.collect import", "from collect import")
    arguments = [str(tree), str(folder), str(clusters), str(Path(__file__).parent)]
    subprocess.run([sys.executable, "-P", "-c", made, *arguments], check=True)
    return sorted(folder.iterdir())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clusters", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--base", type=Path, help="the tree of an earlier build")
    options = parser.parse_args()
    trees = {"this build": HERE, **({"base": options.base.resolve()} if options.base else {})}
    print(f"{machine()}, load average {os.getloadavg()[0]:.1f}")
    found: dict[str, list[Measurement]] = {name: [] for name in trees}
    with tempfile.TemporaryDirectory() as scratch:
        files = {name: prepared(tree, Path(scratch) / name, options.clusters) for name, tree in trees.items()}
        for _ in range(options.repeats):
            for name, tree in trees.items():
                found[name].append(collect(tree, files[name], Path(scratch)))
                print(f"{options.clusters:,} clusters, {name:10s} {found[name][-1]}", flush=True)
    cpu = {name: statistics.median(m.cpu for m in measured) for name, measured in found.items()}
    peak = statistics.median(m.peak for m in found["this build"])
    print(f"peak {peak:.0f} MB (at most {MAX_PEAK:.0f})")
    share = cpu["this build"] / cpu["base"] if options.base else 0.0
    if options.base:
        print(f"CPU {cpu['this build']:.1f} s, {share:.2f} of the base's {cpu['base']:.1f} s (at most {MAX_OF_BASE})")
    sys.exit(int(peak > MAX_PEAK or share > MAX_OF_BASE))


if __name__ == "__main__":
    main()
