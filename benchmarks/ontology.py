#!/usr/bin/env python3
"""How well labels as authors write them resolve to the Cell Ontology.

    python -m benchmarks.ontology [DATA] [--open-misses]

DATA (default ../shared/data) holds `benchmarks/dev/<part>/<dataset>.gold.tsv` (each cluster's free-text label and the
accepted CL ids). Grades are those of `cassia evaluate` (`cassia_engine.evaluation`). Only the label is given to
`Ontology.resolve`, no tissue and no species.

The data sets are in two halves by hash: sha256 of the data set's name, first byte even is open, odd is closed. Tables
and rules were written with the labels of the open half in view; of the closed half this script prints totals only,
and `--open-misses` lists single labels of the open half alone.

    exact            the term is one of the accepted ids
    within one       exact, or the term is a direct parent or a direct child of an accepted id
    another lineage  a term was taken, it is neither above nor below any accepted id (terms too general to say
                     anything do not count as above), and it shares none of the evaluation's broad lineages with one;
                     where the evaluation knows no lineage for either, that counts as another one
    miss             no term was taken; it counts as neither exact nor within one nor another lineage
    plain            exact by `Ontology.find` alone: label or synonym, case and spaces aside

Some data sets of the closed half are published atlases, and the author of the tables knew some of their labels from the
literature; a line of its own leaves those data sets out (RECALLED).

Figures are by cluster, and below by distinct pair of label and accepted ids. "New labels" are those of the closed half
whose text (case aside) does not occur in the open half. Ends with 1 if the closed half stays under the limits.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from cassia_engine.evaluation.grading import Grade, grade
from cassia_engine.ontology import Ontology, Resolution

RECALLED = {"pbmc3k", "pbmc68k_reduced", "cassia_GTEx", "cassia_MCA", "cassia_HCL", "gpt_HCL_fetal_whole_body"}
RECALLED |= {"gpt_MCA_whole_body", "gpt_Azimuth_Motor_Cortex"}
LIMITS = {"exact": 0.80, "within one": 0.93, "another lineage": 0.01}


class Row(NamedTuple):
    """A cluster's label, and what became of it; `grade` is None for a miss."""

    dataset: str
    label: str
    accepted: tuple[str, ...]
    found: Resolution
    grade: Grade | None
    plain: bool


def half(dataset: str) -> str:
    return "closed" if hashlib.sha256(dataset.encode()).digest()[0] % 2 else "open"


def read_rows(data: Path) -> list[Row]:
    ontology = Ontology.load()
    rows = []
    for path in sorted(data.glob("benchmarks/dev/*/*.gold.tsv")):
        for gold in csv.DictReader(path.open(encoding="utf-8"), delimiter="\t"):
            accepted = tuple(gold["cl_id"].split("|"))
            found = ontology.resolve(gold["label"])
            graded = grade(found.cl_id, accepted, ontology).grade if found.found else None
            plain = ontology.find(gold["label"]) in accepted
            rows.append(Row(gold["dataset"], gold["label"], accepted, found, graded, plain))
    return rows


def figures(rows: Collection[Row]) -> dict[str, float]:
    grades = [row.grade for row in rows]
    counts = {
        "exact": sum(g == Grade.EXACT for g in grades),
        "within one": sum(g is not None and g >= Grade.WITHIN_ONE_PARENT for g in grades),
        "another lineage": sum(g == Grade.DIFFERENT for g in grades),
        "miss": sum(g is None for g in grades),
        "plain": sum(row.plain for row in rows),
    }
    return {name: count / max(1, len(grades)) for name, count in counts.items()}


def print_line(name: str, rows: Collection[Row]) -> dict[str, float]:
    shares = figures(rows)
    print(f"{name:34} n={len(rows):4}  " + "  ".join(f"{key} {share:.3f}" for key, share in shares.items()))
    return shares


def distinct(rows: Collection[Row]) -> Collection[Row]:
    return {(row.label.casefold(), row.accepted): row for row in rows}.values()


def print_hows(rows: Collection[Row]) -> None:
    taken, right = Counter(row.found.how for row in rows), Counter(r.found.how for r in rows if r.grade == Grade.EXACT)
    print("  how: " + ", ".join(f"{how} {n} ({right[how]} exact)" for how, n in taken.most_common()))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data"))
    parser.add_argument("--open-misses", action="store_true", help="list labels of the open half that are not exact")
    args = parser.parse_args()
    rows = read_rows(args.data)
    halves = {name: [row for row in rows if half(row.dataset) == name] for name in ("open", "closed")}
    seen = {row.label.casefold() for row in halves["open"]}
    print_line("both halves", rows)
    for name, some in halves.items():
        shares = print_line(f"{name} ({len({r.dataset for r in some})} data sets)", some)
        print_hows(some)
        print_line(f"{name}, distinct labels", distinct(some))
    print_line("closed, new labels", [row for row in halves["closed"] if row.label.casefold() not in seen])
    print_line("closed, without known atlases", [row for row in halves["closed"] if row.dataset not in RECALLED])
    print("limits, closed half: " + ", ".join(f"{key} {limit}" for key, limit in LIMITS.items()))
    if args.open_misses:
        for row in halves["open"]:
            if row.grade != Grade.EXACT:
                names = "|".join(map(Ontology.load().label, row.accepted))
                print("", row.grade, row.label, names, row.found.how, row.found.cl_label, row.found.why, sep="\t")
    kept = all(shares[key] >= LIMITS[key] for key in ("exact", "within one"))
    sys.exit(0 if kept and shares["another lineage"] <= LIMITS["another lineage"] else 1)


if __name__ == "__main__":
    main()
