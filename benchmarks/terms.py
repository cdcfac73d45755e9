#!/usr/bin/env python3
"""Which of the two names that a language model gives a type should place it in the Cell Ontology.

    python -m benchmarks.terms REPLIES ... [--data ../shared/data]

REPLIES are recorded replies of an annotator: JSON Lines with `dataset`,
`user` (the question, which has the tissue), `reply` and `gold`, the expert's accepted CL ids. DATA holds the evaluator
`baseline/baseline.py`, which is used as it stands. A rule sees the first candidate's cell_type and cl_name, the reply's
lineage and the data set's tissue, and never the gold.

Printed for each rule of RULES: exact, within one parent, ancestor or descendant, and same broad lineage, as in
benchmarks/accuracy.py, where an unresolved reply counts as wrong; and for how many clusters the term is nearer or
farther than that of the engine, `TermMapper.map`, with the two-sided p of a sign test. Then the figures of choosing the
rule by the other data sets, for each data set in turn; and how often a cl_name names another tissue, or is of another
lineage.

Ends with 1 if a rule is better than the engine's beyond chance (p < 0.05).
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cassia_engine.conversation.term_mapper import TermMapper
from cassia_engine.knowledge.tissues import Tissues, TissueTable
from cassia_engine.ontology import Ontology, Relation, compare
from cassia_engine.providers.chat import Finish
from cassia_engine.records.replies import Claim
from cassia_engine.replies import named_candidates, read_annotation

CHANCE = 0.05
FIGURES = ("exact", "pm1", "anc", "broad")  # grades of 4, 3 or more, 2 or more, 1 or more
ENGINE = "cell_type, else cl_name (the engine)"
EPITHELIAL = "CL:0000066"
ONTOLOGY, TISSUES = Ontology.load(), TissueTable.load()
MAPPER = TermMapper(ONTOLOGY)


class Answer(NamedTuple):
    """A candidate of a reply: its two names and their terms ("" for none), and what else a rule may ask."""

    cell_type: str
    cl_name: str
    own: str  # the place of cell_type, also one near it
    given: str  # the very term that cl_name means
    lineage: str
    tissue: Tissues

    @property
    def relation(self) -> Relation:
        """What the term of cl_name is, compared with that of cell_type."""
        return compare(ONTOLOGY, self.own, self.given)

    @property
    def added_tissue(self) -> frozenset[str]:
        """The tissues that cl_name names and cell_type does not."""
        return TISSUES.read(self.cl_name).named - TISSUES.read(self.cell_type).named


class Cluster(NamedTuple):
    """The candidates of its reply, none if unresolved, and the expert's terms."""

    dataset: str
    answers: tuple[Answer, ...]
    gold: tuple[str, ...]


def _engine(a: Answer) -> str:
    return MAPPER.map(a.cell_type, a.cl_name).cl_id


def _cl_name(a: Answer) -> str:
    return a.given or a.own


def _exact_place(a: Answer) -> str:
    return MAPPER.map_looked_up(a.cell_type, a.cl_name).cl_id


def _broader(a: Answer) -> str:
    return a.given if a.relation is Relation.BROADER else _engine(a)


def _narrower(a: Answer) -> str:
    return a.given if a.relation is Relation.NARROWER else _engine(a)


def _of_the_tissue(a: Answer) -> str:
    agrees = bool(a.added_tissue) and a.added_tissue <= a.tissue.named
    return a.given if agrees and a.relation is Relation.NARROWER else _engine(a)


def _epithelium_of_the_tissue(a: Answer) -> str:
    return _of_the_tissue(a) if ONTOLOGY.is_a(a.given, EPITHELIAL) else _engine(a)


def _by_lineage(a: Answer) -> str:
    """The only one of the two that is a kind of the lineage."""
    fits = a.own and a.given and ONTOLOGY.is_a(a.given, a.lineage) and not ONTOLOGY.is_a(a.own, a.lineage)
    return a.given if fits else _engine(a)


def _broader_in_lineage(a: Answer) -> str:
    leaves = ONTOLOGY.is_a(a.own, a.lineage) and not ONTOLOGY.is_a(a.given, a.lineage)
    return _engine(a) if leaves else _broader(a)


RULES: dict[str, Callable[[Answer], str]] = {
    "cell_type alone": lambda a: a.own,
    ENGINE: _engine,
    "cl_name, else cell_type": _cl_name,
    "cell_type if exact, else cl_name": _exact_place,
    "the broader": _broader,
    "the narrower": _narrower,
    "the tissue's own kind": _of_the_tissue,
    "the tissue's own kind of epithelium": _epithelium_of_the_tissue,
    "the one in the lineage": _by_lineage,
    "the broader, within the lineage": _broader_in_lineage,
}


