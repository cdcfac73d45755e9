"""The language-model annotator.

model_annotator  clusters in, results out: opens the account, and works in a thread of its own
accounts         who is asked: the accounts of a run, and the clients for them
exchanges        what makes attempts at their calls, within the budget and the journal
batching         batches in place of single calls
spending         the budget of a run
work             the conversations of a chunk, many at once, until all are held or the run ends early
egress           the requests of a chunk, shown in place of being sent
conversations    the conversations of a chunk's clusters, and which are held anew
kept             what of a cluster's conversations is needed to hold them again
genes            what the marker table says of genes that second annotators ask for
cross_check      marker knowledge beside a model
"""

from cassia_engine.llm.model_annotator import KEPT, NOTICE, ModelAnnotator

__all__ = ["KEPT", "NOTICE", "ModelAnnotator"]
