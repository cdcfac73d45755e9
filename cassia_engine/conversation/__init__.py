"""The conversation on a cluster: annotator, checks in code, and a second opinion where there is doubt.

machine               the states and what follows what
cluster_conversation  the steps
asking                who is asked, and what came back
doubts                when a second opinion is asked for
comparing             the second opinion beside the answer
judging               what code makes of a strict validator's answers
rounds                the rounds, and which claim is the answer
labelling             the labels of that claim, by the depth that was asked for
confidence            how sure they are
term_mapper           labels in the Cell Ontology
log                   calls and what they cost
cut                   what a reply or a prompt that was cut means
outcome               the record of the cluster
votes                 several conversations on a cluster, with the calls of all
majority              the type that most of their votes are for
consensus             one answer by their votes
escalation            a stronger model where the answer is in doubt
"""

from __future__ import annotations

from cassia_engine.conversation.cluster_conversation import Advisers, ClusterConversation
from cassia_engine.ontology import Ontology
from cassia_engine.prompts import Briefing
from cassia_engine.providers.chat import ChatModel
from cassia_engine.records import Cluster, ClusterResult
from cassia_engine.settings import AnnotateSettings

__all__ = ["Advisers", "converse"]


async def converse(
    cluster: Cluster,
    briefing: Briefing,
    model: ChatModel,
    settings: AnnotateSettings,
    ontology: Ontology,
    replicate: int = 0,
    advisers: Advisers | None = None,
) -> ClusterResult:
    """Run the conversation on a cluster that has markers; one call, if nothing leaves a doubt.

    Args:
        replicate: number of the cluster's conversation; a further one asks everything anew.
        advisers: who has a say beside the annotator.

    Returns:
        The cluster's result. Replies that are refused, cut off or unreadable, and calls that fail, are outcomes.

    Raises:
        AccountError, TemporaryError, StoppedError: no further call can be made.
    """
    who = advisers or Advisers()
    return await ClusterConversation(cluster, briefing, model, settings, ontology, replicate, who).run()
