"""The offline annotator, which scores markers and asks no language model (docs/offline.md).

annotator  clusters in, results out
scoring    ranks the cell types of the knowledge for a list of markers
verdict    judges a ranking: score, checks
features   what is known of the answer, as numbers
confidence how sure it is
account    what was done, in plain English
"""

from cassia_engine.offline.annotator import NOTICE, OfflineAnnotator, open_annotator

__all__ = ["NOTICE", "OfflineAnnotator", "open_annotator"]
