"""The states of a conversation, what may happen in each, and what follows. Nothing else decides who speaks next.

    ANNOTATE -> CHECK -> VALIDATE -> JUDGE -> DONE
       ^          |                    |
       |          v                    v
       +------- REVISE <---------------+

ANNOTATE and VALIDATE leave by way of EXTEND if the reply was cut off, and of FORMAT if nobody can read it.
docs/conversation.md draws the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto


class State(Enum):
    ANNOTATE = auto()  # a model is asked for an annotation
    CHECK = auto()  # code checks it against the list
    VALIDATE = auto()  # a model is asked to judge it
    JUDGE = auto()  # code decides from the validator's answers
    REVISE = auto()  # what was found becomes the next round's question
    EXTEND = auto()  # a reply that was cut off is asked for again, with twice the tokens
    FORMAT = auto()  # a model is asked to put an unreadable reply into the form
    DONE = auto()


class Event(Enum):
    CLAIM = auto()  # an annotation was read
    VERDICT = auto()  # a validation was read
    CUT = auto()  # the reply reached the end of its tokens, for the first time
    UNREADABLE = auto()  # it ended by itself, but not in the form
    LOST = auto()  # refused, failed, cut off twice, not to be read at all, or the form itself sent back
    FIT = auto()  # the claim may go to the validator
    SENT_BACK = auto()  # it must be revised, and there is a round left
    AGREED = auto()
    NO_ROUND_LEFT = auto()
    ASKED = auto()  # the question for the next round is written


TRANSITIONS: Mapping[tuple[State, Event], State] = {
    (State.ANNOTATE, Event.CLAIM): State.CHECK,
    (State.ANNOTATE, Event.CUT): State.EXTEND,
    (State.ANNOTATE, Event.UNREADABLE): State.FORMAT,
    (State.ANNOTATE, Event.LOST): State.DONE,
    (State.CHECK, Event.FIT): State.VALIDATE,
    (State.CHECK, Event.SENT_BACK): State.REVISE,
    (State.CHECK, Event.LOST): State.DONE,
    (State.VALIDATE, Event.VERDICT): State.JUDGE,
    (State.VALIDATE, Event.CUT): State.EXTEND,
    (State.VALIDATE, Event.UNREADABLE): State.FORMAT,
    (State.VALIDATE, Event.LOST): State.DONE,
    (State.JUDGE, Event.AGREED): State.DONE,
    (State.JUDGE, Event.SENT_BACK): State.REVISE,
    (State.JUDGE, Event.NO_ROUND_LEFT): State.DONE,
    (State.REVISE, Event.ASKED): State.ANNOTATE,
    (State.EXTEND, Event.CLAIM): State.CHECK,
    (State.EXTEND, Event.VERDICT): State.JUDGE,
    (State.EXTEND, Event.UNREADABLE): State.FORMAT,
    (State.EXTEND, Event.LOST): State.DONE,
    (State.FORMAT, Event.CLAIM): State.CHECK,
    (State.FORMAT, Event.VERDICT): State.JUDGE,
    (State.FORMAT, Event.LOST): State.DONE,
}
