#!/usr/bin/env python3
"""How far the offline annotator's labels can be trusted: what its confidence is worth on clusters with expert labels.

    python -m benchmarks.offline_trust [DATA] [--write]

DATA and the clusters are those of `benchmarks/accuracy.py`. Groups of tissues are left out of the fit in turn.

Printed: accuracy of the best half, reliability, expected calibration error, coverage of High, area under the
risk-coverage curve, all on groups that were left out; then what came of each band, by the fit that is in the package,
for short and long lists. `--write` puts the new fit into the package.
"""

from __future__ import annotations

import argparse
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.accuracy import N_GENES, Bench, Results
from benchmarks.confidence import print_confidence, write
from cassia_engine.calibration.fitting import Example, fit
from cassia_engine.evaluation.grading import Grade
from cassia_engine.evaluation.judging import Judged
from cassia_engine.genes.marker_selector import MarkerSelector
from cassia_engine.offline import scoring
from cassia_engine.records import OFFLINE
from cassia_engine.settings import SplitSettings

LONG = 20  # genes of a list from which it is a long one


def examples_of(bench: Bench, results: Results) -> Iterator[Example]:
    """The answers that name a type; their data set, for the folds, is the group of tissues."""
    judged = bench.judged(results)
    for key, result in results.items():
        if result.has_cell_type:
            near = judged[key].is_right(Grade.ANCESTOR_OR_DESCENDANT)
            group = bench.gold[key]["tissue_group"]
            yield Example(result.features, judged[key].is_right(Grade.EXACT), near, group)


def print_bands(results: Results, judged: Mapping[tuple[str, str], Judged]) -> None:
    """By the fit of the package, which these clusters are in."""
    bands: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for key, result in results.items():
        if result.annotation:
            for length in ("all", "long" if len(result.cluster.markers) >= LONG else "short"):
                bands[length, str(result.annotation.confidence)].append(judged[key])
    print(f"bands of the package's fit, caps included; lists are long from {LONG} genes on")
    for (length, band), found in sorted(bands.items()):
        exact, near = (sum(one.is_right(level) for one in found) / len(found) for level in _LEVELS)
        print(f"  {length:6}{band:9} n={len(found):4}  exact {exact:.3f}, near {near:.3f}")


_LEVELS = (Grade.EXACT, Grade.ANCESTOR_OR_DESCENDANT)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data"))
    parser.add_argument("--write", action="store_true", help="put the fit into the package")
    args = parser.parse_args()
    bench = Bench(args.data, "tissue", None, MarkerSelector(N_GENES, SplitSettings().gene_filter == "technical"))
    try:
        results = bench.results(scoring.DEFAULTS)
        examples = list(examples_of(bench, results))
        n_sets = len({dataset for dataset, _ in results})
        words = f"marker scoring {scoring.VERSION}, {n_sets} public data sets in groups of tissues"
        calibration = fit(examples, words, OFFLINE, f"marker scoring {scoring.VERSION}")
        print(f"{len(results) - len(examples)} of {len(results)} clusters are unresolved")
        print_confidence(examples, calibration)
        if args.write:
            write("offline", calibration)
        print_bands(results, bench.judged(results))
    finally:
        shutil.rmtree(bench.folder)


if __name__ == "__main__":
    main()
