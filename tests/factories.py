"""Records for tests, made by hand: short to write, every field with a sensible value.

The answers, scores and costs in here are invented; only the gene names are real.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cassia_engine.records import (
    Annotation,
    CellType,
    Cluster,
    ClusterResult,
    Confidence,
    Conversation,
    Dataset,
    Marker,
    Outcome,
    RunInfo,
    Selection,
    Usage,
)
from tests import conversations

NK_GENES = ("GNLY", "GZMB", "FGFBP2", "NKG7", "PRF1", "CCL4", "GZMA", "SPON2", "CST7", "KLRD1")
PLATELET_GENES = ("PPBP", "PF4", "GNG11", "SDPR", "TUBB1")

DATASET = Dataset(name="pbmc", tissue="peripheral blood", species="human")
SELECTION = Selection("seurat", "avg_log2FC", n_genes=50, max_p_val_adj=0.05, min_log2fc=0.25, min_pct=0.1)
OFFLINE_RUN = RunInfo(
    provider="offline",
    model="marker scoring",
    engine_version="0.1.0",
    notice="offline marker scoring, no language model was asked",
    warnings=("the tissue 'x' is not in the tissue table",),
    knowledge="a table of 3 markers",
)
MODEL_RUN = RunInfo(provider="openrouter", model="some/model-1", engine_version="0.1.0")


def marker(gene: str, rank: int = 1, **statistics: float | None) -> Marker:
    """A marker of a Seurat table, weaker the lower its rank; name a statistic to set it, or None to drop it."""
    values: dict[str, Any] = {
        "log2fc": 6.0 / rank,
        "p_val_adj": 10.0 ** -(60 // rank),
        "pct_in": max(0.98 - 0.01 * rank, 0.2),
        "pct_out": 0.08,
    }
    return Marker(gene, **{**values, **statistics})


def cluster(id: str = "0", genes: Sequence[str] = NK_GENES, index: int = 0, **statistics: float | None) -> Cluster:
    markers = tuple(marker(gene, rank, **statistics) for rank, gene in enumerate(genes, start=1))
    return Cluster(id, index, n_rows=len(genes) + 200, n_passing=len(genes) + 20, markers=markers)


def annotation(**changes: Any) -> Annotation:
    """A confident natural killer cell."""
    values: dict[str, Any] = {
        "general_type": "lymphocyte",
        "detailed_types": (
            CellType("natural killer cell", "CL:0000623", "natural killer cell", 91.0),
            CellType("CD8-positive, alpha-beta T cell", "CL:0000625", "CD8-positive, alpha-beta T cell", 64.0),
        ),
        "cl_id": "CL:0000623",
        "cl_label": "natural killer cell",
        "confidence": Confidence.HIGH,
        "score": 91.0,
        "evidence_genes": ("GNLY", "GZMB", "PRF1"),
    }
    return Annotation(**{**values, **changes})


def conversation(**changes: Any) -> Conversation:
    values: dict[str, Any] = {
        "annotations": ("GNLY, GZMB and PRF1 are cytotoxic effectors: a natural killer cell.",),
        "validations": ("VALIDATION PASSED. The genes are in the list.",),
    }
    return Conversation(**{**values, **changes})


def annotated(id: str = "0", index: int = 0, *, answer: Annotation | None = None, **changes: Any) -> ClusterResult:
    """A cluster with an annotation that its validator agreed to, and nothing to worry about."""
    values: dict[str, Any] = {
        "cluster": cluster(id, index=index),
        "outcome": Outcome.ANNOTATED,
        "votes": (answer or annotation(),),
        "score": (answer or annotation()).score,
        "validated": True,
        "iterations": 1,
        "decided_by": "model",
        "conversation": conversation(),
        "usage": Usage(calls=2, input_tokens=1800, output_tokens=400, cost_usd=0.011),
    }
    values |= changes
    if values["conversation"].calls:
        read = conversations.rounds(values["conversation"], values["cluster"], values["validated"])
        values.setdefault("rounds", read)
    return ClusterResult(**values)


def unresolved(id: str = "5", index: int = 5) -> ClusterResult:
    """A cluster whose annotator looked at its markers and could not tell."""
    nothing = annotation(
        general_type="unresolved", detailed_types=(), cl_id="", cl_label="", confidence=Confidence.LOW, score=0.0,
        evidence_genes=(),
    )  # fmt: skip
    return annotated(id, index, answer=nothing, reason="none of its 10 markers is known", validated=False)


def unannotated(
    id: str = "9", index: int = 9, outcome: Outcome = Outcome.FAILED, reason: str = "the provider answered 503"
) -> ClusterResult:
    """A cluster without an annotation: it keeps its markers, except for `no_markers`."""
    if outcome is Outcome.NO_MARKERS:
        empty = Cluster(id, index, n_rows=120, n_passing=0, markers=())
        return ClusterResult(empty, outcome, empty.no_markers_reason)
    return ClusterResult(cluster(id, PLATELET_GENES, index), outcome, reason)


def mixed_bag() -> list[ClusterResult]:
    """Ten clusters of every kind: two clear, four annotated that need review, three failed, one without markers."""
    low = annotation(confidence=Confidence.LOW, score=38.0)
    return [
        annotated("0", 0),
        annotated("1", 1, answer=low),
        unannotated("2", 2, Outcome.NO_MARKERS),
        annotated("3", 3, answer=annotation(mixed_types=("platelet",))),
        annotated("CD4 T", 4, answer=annotation(unsupported_genes=("NCAM1", "KLRC1"))),
        unannotated("007", 5, Outcome.NOT_REACHED, "its annotate task ended without a result"),
        annotated("7_0", 6, answer=annotation(confidence=Confidence.MODERATE, score=74.0), validated=False),
        unannotated("7", 7, Outcome.REFUSED, "the provider's content filter stopped the answer"),
        annotated("8", 8),
        unannotated("9", 9, Outcome.FAILED, "the provider answered 503 to all 6 attempts"),
    ]
