"""Replies: the shapes asked for, and reading what really came.

markup        texts without the markup around them
shapes        the JSON schemas, one a role
questions     the validator's questions, with the answers that agree
reading       the JSON object in a reply, whatever surrounds it
lines         the fields of a reply that has a line for each
keys          names of fields, however they are written
entries       lists of objects, in whatever form they came
reply_values  its values as plain ones
placeholders  words that say nothing or name no type
claims        the claim, the choice or the verdict in a reply
enquiries     the hypotheses in a reply, and the genes that it asks for
"""

from cassia_engine.replies.claims import (
    answer_label,
    invented,
    is_unresolved,
    named_candidates,
    read_adjudication,
    read_annotation,
    read_validation,
    repeats_form,
)
from cassia_engine.replies.enquiries import read_enquiry
from cassia_engine.replies.placeholders import nameless
from cassia_engine.replies.reading import Unreadable

__all__ = [
    "Unreadable",
    "answer_label",
    "invented",
    "is_unresolved",
    "named_candidates",
    "nameless",
    "read_adjudication",
    "read_annotation",
    "read_enquiry",
    "read_validation",
    "repeats_form",
]
