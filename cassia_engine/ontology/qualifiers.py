"""Words that change a type or stand beside one: "precursor", "immature", "pre-", "-derived", "-primed".

A monocyte precursor is no monocyte, and a monocyte-derived cell need not be one. Which words these are is in the
table data/label_words.tsv: kinds `not_yet`, `link` and `firm`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cassia_engine.ontology.label_words import Words, tokens
from cassia_engine.ontology.names import Names
from cassia_engine.ontology.terms import Terms

_PREFIX = re.compile("^(?:non|pre|pro)+")
_ANATOMICAL = frozenset(
    {"frontal", "optic", "motor", "central", "synaptic", "vertebral", "capillary", "limbic", "tectal"}
)
_LONGEST_NAME = 4  # words of a type before "derived"


class Qualifiers:
    """Tells what qualifying words do to a type."""

    def __init__(self, terms: Terms, words: Words, names: Names):
        self._terms = terms
        self._words = words
        self._names = names

    def without_origin(self, words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """A type before "derived", "primed" and the like, with that word; and the other words.

        "monocyte derived" says what a cell comes from: in "monocyte-derived cell" there is no type, and a
        "pericyte-derived fibroblast" is a fibroblast. A name that has the word itself stays whole.
        """
        for at in range(len(words) - 1, 0, -1):
            if not self._words.has("link", (words[at],)):
                continue
            if any(words[at] in name for name in self._names.within(frozenset(words))):
                continue
            size = self._size_of_type(words[:at])
            if size:
                return words[at - size : at + 1], words[: at - size] + words[at + 1 :]
        return (), words

    def _size_of_type(self, words: tuple[str, ...]) -> int:
        """How many of the last words are one type together; 0 if the last word names none."""
        last = self._names.one_named(words[-1:])
        for size in range(min(_LONGEST_NAME, len(words)), 0, -1):
            named = self._names.ids(words[-size:])
            # "macrophage monocyte" are two types, "duct epithelial" is one
            if named and (not last or any(self._terms.is_a(i, last) for i in named)):
                return size
        return 0

    def says_origin(self, text: str) -> bool:
        """Whether the text is of the kind "monocyte-derived" and says nothing else."""
        origin, words = self.without_origin(self._words.expand(tokens(text)).words)
        return bool(origin) and not words

    def used(self, cl_id: str, found: Mapping[frozenset[str], str]) -> frozenset[str]:
        """The words that the term accounts for: those of its own names, and of its parents' but for progenitor and the
        like: the ontology has monocytes below progenitor cell, and a monocyte progenitor is no monocyte."""
        return frozenset(
            word
            for name, i in found.items()
            if self._terms.is_a(cl_id, i)
            for word in name
            if i == cl_id or not self._words.has("not_yet", (word,))
        )

    def is_early(self, cl_id: str) -> bool:
        """Whether the term itself is a progenitor, an immature cell or the like."""
        return any(map(self.says_early, tokens(self._terms.label(cl_id))))

    def says_early(self, word: str) -> bool:
        """Whether the word says that a cell is not yet of the type: precursor, immature, pre-B."""
        words, short = self._words.expand((word,))
        return (not short and any(self._words.has("not_yet", (w,)) for w in words)) or self._prefixed(word)

    def means_early(self, word: str) -> bool:
        """Whether the word says so, or stands for a term that does, as CLP."""
        return self.says_early(word) or self.is_early(self._names.one_named(self._words.expand((word,)).words))

    def _prefixed(self, word: str) -> bool:
        """Whether the word is a type's with "non", "pre" or "pro" before it; of abbreviations only "pre" and "pro".

        Any word that describes types may follow "pre", as in pre-white adipocyte, but for states.
        """
        bare = _PREFIX.sub("", word)
        if bare == word:
            return False
        words = (bare,) if word.startswith("non") else self._words.expand((bare,)).words
        if not bare or self._names.one_named(words):
            return True
        telling = self._words.take(words, "state")[0]
        described = bare not in _ANATOMICAL and (any(map(self._names.known, telling)) or bare in self._words.fillers)
        return word.startswith("pre") and described and not self._names.known(word)

    def changes_type(self, word: str, early: bool) -> bool:
        """Whether what the word says is not of the type; "early" changes no progenitor, which is early itself."""
        unripe = self._words.has("not_yet", (word,)) and not early
        return unripe or self._words.has("firm", (word,)) or self._prefixed(word)
