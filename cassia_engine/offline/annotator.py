"""The offline annotator: marker scoring written down as an annotation, with an account of itself.

It asks no language model, and every output it feeds says so. What it writes are hypotheses.
"""

from __future__ import annotations

from pathlib import Path

from cassia_engine._version import __version__
from cassia_engine.calibration import Calibration, Calibrations
from cassia_engine.knowledge import Knowledge
from cassia_engine.knowledge.tissues import Tissues, TissueTable
from cassia_engine.offline import scoring
from cassia_engine.offline.account import Account
from cassia_engine.offline.confidence import Assessment, assess
from cassia_engine.offline.scoring import Candidate, Ranking, Scorer
from cassia_engine.offline.verdict import Verdict, judge
from cassia_engine.ontology import Ontology
from cassia_engine.records import (
    OFFLINE,
    Annotation,
    CellType,
    Cluster,
    ClusterResult,
    Confidence,
    ConfidenceReason,
    Conversation,
    Dataset,
    MarkerScoring,
    Outcome,
    RunInfo,
)

NOTICE = "offline marker scoring, no language model was asked"


def open_annotator(
    dataset: Dataset, extra_knowledge: Path | None = None, calibration: Calibration | None = None
) -> OfflineAnnotator:
    """An annotator for the clusters of one data set.

    Args:
        calibration: how sure an answer is; None for that of the package.

    Raises:
        UsageError: the species is not known, or the knowledge table cannot be read.
    """
    knowledge = Knowledge.load(extra_knowledge, dataset.species)
    return OfflineAnnotator(dataset, knowledge, Ontology.load(), calibration=calibration)


class OfflineAnnotator:
    """Annotates clusters by marker scoring; the same input always gives the same result.

    Attributes:
        run_info: the header of the result file.
        warnings: what a person should know at once, a line each.
    """

    def __init__(
        self,
        dataset: Dataset,
        knowledge: Knowledge,
        ontology: Ontology,
        settings: scoring.Settings = scoring.DEFAULTS,
        calibration: Calibration | None = None,
    ):
        self.dataset = dataset
        self._calibration = calibration or Calibrations.load().offline
        self._ontology = ontology
        self._tissues = TissueTable.load().read(dataset.tissue, knowledge.tissues)
        self.scorer = Scorer(knowledge, ontology, self._tissues, settings)
        self.warnings = _warnings(dataset, knowledge, ontology, self._tissues)
        self.run_info = RunInfo(
            provider=OFFLINE,
            model=f"marker scoring {scoring.VERSION}",
            engine_version=__version__,
            notice=NOTICE,
            knowledge=f"{knowledge.description}, Cell Ontology {ontology.version}",
            warnings=self.warnings,
            ontology=ontology.version,
            calibration=self._calibration.basis,
        )

    def annotate(self, cluster: Cluster) -> ClusterResult:
        """The annotation of a cluster; no exception, whatever the markers are."""
        genes = cluster.genes
        if not genes:
            return ClusterResult(cluster, Outcome.NO_MARKERS, reason=cluster.no_markers_reason, decided_by=NOTICE)
        ranking = self.scorer.rank(genes)
        if not ranking.candidates:
            return _unresolved(cluster, self.run_info.knowledge)
        return self._result(cluster, ranking, judge(ranking, cluster))

    def _result(self, cluster: Cluster, ranking: Ranking, verdict: Verdict) -> ClusterResult:
        account = Account(self.dataset, self._tissues, cluster, ranking, verdict)
        scored = account.values()
        n_kinds = self._ontology.n_kinds(verdict.answer.cl_id)
        assessed = assess(verdict, scored, cluster, n_kinds, self._calibration)
        annotation = self._annotation(verdict, assessed)
        return ClusterResult(
            cluster=cluster,
            outcome=Outcome.ANNOTATED,
            reason=account.reason(),
            votes=(annotation,),
            score=annotation.score,
            validated=verdict.validated,
            iterations=1,
            decided_by=NOTICE,
            conversation=Conversation(
                annotations=(account.annotation(),),
                validations=(account.validation(),),
                formatting=annotation.text,
                scoring=account.scoring(assessed),
            ),
            scoring=scored,
            confidence_reasons=assessed.reasons,
            features=assessed.features,
        )

    def _annotation(self, verdict: Verdict, assessed: Assessment) -> Annotation:
        types = tuple(self._cell_type(*pair) for pair in zip(verdict.candidates, verdict.scores, strict=True))
        mixed = (verdict.answer.label, verdict.rival.label) if verdict.mixed and verdict.rival else ()
        return Annotation(
            general_type=verdict.answer.lineage.label,
            detailed_types=types,
            cl_id=types[0].cl_id,
            cl_label=types[0].cl_label,
            confidence=assessed.confidence,
            score=verdict.scores[0],
            mixed_types=mixed,
            state=verdict.state,
            evidence_genes=verdict.answer.genes,
            conflicting_genes=verdict.conflicts,
            probability=assessed.exact,
            probability_near=assessed.near,
        )

    def _cell_type(self, candidate: Candidate, score: float) -> CellType:
        return CellType(candidate.label, candidate.cl_id, self._ontology.label(candidate.cl_id), score)


def _warnings(dataset: Dataset, knowledge: Knowledge, ontology: Ontology, tissues: Tissues) -> tuple[str, ...]:
    warnings = []
    if dataset.additional_info.strip():
        warnings.append("additional_info was not read: marker scoring knows genes, tissue and species only")
    if not tissues.known:
        near = TissueTable.load().nearest(dataset.tissue)
        question = f" (did you mean {near}?)" if near else ""
        warnings.append(
            f"the tissue {dataset.tissue!r} is not in the tissue table{question}, so cell types of all tissues count "
            "the same"
        )
    ids = [p.cl_id for p in knowledge.profiles if p.cl_id]
    strange = [cl_id for cl_id in ids if cl_id not in ontology or ontology.deprecated(cl_id)]
    if strange:
        warnings.append(
            f"{len(strange)} of the knowledge table's CL ids are not current terms of Cell Ontology "
            f"{ontology.version} ({', '.join(strange[:3])}); their types keep their names but have no place in it"
        )
    return tuple(warnings)


def _unresolved(cluster: Cluster, knowledge: str) -> ClusterResult:
    """The scorer looked and cannot tell: an answer, which asking again would not change."""
    reason = (
        f"none of its {len(cluster.markers)} markers is in the marker knowledge ({knowledge}); check the species and "
        "that genes are given as symbols, or add markers of your own (knowledge)"
    )
    text = f"Offline marker scoring: no language model was asked. The cell type stays unresolved: {reason}."
    return ClusterResult(
        cluster=cluster,
        outcome=Outcome.ANNOTATED,
        reason=reason,
        votes=(Annotation("unresolved", (), "", "", Confidence.LOW, 0.0),),
        validated=False,
        iterations=1,
        decided_by=NOTICE,
        conversation=Conversation(annotations=(text,)),
        scoring=MarkerScoring(known_genes=0),
        confidence_reasons=(ConfidenceReason("unresolved", "the type is unresolved"),),
    )
