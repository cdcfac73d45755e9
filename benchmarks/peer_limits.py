"""cassia and CASSIA at accounts with a limit of requests, and with faults: what comes out, and what it takes.

    python -m benchmarks.peer_limits --peer .tools/cassia-peer/bin/python

Whole processes on the same table of 20 clusters, 16 workers, against stand-ins that answer after a second; each has
its own, as each asks otherwise (see calls.py). A call of cassia's is of a cluster, with a second where there is doubt;
CASSIA makes three. With 60 requests a minute the others get a 429 that says how long to wait; or a fifth of the calls
gets a 503. CASSIA's own retries are its default.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from benchmarks.calls import ABOUT, peer_server
from benchmarks.measure import cassia_command, machine, run
from benchmarks.peer_server import BUCKET
from benchmarks.tables import write_table
from tests.mock_provider.running import running_mock

CLUSTERS, WORKERS, LATENCY = 20, 16, 1.0


@dataclass(frozen=True)
class Scenario:
    name: str
    ours: dict[str, object]
    theirs: tuple[str, ...]


SCENARIOS = (
    Scenario("60 requests a minute", {"rpm": 60, "bucket": BUCKET}, ("--rpm", "60")),
    Scenario("a fifth of the calls are a 503", {"faults": "503:0.2"}, ("--faults", "0.2")),
)


def ours(table: Path, scenario: Scenario) -> str:
    with running_mock(latency=LATENCY, **scenario.ours) as mock, tempfile.TemporaryDirectory() as fresh:  # type: ignore[arg-type]
        asked = ("--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", "mock", "--controls", "0")
        began = time.monotonic()
        command = [
            cassia_command(),
            "run",
            str(table),
            "--outdir",
            fresh,
            *ABOUT,
            *asked,
            "--max_workers",
            f"{WORKERS}",
        ]
        run([*command, "--journal_dir", f"{fresh}/journal"])
        took = time.monotonic() - began
        with open(f"{fresh}/calls_summary.csv", encoding="utf-8", newline="") as file:
            done = sum(row["Status"] == "annotated" for row in csv.DictReader(file))
        stats = mock.stats()
    return _words("cassia", took, done, stats["calls"], stats["completed"])


def theirs(python: str, table: Path, scenario: Scenario) -> str:
    with peer_server(LATENCY, *scenario.theirs) as url, tempfile.TemporaryDirectory() as fresh:
        script = str(Path(__file__).with_name("peer_batch.py"))
        began = time.monotonic()
        # It ends with 1 where all clusters have failed, which is one of its results here.
        command = [python, script, str(table), f"{fresh}/out.json", f"{url}/v1", f"{WORKERS}"]
        subprocess.run(command, capture_output=True, check=False)
        took = time.monotonic() - began
        done = 0
        for path in Path(fresh).glob("*_summary.csv"):
            with path.open(encoding="utf-8", newline="") as file:
                done += sum(bool(row["Predicted General Cell Type"].strip()) for row in csv.DictReader(file))
        with urllib.request.urlopen(f"{url}/stats") as response:
            stats = json.load(response)
    return _words("CASSIA", took, done, stats["calls"], stats["completed"])


def _words(who: str, seconds: float, done: int, calls: int, answered: int) -> str:
    a_call = calls / answered if answered else float("inf")
    return (
        f"  {who:7} {done} of {CLUSTERS} clusters in {seconds:.0f} s; {calls} requests, {answered} answered: "
        f"{a_call:.2f} a call"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", metavar="PYTHON", required=True, help="the Python of an environment with CASSIA")
    options = parser.parse_args()
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        table = Path(scratch) / "calls.csv"
        write_table(table, CLUSTERS)
        for scenario in SCENARIOS:
            print(scenario.name)
            print(ours(table, scenario), flush=True)
            print(theirs(options.peer, table, scenario), flush=True)


if __name__ == "__main__":
    main()
