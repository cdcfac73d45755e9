"""The states of a conversation, what may happen in each, and what follows. Nothing else decides who speaks next.

    ANNOTATE -> CHECK -> CROSS_CHECK -> SECOND -> COMPARE -> ADJUDICATE
       ^          |           |                      |            |
       |          v           v                      v            v
       +------- REVISE       DONE                   DONE         DONE

With a strict validator VALIDATE and JUDGE stand before DONE, and an objection leads to REVISE.
A state in which a model is asked is left by way of EXTEND if the reply was cut off, and of FORMAT if nobody can read
it. docs/conversation.md draws the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto


class State(Enum):
    ANNOTATE = auto()  # a model is asked for an annotation
    CHECK = auto()  # code checks it against the list
    CROSS_CHECK = auto()  # code compares it with marker knowledge, and decides whether there is a doubt
    SECOND = auto()  # a model that sees nothing of the answer is asked for an annotation
    LOOK_UP = auto()  # code looks up the genes that it wants to see
    SECOND_AGAIN = auto()  # it is asked once more, with what was found
    COMPARE = auto()  # code compares the two in the ontology
    ADJUDICATE = auto()  # a model is asked to choose between them
    VALIDATE = auto()  # a model is asked to judge the answer
    JUDGE = auto()  # code decides from the validator's answers
    REVISE = auto()  # what was found becomes the next round's question
    EXTEND = auto()  # a reply that was cut off is asked for again, with twice the tokens
    FORMAT = auto()  # a model is asked to put an unreadable reply into the form
    DONE = auto()


class Event(Enum):
    CLAIM = auto()  # an annotation was read
    OPINION = auto()  # a second annotation was read, with all that can be known
    WANTED = auto()  # a second annotation was read that wants genes to be looked up
    FOUND = auto()  # the table says something of them
    CHOICE = auto()  # an adjudicator's choice was read
    VERDICT = auto()  # a validation was read
    CUT = auto()  # the reply reached the end of its tokens, for the first time
    UNREADABLE = auto()  # it ended by itself, but not in the form
    LOST = auto()  # refused, failed, cut off twice, not to be read at all, or the form itself sent back
    LOST_OPINION = auto()  # that of a second annotator or adjudicator: what was answered before stands
    FIT = auto()  # the claim need not be revised
    SENT_BACK = auto()  # it must be revised, and there is a round left
    DOUBT = auto()  # a second opinion is asked for
    DIFFER = auto()  # the two types differ so that somebody must choose
    SETTLED = auto()  # nobody else is asked
    REVIEW = auto()  # a validator is asked
    AGREED = auto()
    NO_ROUND_LEFT = auto()
    ASKED = auto()  # the question for the next round is written


_READ: Mapping[Event, State] = {
    Event.CLAIM: State.CHECK,
    Event.OPINION: State.COMPARE,
    Event.WANTED: State.LOOK_UP,
    Event.CHOICE: State.DONE,
    Event.VERDICT: State.JUDGE,
    Event.LOST: State.DONE,
    Event.LOST_OPINION: State.DONE,
    Event.REVIEW: State.VALIDATE,
}
_UNREAD: Mapping[Event, State] = {Event.CUT: State.EXTEND, Event.UNREADABLE: State.FORMAT}


def _asked(*read: Event) -> Mapping[Event, State]:
    """What follows where a model is asked, by what was read."""
    return {**_UNREAD, **{event: _READ[event] for event in read}}


_AFTER: Mapping[State, Mapping[Event, State]] = {
    State.ANNOTATE: _asked(Event.CLAIM, Event.LOST),
    State.CHECK: {
        Event.FIT: State.CROSS_CHECK,
        Event.SENT_BACK: State.REVISE,
        Event.LOST: State.DONE,
    },
    State.CROSS_CHECK: {Event.SETTLED: State.DONE, Event.DOUBT: State.SECOND, Event.REVIEW: State.VALIDATE},
    State.SECOND: _asked(Event.OPINION, Event.WANTED, Event.LOST_OPINION, Event.REVIEW),
    State.LOOK_UP: {Event.FOUND: State.SECOND_AGAIN, Event.OPINION: State.COMPARE},
    State.SECOND_AGAIN: _asked(Event.OPINION),
    State.COMPARE: {Event.SETTLED: State.DONE, Event.DIFFER: State.ADJUDICATE, Event.REVIEW: State.VALIDATE},
    State.ADJUDICATE: _asked(Event.CHOICE, Event.LOST_OPINION, Event.REVIEW),
    State.VALIDATE: _asked(Event.VERDICT, Event.LOST),
    State.JUDGE: {Event.AGREED: State.DONE, Event.SENT_BACK: State.REVISE, Event.NO_ROUND_LEFT: State.DONE},
    State.REVISE: {Event.ASKED: State.ANNOTATE},
    State.EXTEND: {Event.UNREADABLE: State.FORMAT, **_READ},
    State.FORMAT: _READ,
}
TRANSITIONS: Mapping[tuple[State, Event], State] = {
    (state, event): after for state, follows in _AFTER.items() for event, after in follows.items()
}
