"""A run by batches beside the same run by single calls, against a mock provider: what each paid, and what it needed.

    python -m benchmarks.batch [--clusters 2000]

Whole processes of `cassia run`, controls included, each with a journal of its own. The mock's receipts are by its own
prices, which are halved in a batch; a batch takes no time there. Ends with 1 if a limit is passed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measure import Measurement, machine, run
from benchmarks.tables import write_table
from tests.mock_provider.running import Running, running_mock

MOST = 0.52  # of what the run by single calls paid
ABOUT = ("--tissue", "large intestine", "--species", "human", "--name", "batch")


def measured(mock: Running, table: Path, *options: str) -> tuple[Measurement, dict[str, Any]]:
    """What a run needed, and the mock's counts of it."""
    mock.post("/reset")
    asked = ("--provider", "openai", "--base_url", f"{mock.url}/v1", "--model", "mock")
    with tempfile.TemporaryDirectory() as fresh:
        own = ("--outdir", f"{fresh}/out", "--journal_dir", f"{fresh}/journal")
        # The key goes to the mock, and batches are looked at at once.
        command = [sys.executable, "-m", "tests.batches", "run", str(table), *ABOUT, *asked, *own, *options]
        return run(command), mock.stats()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clusters", type=int, default=2000)
    clusters = parser.parse_args().clusters
    os.environ["OPENAI_API_KEY"] = "benchmark-key-0123456789"
    print(machine())
    with tempfile.TemporaryDirectory() as folder, running_mock(variety=0.4) as mock:
        table = Path(folder) / "table.csv"
        write_table(table, clusters)
        single, of_single = measured(mock, table, "--max_workers", "64")
        batched, of_batches = measured(mock, table, "--batch")
    share = of_batches["cost_usd"] / of_single["cost_usd"]
    print(f"single calls  {single}   {of_single['calls']} calls, ${of_single['cost_usd']:.2f}")
    lines = f"{of_batches['batch_lines']} requests in {of_batches['batches']} batches"
    print(f"batches       {batched}   {lines}, ${of_batches['cost_usd']:.2f}")
    print(f"paid by batches: {share:.4f} of the same by single calls (at most {MOST})")
    return int(share > MOST or of_batches["repeats"] > 0 or of_batches["calls"] > 0)


if __name__ == "__main__":
    sys.exit(main())
