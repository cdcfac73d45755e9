"""Outputs made again from a conversations file alone: nothing is sent, and each conversation is held anew with the
recorded answers.

reading    the file, and what is wrong with one that cannot be replayed
recording  a chat model and a lookup that take their answers from the file
holding    the results of all clusters, as their conversations lead to them now
replay     these compared with what is recorded, and the outputs
"""

from cassia_engine.replaying.replay import Replayed, replayed

__all__ = ["Replayed", "replayed"]
