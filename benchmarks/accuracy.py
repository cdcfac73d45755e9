#!/usr/bin/env python3
"""Accuracy of the offline annotator on clusters with expert labels, through the product's own code path.

    python -m benchmarks.accuracy [DATA] [--knowledge FILE] [--by tissue|tissue_group|none]
        [--gene_filter technical|none] [--no-held-out]

DATA (default ../shared/data) holds `benchmarks/dev/<part>/<dataset>.{simple.csv,gold.tsv}`. Figures are those of
`cassia evaluate` (`cassia_engine.evaluation`). Every cluster is put into a chunk record, written as JSON,
read back and annotated with its species and its tissue as a person would type it (`--by tissue_group` gives
the coarse name instead, `--by none` no tissue), after technical genes were set aside as `cassia split` does it
(`--gene_filter none` leaves them); the expert's label is seen by the evaluation alone.

Four figures: exact CL term; within one parent; ancestor or descendant; same broad lineage.
The last part chooses the scorer's settings, for each tissue group in turn, on all other groups.
Ends with 1 if the shipped settings and knowledge stay under the limits.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import itertools
import json
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cassia_engine import records
from cassia_engine.evaluation.figures import Figures, Group, figures_of, groups_of
from cassia_engine.evaluation.gold import Expert
from cassia_engine.evaluation.grading import Grade
from cassia_engine.evaluation.judging import Judged, judge_all
from cassia_engine.evaluation.predictions import Prediction, Predictions
from cassia_engine.genes.marker_selector import MarkerSelector
from cassia_engine.knowledge import Knowledge
from cassia_engine.knowledge.genes import species_of
from cassia_engine.offline import OfflineAnnotator, scoring
from cassia_engine.ontology import Ontology
from cassia_engine.settings import GENE_FILTERS, SplitSettings

GRID: dict[str, tuple[Any, ...]] = {
    "foreign": (0.2, 0.4, 0.7),
    "rank_offset": (2.0, 5.0),
    "length_power": (0.1, 0.2, 0.3),
    "tie": (0.0, 0.15, 0.3),
}
N_GENES = 50
LIMITS = {Grade.EXACT: 0.45, Grade.SAME_LINEAGE: 0.83}
Key = tuple[str, str]
Results = Mapping[Key, records.ClusterResult]


@dataclasses.dataclass(frozen=True)
class Case:
    """A data set's clusters of one species and tissue, as the chunk that the annotator gets."""

    dataset: str
    chunk: records.Chunk


def read_gold(folder: Path) -> dict[tuple[str, str], dict[str, str]]:
    """(data set, cluster) -> its row of the gold files."""
    rows = (row for path in sorted(folder.glob("*.gold.tsv")) for row in csv.DictReader(path.open(), delimiter="\t"))
    return {(row["dataset"], row["cluster"]): row for row in rows}


def read_cases(
    folder: Path, gold: dict[tuple[str, str], dict[str, str]], by: str, selector: MarkerSelector
) -> Iterator[Case]:
    """The simplified marker tables as chunks; of the gold row only species and tissue are used."""
    for path in sorted(folder.glob("*.simple.csv")):
        name = path.name.removesuffix(".simple.csv")
        groups: dict[tuple[str, str], list[records.Cluster]] = defaultdict(list)
        for row in csv.DictReader(path.open()):
            expert = gold[name, row["cluster"]]
            groups[expert["species"], expert.get(by, by)].append(_cluster(row, len(groups), selector))
        for (species, tissue), clusters in groups.items():
            yield Case(name, _chunk(records.Dataset(name, tissue, species), tuple(clusters)))


def _cluster(row: dict[str, str], index: int, selector: MarkerSelector) -> records.Cluster:
    genes = [gene.strip() for gene in row["markers"].split(",")]
    choice = selector.choose(tuple(map(records.Marker, genes)))
    return records.Cluster(
        row["cluster"], index, len(genes), len(genes), choice.markers, set_aside=choice.set_aside, hints=choice.hints
    )


def _chunk(dataset: records.Dataset, clusters: tuple[records.Cluster, ...]) -> records.Chunk:
    selection = records.Selection("simplified", "given order", 50)
    chunk = records.Chunk(dataset, selection, 0, 1, len(clusters), clusters)
    return records.from_json(records.Chunk, json.loads(json.dumps(records.to_json(chunk))))


