"""Language models asked by cassia and by CASSIA, against local stand-ins that answer after a fixed time.

    python -m benchmarks.calls                                    cassia alone
    python -m benchmarks.calls --peer .tools/cassia-peer/bin/python    beside CASSIA, by turns
    python -m benchmarks.calls --base FOLDER                      beside an earlier build: CPU of a call, by turns

200 clusters, 64 workers, whole processes: `cassia run` (table to outputs, journal included) and `runCASSIA_batch`,
which does the same. cassia makes one call per cluster and a second where there is doubt, CASSIA 3; that is how each
works and part of the comparison. There are no controls. The ideal is ceil(calls / workers) times the latency. The
stand-in of cassia has answered every question once before it is measured, so that it need not think; that of CASSIA has
fixed answers.

CPU a call: `cassia annotate` of the 200 clusters less that of one, over the calls between them. Overhead of a call:
from the line in the journal that it is about to be sent until its whole answer is there, less the latency; the p99 is
over all calls of all runs, the first 64 at once included, and the stand-in's own work counts as ours. Ends with 1 if a
limit is passed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from benchmarks.measure import Measurement, cassia_command, machine, run
from benchmarks.tables import write_table
from tests.mock_provider.running import running_mock

CLUSTERS, WORKERS = 200, 64
PEER_CALLS = 3 * CLUSTERS
MAX_CPU, MAX_P99 = 1.0, 15.0  # milliseconds a call; p99 at the longest latency
MAX_OF_BASE = 0.6  # CPU of a call
MAX_OF_IDEAL = {1.0: 1.25}
MIN_TIMES_FASTER = {1.0: 2.5, 0.05: 8.0}
ABOUT = ("--tissue", "large intestine", "--species", "human", "--name", "calls")


class Ours:
    """cassia against a mock that runs; `folder` holds its tables, `tree` an earlier build in its place."""

    def __init__(self, folder: Path, url: str, tree: Path | None = None):
        self._folder = folder
        self._python = [] if tree is None else ["env", f"PYTHONPATH={tree.resolve()}"]
        self._asked = (
            "--provider",
            "custom",
            "--base_url",
            f"{url}/v1",
            "--model",
            "mock",
            "--max_workers",
            f"{WORKERS}",
        )

    def run(self) -> Measurement:
        """The table to the outputs."""
        with tempfile.TemporaryDirectory() as fresh:
            command = [cassia_command(), "run", str(self._folder / "many.csv"), "--outdir", f"{fresh}/out", *ABOUT]
            return run([*command, *self._asked, "--controls", "0", "--journal_dir", f"{fresh}/journal"])

    def annotate(self, name: str) -> tuple[Measurement, list[float]]:
        """A chunk, and the seconds that each of its calls took."""
        with tempfile.TemporaryDirectory() as fresh:
            chunk = self._folder / name / "chunk_00000.json"
            command = [
                *self._python,
                cassia_command(),
                "annotate",
                str(chunk),
                "--output",
                f"{fresh}/result.jsonl",
                *self._asked,
            ]
            measured = run([*command, "--journal_dir", f"{fresh}/journal"])
            return measured, list(_seconds(Path(fresh) / "journal"))


def _seconds(journal: Path) -> Iterator[float]:
    """From intent to answer, of each call of a journal."""
    begun: dict[str, datetime] = {}
    for path in journal.glob("*/*.jsonl"):
        for line in map(json.loads, path.open(encoding="utf-8")):
            if line["kind"] == "intent":
                begun[line["key"]] = datetime.fromisoformat(line["at"])
            elif line["kind"] == "reply":
                yield (datetime.fromisoformat(line["at"]) - begun[line["key"]]).total_seconds()


def split(folder: Path, name: str, clusters: int) -> None:
    """A table of so many clusters, and its one chunk."""
    table = folder / f"{name}.csv"
    write_table(table, clusters)
    command = [cassia_command(), "split", str(table), "--outdir", str(folder / name), "--chunk_size", f"{clusters}"]
    command += ["--controls", "0"]
    subprocess.run([*command, *ABOUT], check=True, capture_output=True)


@contextmanager
def peer_server(latency: float, *more: str) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.peer_server", "--latency", str(latency), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def measured_peer(python: str, table: Path, url: str) -> Measurement:
    """runCASSIA_batch; all clusters must have come out, at three calls each."""
    before = _calls(url)
    with tempfile.TemporaryDirectory() as fresh:
        script = str(Path(__file__).with_name("peer_batch.py"))
        measured = run([python, script, str(table), f"{fresh}/out.json", f"{url}/v1", f"{WORKERS}"])
        rows = [len(path.read_text(encoding="utf-8").splitlines()) for path in Path(fresh).glob("*_summary.csv")]
    if _calls(url) - before != PEER_CALLS or not rows or rows[0] <= CLUSTERS:
        raise SystemExit(f"CASSIA made {_calls(url) - before} calls and {rows} rows: not what is to be compared")
    return measured


def _calls(url: str) -> int:
    with urllib.request.urlopen(f"{url}/stats") as response:
        return int(json.load(response)["calls"])


class Found:
    """What the runs at one latency took."""

    def __init__(self, latency: float):
        self.latency = latency
        self.calls = self.calls_of_one = 0  # of cassia, for all clusters and for the one
        self.run: list[Measurement] = []
        self.annotate: list[Measurement] = []
        self.one: list[Measurement] = []
        self.peer: list[Measurement] = []
        self.base: list[Measurement] = []
        self.base_one: list[Measurement] = []
        self.seconds: list[float] = []
        self.calls_of_base: dict[str, int] = {}

    def measure(self, folder: Path, peer: str | None, base: Path | None, repeats: int) -> None:
        with running_mock(latency=self.latency) as mock, peer_server(self.latency) as peer_url:
            ours = Ours(folder, mock.url)
            self.calls, self.calls_of_one = (len(ours.annotate(name)[1]) for name in ("many", "one"))
            expected = mock.stats()["completed"] + repeats * (2 * self.calls + self.calls_of_one)
            for _ in range(repeats):
                self.run.append(ours.run())
                measured, seconds = ours.annotate("many")
                self.annotate.append(measured)
                self.seconds += seconds
                self.one.append(ours.annotate("one")[0])
                if base:
                    earlier = Ours(folder, mock.url, base)
                    for name, found in (("many", self.base), ("one", self.base_one)):
                        measured, seconds = earlier.annotate(name)
                        found.append(measured)
                        expected += len(seconds)
                        self.calls_of_base[name] = len(seconds)
                if peer:
                    self.peer.append(measured_peer(peer, folder / "many.csv", peer_url))
            if (stats := mock.stats())["completed"] != expected:
                raise SystemExit(f"{expected} calls were expected: {stats}")

    def print(self) -> bool:
        """Say it; whether the limits are kept."""
        ideal = math.ceil(self.calls / WORKERS) * self.latency
        print(
            f"\nlatency {self.latency} s: ideal {ideal:.2f} s ({self.calls} calls, {WORKERS} at once); "
            f"medians of {len(self.run)}"
        )
        for name in _NAMES:
            if found := getattr(self, name):
                print(f"  {_NAMES[name]:34s} {_median(found)}   walls {' '.join(f'{m.wall:.2f}' for m in found)}")
        wall = _median(self.run).wall
        kept = _told("of the ideal", wall / ideal, at_most=MAX_OF_IDEAL.get(self.latency))
        if self.peer:
            kept &= _told(
                "times faster than CASSIA", _median(self.peer).wall / wall, MIN_TIMES_FASTER.get(self.latency)
            )
        cpu = _cpu_a_call(self.annotate, self.one, self.calls - self.calls_of_one)
        kept &= _told("ms CPU a call", 1000 * cpu, at_most=MAX_CPU)
        if self.base:
            calls = self.calls_of_base["many"] - self.calls_of_base["one"]
            of_base = cpu / _cpu_a_call(self.base, self.base_one, calls)
            kept &= _told("of the base's CPU a call", of_base, at_most=MAX_OF_BASE)
        over = sorted(1000 * (seconds - self.latency) for seconds in self.seconds)
        p50, p99 = (over[math.ceil(len(over) * share) - 1] for share in (0.5, 0.99))
        _told("ms overhead of a call, median", p50)
        return kept & _told("ms overhead of a call, p99", p99, at_most=MAX_P99 if self.latency >= 1 else None)


_NAMES = {
    "run": "cassia run",
    "annotate": "cassia annotate",
    "one": "cassia annotate, one cluster",
    "peer": "CASSIA runCASSIA_batch",
    "base": "cassia annotate, earlier build",
    "base_one": "the same, one cluster",
}


def _cpu_a_call(many: list[Measurement], one: list[Measurement], calls: int) -> float:
    """Seconds, of all but the start; `calls` lie between the two."""
    return (_median(many).cpu - _median(one).cpu) / calls


def _told(what: str, figure: float, at_least: float | None = None, at_most: float | None = None) -> bool:
    limits = [f"at {word} {limit:g}" for word, limit in (("least", at_least), ("most", at_most)) if limit is not None]
    print(f"  {figure:8.2f} {what}" + (f" ({limits[0]})" if limits else ""))
    return (at_least is None or figure >= at_least) and (at_most is None or figure <= at_most)


def _median(found: list[Measurement]) -> Measurement:
    return Measurement(*(statistics.median(getattr(m, name) for m in found) for name in ("wall", "cpu", "peak")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, nargs="+", default=[1.0, 0.05], help="seconds before each answer")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer", metavar="PYTHON", help="the Python of an environment with CASSIA installed")
    parser.add_argument("--base", type=Path, metavar="FOLDER", help="a tree of an earlier build")
    options = parser.parse_args()
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        for name, clusters in (("many", CLUSTERS), ("one", 1)):
            split(Path(scratch), name, clusters)
        kept = True
        for latency in options.latency:
            found = Found(latency)
            found.measure(Path(scratch), options.peer, options.base, options.repeats)
            kept &= found.print()
    sys.exit(int(not kept))


if __name__ == "__main__":
    main()
