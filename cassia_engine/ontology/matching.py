"""Steps from a label's words to a term, from the surest to the loosest, and the guards that make a miss of a guess."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cassia_engine.ontology.label_words import Words, readable, tokens
from cassia_engine.ontology.names import Names
from cassia_engine.ontology.qualifiers import Qualifiers
from cassia_engine.ontology.resolution import Hit, miss
from cassia_engine.ontology.terms import Terms
from cassia_engine.records import How

# Words that join types; a label with them names several things, whatever else it says.
_JOINS = frozenset({"/", "and", "or", "vs"})
_STRIPPED = (("state",), ("number",), ("state", "number"), ("place",), ("state", "place", "number"))
# cell, eukaryotic cell, precursor cell, progenitor cell, stem cell: no answer for a label that says more
SAYS_LITTLE = frozenset({"CL:0000000", "CL:0000255", "CL:0011115", "CL:0011026", "CL:0000034"})


class Matcher:
    """Matches a text without parts to a term; the index of names is built when this is made."""

    def __init__(self, terms: Terms):
        self.terms = terms
        self.words = Words.load()
        self.names = Names(terms, self.words)
        self.qualifiers = Qualifiers(terms, self.words, self.names)
        terms.find("")  # makes its own index

    def whole(self, text: str, steps: list[str]) -> Hit | None:
        """The text as it stands: label, table, synonym, spelling."""
        steps.append("label")
        folded, words = text.casefold(), " ".join(tokens(text))
        exact = self.terms.find(text)
        if exact and self.terms.label(exact).casefold() == folded:
            return Hit(exact, How.EXACT, "the term's label")
        ordered = self.names.ordered
        label = self.names.one(ordered.labels.get(words, "").split())
        if label:
            return Hit(label, How.NORMALISED, "the term's label but for spelling")
        steps.append("table of whole labels")
        table = self.names.table.get(words)
        if table:
            return Hit(table, How.ABBREVIATION, "in the table of whole labels")
        steps.append("synonym")
        if exact:
            return Hit(exact, How.SYNONYM, "a synonym of the term")
        ids = ordered.ids(words)
        if ids:
            cl_id = self.names.one(ids)
            return Hit(cl_id, How.NORMALISED, "a synonym but for spelling") if cl_id else self._ambiguous(ids)
        steps.append("labels of past releases")
        if words in self.names.past:
            cl_id, release = self.names.past[words]
            return Hit(cl_id, How.SYNONYM, f"the term's label in release {release}")
        steps.append("obsolete names")
        old = self.names.obsolete.get(words)
        if old is not None:
            why = "an obsolete term's name" + ("" if old else ", and nothing replaces it")
            return Hit(old, How.OBSOLETE if old else How.MISS, why)
        return None

    def stripped(self, text: str, steps: list[str], loose: bool = True) -> Hit | None:
        """The words in any order; then without what does not tell the type: state, number, place."""
        words, short = self.words.expand(tokens(text))
        steps.append("words")
        hit = self._bag(words, short, (), loose)
        for kinds in _STRIPPED if hit is None else ():
            left, aside = self._strip(words, kinds)
            if aside and left:
                steps.append(f"words without {', '.join(aside)}")
                hit = self._bag(left, short, aside, loose)
                if hit:
                    break
        return hit

    def _strip(self, words: Sequence[str], kinds: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        left: tuple[str, ...] = tuple(words)
        aside: tuple[str, ...] = ()
        for kind in kinds:
            if kind == "number":
                more = tuple(w for w in left if w.isdigit())
                # A number after "type" or "group" is part of the name.
                if {"type", "group", "helper", "stage"} & set(left):
                    more = ()
                left = tuple(w for w in left if w not in more)
            else:
                left, more = self.words.take(left, kind)
            aside += more
        return left, aside

    def _bag(self, words: Sequence[str], short: Sequence[str], aside: tuple[str, ...], loose: bool) -> Hit | None:
        bag = frozenset(words)
        how = How.ABBREVIATION if short else How.TOKENS
        for some in (bag, self._implied_t(bag)):
            ids = self.names.ids(some, loose) if some else []
            if ids:
                cl_id = self.names.one(ids)
                why = f"{', '.join(short)} written out" if short else "the same words as a name of the term"
                return Hit(cl_id, how, why, aside) if cl_id else self._ambiguous(ids)
        return None

    def _implied_t(self, bag: frozenset[str]) -> frozenset[str]:
        """CD4 or CD8 among words of T cells alone means a T cell."""
        if bag & {"cd4", "cd8"} and "t" not in bag and all(self._of_t_cell(w) for w in bag):
            return bag | {"t"}
        return frozenset()

    def _of_t_cell(self, word: str) -> bool:
        return word.isdigit() or self.words.has("t_word", (word,)) or self.words.has("state", (word,))

    def says_no_type(self, text: str) -> bool:
        return not self._strip(self.words.expand(tokens(text)).words, ("state", "place", "number"))[0]

    def strong(self, text: str, steps: list[str], loose: bool = True) -> Hit | None:
        """Everything but the search for a broader term; if not `loose`, no word goes without saying."""
        return self.whole(text, steps) or self.stripped(text, steps, loose)

    def broader(self, text: str, steps: list[str]) -> Hit | None:
        """The most specific term all of whose words are in the label, if what is left over contradicts nothing."""
        steps.append("broader")
        origin, words = self.qualifiers.without_origin(self.words.expand(tokens(text)).words)
        if self.qualifiers.says_origin(text):
            return miss(f"{' '.join(origin)} says what the cell is related to, not what it is")
        bag = self._implied_t(frozenset(words)) or frozenset(words)
        if not bag.isdisjoint(_JOINS):
            return miss("names several things, and not all of them are cell types")
        found = {name: i for name in self.names.within(bag) if (i := self.names.one_named(name))}
        cl_id, ids = self._nearest_above(found)
        if not cl_id:
            return self._ambiguous(ids) if ids else None
        used = self.qualifiers.used(cl_id, found)
        left = tuple(dict.fromkeys((*origin, *(w for w in words if w not in used))))
        why_not = self._guard(cl_id, left[len(origin) :], bool(origin))
        if why_not:
            return miss(why_not)
        said, aside = self._strip(left, ("state", "place", "number"))
        if not said:
            return Hit(cl_id, How.TOKENS, "its words are the term's and its parents'", aside)
        said = tuple(map(readable, said))
        return Hit(cl_id, How.BROADER, f"no place for {', '.join(said)}", (*aside, *said))

    def _nearest_above(self, found: Mapping[frozenset[str], str]) -> tuple[str, set[str]]:
        """The term below all others of the longest names, or else the nearest above them all; and these."""
        ids = {i for name, i in found.items() if not any(name < other for other in found)}
        cl_id = next((i for i in ids if all(self.terms.is_a(i, other) for other in ids)), "")
        if not cl_id:
            above = {i for i in found.values() if all(self.terms.is_a(other, i) for other in ids)}
            cl_id = max(above, key=lambda i: (len(self.terms.ancestors(i)), i), default="")
        return cl_id, ids

    def _guard(self, cl_id: str, left: Sequence[str], origin: bool) -> str:
        """Why the term must not be taken, with these words left over; or ""."""
        label = self.terms.label(cl_id)
        if cl_id in SAYS_LITTLE and (left or origin):
            return f"nothing nearer than {label}, which says too little"
        early = self.qualifiers.is_early(cl_id)
        said = self.words.take(left, "state")[0]
        changing = [w for w in said if self.qualifiers.changes_type(w, early)]
        if early:  # a precursor of regulatory T cells is no pro-T cell
            changing += [w for w in said if self.words.has("t_word", (w,))]
        if changing:
            return f"{', '.join(map(readable, changing))} changes the type, and {label} is not it"
        other = next((i for w in left if not self._silent(w) and (i := self.names.one_named({w}))), "")
        return f"names several types: {self.labels({cl_id, other})}" if other else ""

    def _silent(self, word: str) -> bool:
        return self.words.has("place", (word,)) or self.words.has("state", (word,))

    def _ambiguous(self, ids: Iterable[str]) -> Hit:
        return miss(f"fits several terms, none above the others: {self.labels(ids)}")

    def labels(self, ids: Iterable[str]) -> str:
        return ", ".join(sorted(map(self.terms.label, ids))[:4])
