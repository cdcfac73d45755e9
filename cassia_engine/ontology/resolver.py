"""From a label to its term: ids in it first, then the strategies of `matching` and `lists` in turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from cassia_engine.ontology import lists
from cassia_engine.ontology.label_words import tokens
from cassia_engine.ontology.matching import Matcher
from cassia_engine.ontology.resolution import Hit, Resolution, miss
from cassia_engine.ontology.terms import WRITTEN_ID, Terms
from cassia_engine.records import How

LONGEST = 300  # characters; a longer text is no label
REMEMBERED = 20_000  # labels
_ID = re.compile(rf"[\[({{]?\s*\b{WRITTEN_ID.pattern}\b\s*[\])}}]?", re.IGNORECASE)
_Strategy = Callable[[Matcher, str, list[str]], Hit | None]
# Of a label that is no name as it stands: the first that has an answer counts.
_STRATEGIES: tuple[_Strategy, ...] = (lists.resolve, Matcher.stripped, lists.outside_brackets, Matcher.broader)


class Resolver:
    """Resolves labels against the terms of one ontology; results are remembered."""

    def __init__(self, terms: Terms):
        self._terms = terms
        self._match = Matcher(terms)
        self._known: dict[str, Resolution] = {}

    def resolve(self, label: str) -> Resolution:
        known = self._known.get(label)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[label] = self._resolve(label)
        return known

    def _resolve(self, label: str) -> Resolution:
        steps: list[str] = []
        if len(label) > LONGEST:
            hit = miss(f"longer than {LONGEST} characters: no label")
        else:
            ids = [f"CL:{number}" for number in _ID.findall(label)]
            text = " ".join(_ID.sub(" ", label).split()) if ids else " ".join(label.split())
            hit = self._with_id(text, ids, steps) if ids else self._text(text, steps)
        candidates = () if hit.cl_id or len(label) > LONGEST else self._candidates(label)
        name = self._terms.label(hit.cl_id)
        return Resolution(
            label, hit.cl_id, name, hit.how, hit.why, hit.set_aside, candidates, tuple(dict.fromkeys(steps))
        )

    def _candidates(self, label: str) -> tuple[str, ...]:
        ids = tuple(i for number in _ID.findall(label) if (i := self._terms.current(f"CL:{number}")))
        words = self._match.words.expand(tokens(_ID.sub(" ", label))).words
        if self._match.says_no_type(label):
            return ids[:3]
        bare = self._match.words.take(self._match.words.take(words, "state")[0], "spoiled")[0]
        return tuple(dict.fromkeys((*ids, *self._match.names.nearest(frozenset(bare)))))[:3]

    def _with_id(self, text: str, ids: Sequence[str], steps: list[str]) -> Hit:
        """A label with CL ids in it: they must agree with the words, which are trusted."""
        steps.append(f"id {', '.join(ids)}")
        found = {self._terms.current(i) for i in ids}
        named = ", ".join(f"{i} ({self._terms.label(i) or 'not in this release'})" for i in ids)
        if not tokens(text):
            cl_id = found.pop() if len(found) == 1 else ""
            if not cl_id:
                return miss(f"{named}: several ids, or none that is current")
            old = cl_id not in ids
            return Hit(cl_id, How.OBSOLETE if old else How.ID, f"{named} is replaced" if old else "the id itself")
        hit = self._text(text, steps)
        if not hit.cl_id:
            return hit._replace(why=f"{hit.why}; the id {named} was not taken, for the words decide")
        if found != {hit.cl_id}:
            return hit._replace(why=f"{hit.why}; the id says otherwise, {named}, and the words were trusted")
        return hit._replace(why=f"{hit.why}; the id agrees")

    def _text(self, text: str, steps: list[str]) -> Hit:
        """The first step that has an answer, or the reason of the last."""
        words = tokens(text)
        whole = self._match.whole(text, steps) if words else None
        if whole:
            return whole
        spoiled = self._match.words.take(words, "spoiled")[1]
        if not words or self._match.words.has("nothing", words) or spoiled:
            return miss(f"{' '.join(spoiled or words) or 'the text'} names no cell type")
        found = (strategy(self._match, text, steps) for strategy in _STRATEGIES)
        hit = next(filter(None, found), None)
        none = "says a state, place or number, no type" if self._match.says_no_type(text) else "no name fits its words"
        return hit or miss(none)
