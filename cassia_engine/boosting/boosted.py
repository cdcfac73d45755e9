"""What came of an investigation, as records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cassia_engine.evidence import Findings
from cassia_engine.labels.summary import ClusterLabel
from cassia_engine.providers.chat import Message
from cassia_engine.records import CellType, Cluster, Dataset, LookedUp, Outcome, Relation, RunInfo, Usage
from cassia_engine.records.replies import Claim, Enquiry


@dataclass(frozen=True, slots=True)
class BoostRound:
    """An enquiry, and what was found for it."""

    enquiry: Enquiry
    found: LookedUp


@dataclass(frozen=True, slots=True)
class Boosted:
    """What came of the investigation of a cluster.

    Attributes:
        reason: why there is no answer; "" where there is one.
        claim: the answer as read; None where there is none.
        types: the ranked answer, its terms looked up; () for none and for "unresolved".
        findings: what code found in the answer, by the list and by what was looked up.
        down: genes cited for the answer that are down in the cluster: they speak against it.
        turns: the conversation as the model was shown it, with its last reply.
        calls: requests and replies in order, as in the conversations of a run.
    """

    outcome: Outcome
    reason: str
    rounds: tuple[BoostRound, ...]
    claim: Claim | None = None
    types: tuple[CellType, ...] = ()
    findings: Findings | None = None
    down: tuple[str, ...] = ()
    turns: tuple[Message, ...] = ()
    calls: tuple[Mapping[str, Any], ...] = ()
    usage: Usage = field(default_factory=Usage)

    @property
    def label(self) -> str:
        """The answer: a type, "unresolved", or "" where there is none."""
        return self.types[0].label if self.types else "unresolved" if self.claim else ""


@dataclass(frozen=True, slots=True)
class Boost:
    """An investigation with what it was of.

    Attributes:
        earlier: what a run said of the cluster; None where nobody asked.
        relation: what the answer is, compared with the earlier one.
    """

    dataset: Dataset
    cluster: Cluster
    run: RunInfo
    boosted: Boosted
    earlier: ClusterLabel | None = None
    relation: Relation | None = None
