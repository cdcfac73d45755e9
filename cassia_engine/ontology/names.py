"""Every name of every term, indexed by its words.

Keys and values are plain strings (words, or ids, with spaces between): the garbage collector does not walk over them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator

from cassia_engine import package_data
from cassia_engine.ontology.label_words import Words, tokens
from cassia_engine.ontology.terms import Term, Terms

COMMON = 150  # a word in more names than this does not help to find the nearest term


class Index:
    """Terms by a key: by label, and by synonym."""

    def __init__(self) -> None:
        self.labels: dict[str, str] = {}
        self.synonyms: dict[str, str] = {}

    def add(self, key: str, cl_id: str, is_label: bool) -> None:
        index = self.labels if is_label else self.synonyms
        known = index.get(key)
        if known is None:
            index[key] = cl_id
        elif cl_id not in known:
            index[key] = f"{known} {cl_id}"

    def ids(self, key: str) -> list[str]:
        """The terms that have the key by label, or else those that have it by synonym."""
        return (self.labels.get(key) or self.synonyms.get(key, "")).split()

    def __iter__(self) -> Iterator[str]:
        yield from self.labels
        yield from (key for key in self.synonyms if key not in self.labels)


class Names:
    """Looks terms up by the words of their names.

    Attributes:
        table: what the shipped table of whole labels says, by words in order.
        ordered: terms by the words of a name in order, one spelling for each word and nothing else changed.
        past: by words in order, the term that had the label in a past release, and the last such release; no name of
            today is among them.
        obsolete: replacing term by ordered words of a deprecated one's name; "" where nothing replaces it.
    """

    def __init__(self, terms: Terms, words: Words):
        self._terms = terms
        self._words = words
        self._silent = {" ".join(phrase) for kind in ("place", "state", "not_yet") for phrase in words.kinds[kind]}
        self._implied = {w for (w,) in words.kinds["implied"]}
        self.ordered = Index()
        self._bags = Index()
        self._loose = Index()
        self._table_bags = Index()
        self.obsolete: dict[str, str] = {}
        for term in terms:
            self._add_term(term)
        self.past: dict[str, tuple[str, str]] = {}
        for cl_id, name, release in _past():
            self._add_past(cl_id, name, release)
        self.table = {" ".join(plain): cl_id for plain, cl_id in _table() if cl_id in terms}
        for written, cl_id in self.table.items():
            whole = key(words.expand(written.split()).words)
            if " " in whole or words.fillers.isdisjoint(written.split()):  # "red cell" does not make a cell of "red"
                self._table_bags.add(whole, cl_id, True)
        self._index_words()

    def _add_term(self, term: Term) -> None:
        if term.deprecated:
            for name in (term.label, *term.synonyms):
                plain = " ".join(tokens(name.removeprefix("obsolete ")))
                self.obsolete.setdefault(plain, self._terms.current(term.id))
            return
        self._add(term.id, term.label, True)
        for name in term.synonyms:
            self._add(term.id, name, False)

    def _add(self, cl_id: str, name: str, is_label: bool) -> None:
        plain = tokens(name)
        if not plain:
            return
        self.ordered.add(" ".join(plain), cl_id, is_label)
        self._add_bag(cl_id, plain, is_label)

    def _add_past(self, cl_id: str, name: str, release: str) -> None:
        """A label of a past release, unless its words are a name today."""
        plain = tokens(name)
        if cl_id in self._terms and not self.ordered.ids(" ".join(plain)):
            self.past[" ".join(plain)] = (cl_id, release)
            if not self._bags.ids(key(self._words.expand(plain).words)):
                self._add_bag(cl_id, plain, False)

    def _add_bag(self, cl_id: str, plain: Iterable[str], is_label: bool) -> None:
        bag = set(self._words.expand(plain).words)
        whole = key(bag)
        # One letter names a type where it is T or B; all others need their "cell", as in `ordered`.
        # So do the acronyms among the synonyms, many of which are genes and places too.
        if not whole or (" " not in whole and len(whole) <= (1 if is_label else 3) and whole not in "tb"):
            return
        self._bags.add(whole, cl_id, is_label)
        implied = bag & self._implied
        for left in {key(bag - implied), *(key(bag - {w}) for w in implied)} if implied else ():
            if left and not self._silent.issuperset(left.split()):
                self._loose.add(left, cl_id, is_label)

    def _index_words(self) -> None:
        """Names by word: all of them, and each under its rarest word alone."""
        self._postings: dict[str, list[str]] = defaultdict(list)
        self._by_rarest: dict[str, list[str]] = defaultdict(list)
        for name in self._bags:
            for word in name.split():
                self._postings[word].append(name)
        count = {word: len(names) for word, names in self._postings.items()}
        for name in {*self._bags, *self._loose, *self._table_bags}:
            self._by_rarest[min(name.split(), key=lambda w: count.get(w, 0))].append(name)

    def ids(self, words: Collection[str], loose: bool = True) -> list[str]:
        """What has exactly these words in any order: a label, the table, a synonym; if `loose`, also a name but for
        implied words."""
        whole = key(words)
        label = self._bags.labels.get(whole, "")
        if label:
            return label.split()
        table = self._table_bags.ids(whole)
        return table if len(table) == 1 else self._bags.ids(whole) or (self._loose.ids(whole) if loose else [])

    def known(self, word: str) -> bool:
        """Whether the word is in a name of a term or a name itself, or is a letter or number."""
        return word in self._postings or word in self.table or len(word) == 1 or word.isdigit()

    def within(self, words: frozenset[str]) -> Iterator[frozenset[str]]:
        """Every name whose words are all in `words`."""
        for word in words:
            for name in self._by_rarest.get(word, ()):
                if words.issuperset(name.split()):
                    yield frozenset(name.split())

    def nearest(self, words: frozenset[str], count: int = 3) -> tuple[str, ...]:
        """Ids of the terms that share most words with these; a rare word counts more than a common one."""
        shared: Counter[str] = Counter()
        for word in words:
            names = self._postings.get(word, ())
            rare = len(names) <= COMMON
            for name in names if rare else (word,):
                shared[name] += 10 if rare else 1
        ranked = sorted(shared, key=lambda name: (-shared[name] / (2 + len({*name.split(), *words})), name))
        ids = dict.fromkeys(cl_id for name in ranked[: 3 * count] for cl_id in sorted(self._bags.ids(name)))
        return tuple(ids)[:count]

    def one(self, ids: Collection[str]) -> str:
        """The only id, or the one that is above all others; "" if there is neither."""
        return next((i for i in ids if all(self._terms.is_a(other, i) for other in ids)), "")

    def one_named(self, words: Collection[str]) -> str:
        """The only term with exactly these words in any order, or the one above all others; "" if there is neither."""
        return self.one(self.ids(words))


def key(words: Iterable[str]) -> str:
    return " ".join(sorted(set(words)))


def _past() -> Iterator[tuple[str, str, str]]:
    """Term, label and last release of the labels of past releases."""
    for cl_id, _, label, release, _ in package_data.rows("label_past.tsv"):
        yield cl_id, label, release


def _table() -> Iterator[tuple[tuple[str, ...], str]]:
    for cl_id, _, written in package_data.rows("label_terms.tsv"):
        for variant in written.split("; "):
            yield tokens(variant), cl_id
