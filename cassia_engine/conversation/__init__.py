"""The conversation on a cluster: annotator, checks in code, validator, and up to a few rounds of it.

machine               the states and what follows what
cluster_conversation  the steps
judging               what code makes of the validator's answers
confidence            the rule for an annotation's confidence
term_mapper           labels in the Cell Ontology
rounds                the rounds, and which claim is the answer
log                   calls and what they cost
cut                   what a reply or a prompt that was cut means
outcome               the record of the cluster
"""

from __future__ import annotations

from cassia_engine.conversation.cluster_conversation import ClusterConversation
from cassia_engine.ontology import Ontology
from cassia_engine.prompts import Briefing
from cassia_engine.providers.chat import ChatModel
from cassia_engine.records import Cluster, ClusterResult
from cassia_engine.settings import AnnotateSettings

__all__ = ["converse"]


async def converse(
    cluster: Cluster,
    briefing: Briefing,
    model: ChatModel,
    settings: AnnotateSettings,
    ontology: Ontology,
    replicate: int = 0,
) -> ClusterResult:
    """Run the conversation on a cluster that has markers; two calls, if nothing is to be corrected.

    Args:
        replicate: number of the cluster's conversation; a further one asks everything anew.

    Returns:
        The cluster's result. Replies that are refused, cut off or unreadable, and calls that fail, are outcomes.

    Raises:
        AccountError, TemporaryError, StoppedError: no further call can be made.
    """
    return await ClusterConversation(cluster, briefing, model, settings, ontology, replicate).run()
