"""Words of a reply that say nothing, or name no type: those of a form that was not filled in, "unknown", "none"."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from cassia_engine.replies import reply_values
from cassia_engine.replies.markup import bare_label

# Words that name no type. A lineage of these, without a candidate, says "unresolved".
NAMELESS = frozenset(
    {"", "unresolved", "unknown", "unknown cell", "unknown cell type", "undetermined", "not determined", "unidentified"}
    | {"unassigned", "unclassified", "uncertain", "unclear", "ambiguous", "none", "null", "n/a", "na", "other", "mixed"}
    | {"cell", "cells", "a cell", "cell type", "unspecified", "unsure", "not sure", "i don't know", "not known"}
    | {"cannot determine", "cannot be determined", "cannot tell", "cannot say", "could not be determined", "no idea"}
    | {"inconclusive", "indeterminate", "insufficient evidence", "insufficient information", "insufficient data"}
    | {"no answer", "no cell type", "no match", "none of the above", "not identified", "not specified", "not clear"}
)
# Words of a form that was not filled in. An "N/A" or "null" alone may also say that nothing is known.
_FORM = frozenset(
    {"string", "str", "text", "value", "name", "type", "label", "placeholder", "example", "candidate", "tbd", "xxx"}
    | {"cell type", "lineage", "lineage name", "cl name", "cell type name", "cell type here", "name of cell type"}
    | {"candidate type", "test", "error", "gene", "genes", "marker", "markers", "marker gene", "marker genes"}
    | {"your answer", "your answer here", "insert cell type", "insert cell type here", "enter cell type", "foo", "bar"}
    | {"broad cell type", "general cell type", "main cell type", "detailed cell type", "sub cell type", "subtype"}
    | {"gene expression", "lorem ipsum"}
    | {"cluster", "the cluster", "this cluster", "annotation", "cell type annotation", "result", "answer", "output"}
    | {"most specific cell type", "specific cell type", "best cell type", "best candidate", "ranked best first", "asdf"}
    | {"the broad cell type", "the cell type", "the lineage", "most likely cell type", "to be determined", "your type"}
)
_UNFILLED = frozenset({"n/a", "na", "null", "none", "not applicable", "not available", "undefined", "nan"})
_BRACED = re.compile(
    r"<[^<>]*>|\[[^\[\]]*\]|\{[^{}]*\}|\$\w+|(?=(?s:.*)(?:\.\.\.|…))[\W_]++"
    r"|(?:cell ?type|type|candidate|lineage|cluster) ?[0-9a-z]"
)
_NOTHING = re.compile(
    r"[\W_]*|n/?a|nil|null|nan|no|none|nothing|false|not applicable|not available|not mixed|empty|single (?:cell )?type"
    r"|(?:none|no|nothing)(?: (?:was|were|is|are|clear|obvious|apparent|significant|strong|major|other|real|such|listed"
    r"|known|found|identified|detected|observed|noted|present|conflicts?|contradictions?|mixtures?"
    r"|(?:conflicting|contradicting|contradictory) (?:genes?|markers?|evidence)))+"
)


@lru_cache(maxsize=1024)
def nameless(label: str) -> bool:
    """Whether a label names no cell type."""
    return not any(map(str.isalpha, label)) or _plain(label) in NAMELESS or placeholder(label)


def placeholder(label: str) -> bool:
    """Whether a label is what stands in a form before it is filled in: "...", "<cell type>", "string", "N/A"."""
    return of_the_form(label) or _plain(label) in _UNFILLED


@lru_cache(maxsize=1024)
def of_the_form(label: str) -> bool:
    """Whether a label is a word of the form that was asked for."""
    bare = _plain(label)
    return bare in _FORM or bool(_BRACED.fullmatch(label.strip()) or _BRACED.fullmatch(bare))


def _plain(label: str) -> str:
    return " ".join(label.replace("_", " ").replace("’", "'").casefold().strip(" .").split())


def stated(value: Any) -> str:
    """A text; "" for words that say that there is nothing to say, and for those of the form itself."""
    said = reply_values.text(value)
    return "" if is_nothing(said) or of_the_form(said) else said


def is_nothing(said: str) -> bool:
    """Whether a text says that there is nothing to say."""
    return bool(_NOTHING.fullmatch(said.casefold().strip(" .!*_`\"'")))


def label_of(value: Any) -> str:
    """A type's name without markup; what stands in a form before it is filled in, as it is."""
    said = reply_values.text(value)
    return said if placeholder(said) else bare_label(said) or said


@lru_cache(maxsize=4096)
def is_given(gene: str) -> bool:
    """Whether a text where a gene is meant is more than a word for none."""
    return not (is_nothing(gene) or of_the_form(gene))
