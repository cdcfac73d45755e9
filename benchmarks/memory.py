"""Peak memory of `cassia annotate` where a language model is asked: 1,000 clusters in one task.

    python -m benchmarks.memory

Asked anew against the mock provider, and again with every answer in the journal. Ends with 1 above 80 MB.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.calls import split
from benchmarks.measure import cassia_command, machine, run
from tests.mock_provider.running import running_mock

CLUSTERS, LATENCY = 1000, 0.05
MAX_PEAK = 80.0  # MB


def main() -> None:
    print(machine())
    with tempfile.TemporaryDirectory() as scratch, running_mock(latency=LATENCY) as mock:
        folder = Path(scratch)
        split(folder, "many", CLUSTERS)
        command = [cassia_command(), "annotate", str(folder / "many" / "chunk_00000.json")]
        command += ["--output", str(folder / "result.jsonl"), "--journal_dir", str(folder / "journal")]
        command += ["--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", "mock", "--max_workers", "64"]
        found = {"asked anew": run(command)}
        calls = mock.stats()["completed"]
        found["all from the journal"] = run(command)
        if calls < CLUSTERS or mock.stats()["completed"] != calls:
            raise SystemExit(f"{calls} calls were made, then {mock.stats()['completed'] - calls}")
    for name, measured in found.items():
        print(f"{CLUSTERS} clusters, {name:22s} {measured} (at most {MAX_PEAK:.0f} MB)")
    sys.exit(int(any(measured.peak > MAX_PEAK for measured in found.values())))


if __name__ == "__main__":
    main()
