"""The language-model annotator.

model_annotator  clusters in, results out: opens the account, and works in a thread of its own
accounts         who is asked: the accounts of a run, and the clients for them
spending         the budget of a run
work             the conversations of a chunk, many at once, until all are held or the run ends early
conversations    the conversations of a chunk's clusters, and which are held anew
kept             what of a cluster's conversations is needed to hold them again
cross_check      marker knowledge beside a model
"""

from cassia_engine.llm.model_annotator import KEPT, NOTICE, ModelAnnotator

__all__ = ["KEPT", "NOTICE", "ModelAnnotator"]
