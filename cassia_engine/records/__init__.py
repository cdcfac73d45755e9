"""What passes between the stages, as immutable typed records, and its JSON form.

Chunk and result files are these records written down: `to_json` and `from_json` are each other's inverse.
`SCHEMA_VERSION` changes whenever older files can no longer be read, together with docs/formats.md.
"""

from cassia_engine.records.annotations import Annotation, CellType, Correction
from cassia_engine.records.ballots import REPLICATES_OF_A_VOTE, Ballot
from cassia_engine.records.cells import (
    ClusterCells,
    Composition,
    GeneExpression,
    LineagePair,
    QualityMeasure,
    SampledCells,
    Share,
    Witness,
)
from cassia_engine.records.clusters import (
    Chunk,
    Cluster,
    Control,
    ControlKind,
    Dataset,
    Marker,
    Selection,
    SetAside,
    check_sample_name,
    fault_of_name,
)
from cassia_engine.records.controls import LOW_SCORE, ControlCounts, ControlOutcome, ControlResult
from cassia_engine.records.conversations import Conversation, FailedCall, Lookups, Usage
from cassia_engine.records.json_form import from_json, to_json
from cassia_engine.records.looked_up import FoundRow, LookedUp
from cassia_engine.records.merged import NO_RUN, Merged
from cassia_engine.records.outcomes import HIGH_SCORE, TOP_GENES, Confidence, ConfidenceReason, Outcome
from cassia_engine.records.ranking import GeneRanking, ValuesDoubt
from cassia_engine.records.results import ClusterResult
from cassia_engine.records.rounds import (
    AGREEING,
    ANNOTATOR,
    SECOND,
    Adjudication,
    CrossCheck,
    Doubt,
    FailedReply,
    Finding,
    Judgement,
    Round,
    Ruling,
)
from cassia_engine.records.run_info import COMMAND, OFFLINE, CalibrationBasis, RunInfo
from cassia_engine.records.scoring import MarkerScoring, ScoredType, ScoringCheck, Tie
from cassia_engine.records.setup import SETTINGS_OF_SETUP, Setup
from cassia_engine.records.species import SpeciesMismatch
from cassia_engine.records.status import Status, StatusCluster
from cassia_engine.records.terms import How, Relation, TermMatch

SCHEMA_VERSION = "1.2"

CELLS_KIND = "cassia-cells"
GENES_KIND = "cassia-genes"
CHUNK_KIND = "cassia-chunk"
RESULT_KIND = "cassia-result"
STATUS_KIND = "cassia-status"

__all__ = [
    "AGREEING",
    "ANNOTATOR",
    "CELLS_KIND",
    "CHUNK_KIND",
    "COMMAND",
    "GENES_KIND",
    "HIGH_SCORE",
    "LOW_SCORE",
    "NO_RUN",
    "OFFLINE",
    "REPLICATES_OF_A_VOTE",
    "RESULT_KIND",
    "SCHEMA_VERSION",
    "SECOND",
    "SETTINGS_OF_SETUP",
    "STATUS_KIND",
    "TOP_GENES",
    "Adjudication",
    "Annotation",
    "Ballot",
    "CalibrationBasis",
    "CellType",
    "Chunk",
    "Cluster",
    "ClusterCells",
    "ClusterResult",
    "Composition",
    "Confidence",
    "ConfidenceReason",
    "Control",
    "ControlCounts",
    "ControlKind",
    "ControlOutcome",
    "ControlResult",
    "Conversation",
    "Correction",
    "CrossCheck",
    "Dataset",
    "Doubt",
    "FailedCall",
    "FailedReply",
    "Finding",
    "FoundRow",
    "GeneExpression",
    "GeneRanking",
    "How",
    "Judgement",
    "LineagePair",
    "LookedUp",
    "Lookups",
    "Marker",
    "MarkerScoring",
    "Merged",
    "Outcome",
    "QualityMeasure",
    "Relation",
    "Round",
    "Ruling",
    "RunInfo",
    "SampledCells",
    "ScoredType",
    "ScoringCheck",
    "Selection",
    "SetAside",
    "Setup",
    "Share",
    "SpeciesMismatch",
    "Status",
    "StatusCluster",
    "TermMatch",
    "Tie",
    "Usage",
    "ValuesDoubt",
    "Witness",
    "check_sample_name",
    "fault_of_name",
    "from_json",
    "to_json",
]