class Bench:
    """The development clusters, their experts, and answers by any settings."""

    def __init__(self, data: Path, by: str, knowledge: Path | None, selector: MarkerSelector):
        self.folder = Path(tempfile.mkdtemp(prefix="cassia-accuracy-"))
        for path in sorted((data / "benchmarks" / "dev").glob("*/*.*")):
            (self.folder / path.name).symlink_to(path.resolve())
        self.gold = read_gold(self.folder)
        self.cases = list(read_cases(self.folder, self.gold, by, selector))
        self.ontology = Ontology.load()
        self.knowledge = {s: Knowledge.load(knowledge, s) for s in Knowledge.species_known()}

    def results(self, settings: scoring.Settings) -> dict[Key, records.ClusterResult]:
        found = {}
        for case in self.cases:
            dataset = case.chunk.dataset
            knowledge = self.knowledge[species_of(dataset.species)]
            annotator = OfflineAnnotator(dataset, knowledge, self.ontology, settings)
            for cluster in case.chunk.clusters:
                found[case.dataset, cluster.id] = annotator.annotate(cluster)
        return found

    def judged(self, results: Results, by: str = "tissue_group") -> dict[Key, Judged]:
        """Each cluster against its expert; `by` is the column of the gold that groups are made of."""
        experts = [
            Expert(cluster, row["label"], tuple(row["cl_id"].split("|")), tissue=row[by], dataset=dataset)
            for (dataset, cluster), row in self.gold.items()
        ]
        answers = (_prediction(key, result) for key, result in results.items())
        found = judge_all(Predictions("offline", "offline", "results", tuple(answers)), experts, False, self.ontology)
        return {(one.dataset, one.cluster): judged for one, judged in zip(experts, found, strict=True)}


def _prediction(key: Key, result: records.ClusterResult) -> Prediction:
    """An answer by the term that it has; one without a term is no answer."""
    cl_id = result.annotation.cl_id if result.annotation else ""
    return Prediction(key[1], (cl_id,), cl_id, dataset=key[0])


def line(name: str, figures: Figures) -> str:
    """The shares of all clusters at each level, from the strictest."""
    shares = "  ".join(f"{level.of_all.share or 0:.3f}" for level in figures.levels)
    return f"  {name:24} n={figures.n:4}  {shares}"


def worth(judged: Mapping[Key, Judged], without: set[Key]) -> int:
    levels = (Grade.EXACT, Grade.SAME_LINEAGE)
    return sum(one.is_right(level) for key, one in judged.items() if key not in without for level in levels)


def print_main(bench: Bench) -> bool:
    """All, by species and tissue, then by confidence. Whether the limits are kept."""
    started = time.process_time()
    results = bench.results(scoring.DEFAULTS)
    seconds = time.process_time() - started
    judged = bench.judged(results)
    total = figures_of([*judged.values()])
    print(f"{len(results)} clusters, {seconds:.1f} s CPU; columns: {', '.join(one.level for one in total.levels)}")
    print(line("all", total))
    for by in ("species", "tissue_group"):
        for group in groups_of(bench.judged(results, by).values(), "tissue"):
            print(line(f"{by}={group.name}", group.figures))
    print("by the annotator's confidence, and by its own validation")
    for group in _by_confidence(results, judged):
        print(line(group.name, group.figures))
    print("limits: " + ", ".join(f"{level.words} {limit}" for level, limit in LIMITS.items()))
    return all((total.level(level).of_all.share or 0) >= limit for level, limit in LIMITS.items())


def _by_confidence(results: Results, judged: Mapping[Key, Judged]) -> Iterator[Group]:
    groups: dict[str, list[Judged]] = defaultdict(list)
    for key, result in results.items():
        if result.annotation is None:
            groups["no answer"].append(judged[key])
        else:
            groups[f"confidence {result.annotation.confidence}"].append(judged[key])
            groups[f"validated {result.validated}"].append(judged[key])
    for name in sorted(groups):
        yield Group(name, figures_of(groups[name]))


def print_held_out(bench: Bench) -> None:
    """Each tissue group with the settings that are best (exact + broad) on all others."""
    grid = [
        dataclasses.replace(scoring.DEFAULTS, **dict(zip(GRID, values, strict=True)))
        for values in itertools.product(*GRID.values())
    ]
    graded = [(settings, bench.judged(bench.results(settings))) for settings in grid]
    held_out: list[Judged] = []
    chosen: dict[scoring.Settings, int] = defaultdict(int)
    for group in sorted({row["tissue_group"] for row in bench.gold.values()}):
        inside = {key for key, row in bench.gold.items() if row["tissue_group"] == group}

        settings, judged = max(graded, key=lambda pair: worth(pair[1], without=inside))
        chosen[settings] += 1
        held_out += [judged[key] for key in inside]
    print(f"settings chosen on the other tissue groups, of {len(grid)}:")
    print(line("held out", figures_of(held_out)))
    for settings, n in sorted(chosen.items(), key=lambda pair: -pair[1]):
        print(f"  {n:2} groups: " + ", ".join(f"{name} {getattr(settings, name)}" for name in GRID))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data"))
    parser.add_argument("--knowledge", type=Path)
    parser.add_argument("--by", choices=("tissue", "tissue_group", "none"), default="tissue")
    parser.add_argument("--gene_filter", choices=GENE_FILTERS, default=SplitSettings().gene_filter)
    parser.add_argument("--no-held-out", action="store_true", help="only the settings as shipped")
    args = parser.parse_args()
    bench = Bench(args.data, args.by, args.knowledge, MarkerSelector(N_GENES, args.gene_filter == "technical"))
    try:
        kept = print_main(bench)
        if not args.no_held_out:
            print_held_out(bench)
    finally:
        shutil.rmtree(bench.folder)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
