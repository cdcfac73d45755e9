"""The data of a run and of a cluster as the blocks that a language model gets.

Neither the sample's name nor a cluster's id is among them: they may be the authors' own labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import Any

from cassia_engine.prompts.data_blocks import block, clean, gene_name, number
from cassia_engine.records import Cluster, Dataset, Marker, Selection
from cassia_engine.records.replies import Claim
from cassia_engine.replies.shapes import ANNOTATION

# Any change of what is sent is a new version; tests/prompts/test_prompts.py holds a digest of it. Conversations by
# earlier prompts are no longer begun, only replayed where the journal has them.
VERSION, EARLIER = "2", "1"

# The most characters of a text that are shown.
LONGEST = {"tissue": 200, "species": 200, "additional_info": 4000, "context": 2000, "ranked_by": 100}
LONGEST_PHRASE = 300
MOST_FINDINGS = 30
MOST_SET_ASIDE = 10  # genes of a kind that are named
NO_TISSUE = "none"

_WITHOUT_FRACTIONS = ("log2fc",)
_STATISTICS = (*_WITHOUT_FRACTIONS, "pct_in", "pct_out")
# What the validator is not to see: it would follow the annotator's certainty instead of the list.
_ANNOTATORS_OWN = ("sure", "specific", "score", "score_reason")
_CLAIMED = tuple(name for name in ANNOTATION["properties"] if name not in _ANNOTATORS_OWN)


@dataclass(frozen=True, slots=True)
class Briefing:
    """What is the same for all clusters of a run; made once.

    Attributes:
        siblings: the first genes of every cluster of the data set, for contrast; () for none.
        involvement: "v0" for a strict validator; "v1" for none, by earlier prompts a moderate one.
        with_fractions: show which fraction of cells expresses each marker, where that is known.
        depth: how fine the answer is to be (settings.DEPTHS).
        version: of the prompts.
        lookup_genes: how many genes a second annotator may ask for; 0 for none.
        head: the blocks of the data set and the siblings, in front of every cluster's own, so that all messages of a
            run start alike and providers can keep that part in their caches.
        tissue_blind: no tissue is known, and possible ones are asked for.
        shows_siblings: other clusters are in the head.
    """

    dataset: Dataset
    selection: Selection
    siblings: tuple[tuple[str, ...], ...] = ()
    involvement: str = "v1"
    with_fractions: bool = True
    depth: str = "standard"
    version: str = VERSION
    lookup_genes: int = 0
    head: str = field(init=False, repr=False)
    tissue_blind: bool = field(init=False)
    shows_siblings: bool = field(init=False)

    def __post_init__(self) -> None:
        data = _dataset(self.dataset, self.selection)
        if self.version != EARLIER:
            data["wanted_depth"] = self.depth
        blocks = [block("dataset", data)]
        # The same for each cluster, so its own genes are among them, and the prompt says so.
        siblings = [[gene_name(gene) for gene in genes] for genes in self.siblings if genes]
        object.__setattr__(self, "shows_siblings", len(siblings) > 1)
        if self.shows_siblings:
            blocks.append(block("other_clusters", siblings))
        object.__setattr__(self, "head", "\n".join(blocks))
        object.__setattr__(self, "tissue_blind", data["tissue"] == NO_TISSUE)


@lru_cache(maxsize=512)  # All who are asked about a cluster are shown the same.
def cluster_block(cluster: Cluster, with_fractions: bool = True, version: str = VERSION) -> str:
    """The markers of a cluster and what is said of it alone."""
    told = len if version == EARLIER else _names
    data = {
        **_markers(cluster.markers, _STATISTICS if with_fractions else _WITHOUT_FRACTIONS),
        "set_aside": {clean(aside.kind, LONGEST_PHRASE): told(aside.genes) for aside in cluster.set_aside},
        "hints": _phrases(cluster.hints),
        "context": clean(cluster.context, LONGEST["context"]),
    }
    return block("cluster_data", data)


def answer_block(name: str, claim: Claim) -> str:
    """An answer as the adjudicator sees it: without score, reasons and author."""
    data = {
        "lineage": claim.lineage,
        "candidates": [{"cell_type": c.cell_type, "cl_name": c.cl_name} for c in claim.candidates],
        "genes_for": [cited.gene for cited in claim.evidence],
        "genes_against": [cited.gene for cited in claim.conflicts],
        "mixture": [p.cell_type for p in claim.mixture],
    }
    return block(name, _plain(data))


def claim_block(claim: Mapping[str, Any]) -> str:
    """An annotator's answer (shape ANNOTATION) without its score; of its evidence and conflicts the genes alone."""
    return block("claim", {name: _claimed(name, claim[name]) for name in _CLAIMED if name in claim})


def _claimed(name: str, value: Any) -> Any:
    if name not in ("evidence", "conflicts") or not isinstance(value, (list, tuple)):
        return _plain(value)
    genes = (item.get("gene", "") if isinstance(item, Mapping) else item for item in value[:MOST_FINDINGS])
    return [_plain(gene, 2) for gene in genes]


def findings_block(findings: Sequence[str]) -> str:
    """What the code found in a claim."""
    return block("findings", _phrases(findings))


def feedback_block(checks: Sequence[str], suggestion: str) -> str:
    """What was found against an annotation, and the validator's note."""
    return block("feedback", {"checks": _phrases(checks), "reviewer": clean(suggestion, LONGEST["context"])})


def _dataset(dataset: Dataset, selection: Selection) -> dict[str, str]:
    said = {name: clean(getattr(dataset, name), LONGEST[name]) for name in ("tissue", "species", "additional_info")}
    if said["tissue"].casefold() in ("", NO_TISSUE):
        said["tissue"] = NO_TISSUE
    return {**said, "ranked_by": clean(selection.ranked_by, LONGEST["ranked_by"])}


def _markers(markers: Sequence[Marker], shown: Sequence[str]) -> dict[str, Any]:
    """Names, or rows of those of the statistics that the table had.

    No p values: all are below the threshold, and with many cells most are 0. The test's score stands in where fold
    changes are missing.
    """
    columns = [name for name in shown if any(getattr(marker, name) is not None for marker in markers)]
    if any(marker.log2fc is None and marker.score is not None for marker in markers):
        columns.append("score")
    if not columns:
        return {"markers": [gene_name(marker.gene) for marker in markers]}
    of = attrgetter("gene", *columns)
    rows = [[gene_name(gene), *map(number, values)] for gene, *values in map(of, markers)]
    return {"columns": ["gene", *columns], "markers": rows}


def _names(genes: Sequence[str]) -> list[str]:
    """The first of some genes, and how many more there are."""
    more = len(genes) - MOST_SET_ASIDE
    return [*map(gene_name, genes[:MOST_SET_ASIDE]), *([f"and {more} more"] if more > 0 else [])]


def _phrases(texts: Sequence[str]) -> list[str]:
    return [clean(text, LONGEST_PHRASE) for text in texts[:MOST_FINDINGS]]


def _plain(value: Any, depth: int = 4) -> Any:
    """A value of a model's answer, cleaned and capped; what is deeper than the shape goes is no part of it."""
    if isinstance(value, str):
        return clean(value, LONGEST_PHRASE)
    if isinstance(value, (list, tuple)) and depth:
        return [_plain(item, depth - 1) for item in value[:MOST_FINDINGS]]
    if isinstance(value, Mapping) and depth:
        return {clean(str(name), LONGEST_PHRASE): _plain(item, depth - 1) for name, item in value.items()}
    return None
