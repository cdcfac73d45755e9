"""Runs that are killed and begun again, against the mock: what is paid for twice, and whether the outputs differ.

    python -m benchmarks.kills [--clusters 100] [--kills 20] [--seed 20]

Each case plays an uninterrupted run, then one that is ended at as many calls as wished, which the seed draws, and begun
again with the same command each time. Prints a line for each case, and with --verbose one for each kill. Ends with 1 if
an answer on disk was asked for again, a kill lost more than was in flight, more was repeated than had no answer on
disk, or the outputs differ in more than the times of calls.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import machine
from tests.kills.scenario import CASES, Found, play

COLUMNS = ("case", "calls", "kills", "replies at the last", "unanswered", "repeats", "asked again", "outputs", "s")
KILL_COLUMNS = ("call", "manner", "exit", "replies", "unanswered", "repeats so far")


def is_good(found: Found) -> bool:
    same = found.outputs[0] == found.outputs[1] and found.codes[0] == found.codes[1]
    return (
        same and not found.again and not found.lost_too_many and max(found.repeats, found.paid_more) <= found.unanswered
    )


def row(name: str, found: Found) -> tuple[object, ...]:
    outputs = "equal" if found.outputs[0] == found.outputs[1] else "DIFFER"
    counts = (len(found.killed), len(found.killed[-1].replies), found.unanswered, found.repeats, len(found.again))
    return (name, found.calls, *counts, outputs, f"{found.seconds:.1f}")


def show_kills(found: Found) -> None:
    print(" ", *KILL_COLUMNS, sep="\t")
    for state in found.killed:
        counts = (len(state.replies), state.unanswered, state.repeats)
        print(" ", state.kill.number, state.kill.manner, state.code, *counts, sep="\t")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clusters", type=int, default=100)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--verbose", action="store_true", help="also print each kill")
    options = parser.parse_args()
    print(machine())
    print(*COLUMNS, sep="\t")
    good = True
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            found = play(case, Path(folder), options.clusters, options.kills, options.seed)
        print(*row(name, found), sep="\t", flush=True)
        if options.verbose:
            show_kills(found)
        good = good and is_good(found)
    sys.exit(int(not good))


if __name__ == "__main__":
    main()