def read_clusters(paths: Collection[Path]) -> Iterator[Cluster]:
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                asked = re.search(r"<dataset>(.*?)</dataset>", row["user"], re.DOTALL)
                tissue = TISSUES.read(json.loads(asked[1])["tissue"] if asked else "")
                claim = read_annotation(json.dumps(row["reply"]), Finish.STOP)
                answers = tuple(_answers(claim, tissue)) if isinstance(claim, Claim) else ()
                yield Cluster(row["dataset"], answers, tuple(row["gold"]))


def _answers(claim: Claim, tissue: Tissues) -> Iterator[Answer]:
    lineage = ONTOLOGY.resolve(claim.lineage).cl_id
    for one in named_candidates(claim):
        own, given = ONTOLOGY.resolve(one.cell_type).cl_id, MAPPER.cl_id(one.cl_name)
        yield Answer(one.cell_type, one.cl_name, own, given, lineage, tissue)


def sign_test(better: int, worse: int) -> float:
    """The two-sided p of so uneven a split, if either were as likely."""
    n = better + worse
    as_uneven = 2 * sum(math.comb(n, i) for i in range(min(better, worse) + 1))
    return min(1.0, as_uneven / math.pow(2, n))


def print_rules(grades: dict[str, list[int]]) -> bool:
    """Whether no rule is better than the engine's beyond chance."""
    kept = True
    for name, some in grades.items():
        better = sum(a > b for a, b in zip(some, grades[ENGINE], strict=True))
        worse = sum(a < b for a, b in zip(some, grades[ENGINE], strict=True))
        p = sign_test(better, worse)
        kept &= better <= worse or p >= CHANCE
        print(f"  {name:37} {_figures(some)}  nearer {better:2} farther {worse:2} p {p:.3f}")
    return kept


def _figures(grades: Sequence[int]) -> str:
    counts = (sum(grade >= least for grade in grades) for least in range(len(FIGURES), 0, -1))
    return "  ".join(f"{count:3} {count / len(grades):.3f}" for count in counts)


def print_held_out(clusters: Sequence[Cluster], grades: dict[str, list[int]]) -> None:
    """Each data set by the rule with most in the four figures together on all others; of equal ones the first."""
    held_out: list[int] = []
    chosen: Counter[str] = Counter()
    for dataset in sorted({one.dataset for one in clusters}):
        inside = [i for i, one in enumerate(clusters) if one.dataset == dataset]
        worth = {name: sum(some) - sum(some[i] for i in inside) for name, some in grades.items()}
        best = max(worth, key=lambda name: worth[name])
        chosen[best] += 1
        held_out += [grades[best][i] for i in inside]
    print(f"  {'chosen on the other data sets':37} {_figures(held_out)}")
    print("  chosen: " + ", ".join(f"{name} ({n} data sets)" for name, n in chosen.most_common()))


def print_contradictions(clusters: Sequence[Cluster]) -> None:
    every = [answer for one in clusters for answer in one.answers]
    first = [one.answers[0] for one in clusters if one.answers]
    known = [a for a in every if a.given and a.tissue.named]
    other = [a for a in known if not a.added_tissue <= a.tissue.named | a.tissue.near]
    print(f"cl_name names another tissue than the data set's: {len(other)} of {len(known)} candidates")
    for (name, tissues), n in Counter((a.cl_name, ", ".join(sorted(a.added_tissue))) for a in other).most_common():
        print(f"  {n:2} {name} ({tissues})")
    apart = [a for a in first if compare(ONTOLOGY, a.lineage, a.given) is Relation.DIFFERENT]
    print(f"cl_name is of another lineage than the reply says: {len(apart)} of {len(first)} first candidates")
    for a in apart:
        print(f"     {a.cl_name} ({ONTOLOGY.label(a.lineage)})")
    print(f"neither name has a place: {sum(not _engine(a) for a in every)} of {len(every)} candidates")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("replies", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="where the evaluator is")
    args = parser.parse_args()
    clusters = list(read_clusters(args.replies))
    sys.path.insert(0, str(args.data / "baseline"))
    relation: Callable[[str, Collection[str]], int] = importlib.import_module("baseline").rel
    first = [one.answers[0] for one in clusters if one.answers]
    n_sets = len({one.dataset for one in clusters})
    apart = sum(bool(a.given) and a.given != a.own for a in first)
    print(f"{len(clusters)} clusters of {n_sets} data sets, {len(clusters) - len(first)} unresolved; ", end="")
    print(f"the two names have different terms in {apart}, cell_type has none in {sum(not a.own for a in first)}")
    print(f"columns: {', '.join(FIGURES)}; against the engine")
    grades = {
        name: [relation(cl_id, one.gold) if one.answers and (cl_id := rule(one.answers[0])) else 0 for one in clusters]
        for name, rule in RULES.items()
    }
    kept = print_rules(grades)
    print_held_out(clusters, grades)
    print_contradictions(clusters)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
