"""A label as words: one spelling for each word, signs kept, abbreviations written out.

`tokens` is about spelling alone. `Words` knows the shipped table data/label_words.tsv: which words mean the same, and
which do not tell the type (state, place, number).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from cassia_engine import package_data

_GREEK = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu")
_LETTERS = str.maketrans(
    {chr(0x3B1 + i): f" {name} " for i, name in enumerate(_GREEK)}
    | dict.fromkeys("‐‑‒–—−", "-")
    | dict.fromkeys("’‘`´", "'")
    | {"ø": "ph", "ł": "l", "&": "/", "\t": " ", "\n": " "}
)
# A sign after a marker is one character: + positive, ~ negative, > high, < low. "double negative" is a word.
# The first column is in every text that the pattern fits.
_SIGNS = tuple(
    (needle, re.compile(pattern), put)
    for needle, pattern, put in (
        ("tive", r"\b(double|triple|single)[- ]?(positive|negative)\b", r"\1\2"),
        ("-cd", r"\b(cd\d+[a-z]?)-(cd\d+[a-z]?)(?=\s|$)", r"\1/\2"),  # which of the two is meant, nobody knows
        ("pos", r"(?<=\w)[- ]?pos(?:itive)?\b", "+ "),
        ("neg", r"(?<=\w)[- ]?neg(?:ative)?\b", "~ "),
        ("h", r"(?:(?<=\w)-|(?<=\d) ?)(?:high|hi|bright)\b", "> "),
        ("", r"(?:(?<=\w)-|(?<=\d) ?)(?:low|lo|dim)\b", "< "),
        ("+", r"\b([a-z]{1,2})\+(?=\w)", r"\1/"),  # T+NK
        ("++", r"(?<=\w)\+{2,}", "> "),
        ("+", r"(?<=\w)\+", "+ "),
        ("+", r"(?<!\S)\+(?!\S)", "/"),
        ("-cd", r"([\w.]*\d[\w.]*)-(?=cd\d)", r"\1~ "),
        ("-", r"\b(?!(?:pre|pro|non|anti|post|t|b|nk)-)([\w.]+)-(?=\s|$|[,;/)(_])", r"\1~ "),
        ("-", r"\b(pre|pro|non|post)-(?=\w)", r"\1"),
        ("/", r"([+~><])\s*/", r"\1 "),  # markers of one cell: CD4+/CD25+
        ("/", r"(?<=\d)/(?=\d)", "."),
        ("", r"\b(type|group|layer)(\d)", r"\1 \2"),
    )
)
# Most names have none of all that.
_SIGNED = re.compile(
    r"[+/]|itive|ative|pos\b|neg\b|high|hi\b|low|lo\b|bright|dim\b|-(?:\s|$|[,;)(_]|cd\d)|(?:pre|pro|non|post)-"
    r"|(?:type|group|layer)\d"
)
_READABLE = {"~": "{}-", ">": "{}-high", "<": "{}-low"}
_SIGN_WORDS = ("tive", "pos", "neg")
_SHORT_PLURAL = re.compile(r"\b([A-Z]{2,}\d?)s\b")
_TOKEN = re.compile(r"[^\W_]+(?:[.'][^\W_]+)*[+~<>]*|/")
_ROMAN = {"ii": "2", "iii": "3", "iv": "4"}
_NO_PLURAL = ("ss", "us", "is", "os", "as", "'s")


def tokens(text: str) -> tuple[str, ...]:
    """The words of a text in order, in one spelling: case, plural, hyphens, Greek letters, accents, signs."""
    plain = (text if text.islower() else _SHORT_PLURAL.sub(r"\1", text)).lower()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain).casefold().translate(_LETTERS)
        plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = plain.replace("&", "/")
    if (not plain.replace(" ", "").isalpha() or any(map(plain.__contains__, _SIGN_WORDS))) and _SIGNED.search(plain):
        for needle, pattern, put in _SIGNS:
            if needle in plain:
                plain = pattern.sub(put, plain)
    found = _TOKEN.findall(plain)
    return tuple(map(_word, found, ("", *found)))


@lru_cache(maxsize=16_384)
def _word(word: str, before: str) -> str:
    if word.endswith("+"):
        return word.rstrip("+") or word
    if word == "i" and before == "type":
        return "1"
    if len(word) > 3 and word.endswith("s") and not word.endswith(_NO_PLURAL):
        return word[:-3] + "y" if word.endswith("ies") else word[:-1]
    return _ROMAN.get(word, word.removesuffix("'s"))


def readable(word: str) -> str:
    """A word with its sign as people write it."""
    return _READABLE[word[-1]].format(word[:-1]) if word[-1:] in _READABLE else word


class Expanded(NamedTuple):
    """Words with abbreviations written out, fillers left out; `shortened` are the abbreviations that were there."""

    words: tuple[str, ...]
    shortened: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The table of words.

    Attributes:
        phrases: by first word, what is written and what it means, longest first, and whether it is an abbreviation.
        kinds: by kind (state, place, implied, firm, not_yet, link, nothing, spoiled, t_word), phrases in one spelling.
        fillers: words that say nothing, such as "cell".
    """

    phrases: Mapping[str, Sequence[tuple[tuple[str, ...], tuple[str, ...], bool]]]
    kinds: Mapping[str, frozenset[tuple[str, ...]]]
    fillers: frozenset[str]

    @classmethod
    @cache
    def load(cls) -> Words:
        """The shipped table, read once a process."""
        rows = list(package_data.rows("label_words.tsv"))
        fillers = frozenset(w for kind, written, _ in rows if kind == "filler" for w in written.split("; "))
        phrases = defaultdict(list)
        kinds = defaultdict(set)
        for kind, written, meaning in rows:
            for variant in written.split("; "):
                words = tokens(variant)
                if meaning:
                    said = tuple(w for w in words if w not in fillers)
                    phrases[said[0]].append((said, tokens(meaning), kind == "short"))
                else:
                    kinds[kind].add(words)
        ordered = {first: sorted(some, key=lambda row: -len(row[0])) for first, some in phrases.items()}
        return cls(ordered, {kind: frozenset(some) for kind, some in kinds.items()}, fillers)

    def expand(self, words: Iterable[str]) -> Expanded:
        """Fillers dropped, then other spellings and abbreviations replaced by the table's words, the longest first."""
        said = tuple(w for w in words if w not in self.fillers)
        if self.phrases.keys().isdisjoint(said):
            return Expanded(said, ())
        out: list[str] = []
        short: list[str] = []
        at = 0
        while at < len(said):
            for written, meaning, is_short in self.phrases.get(said[at], ()):
                if said[at : at + len(written)] == written:
                    out += meaning
                    short += [" ".join(written)] * is_short
                    at += len(written)
                    break
            else:
                out.append(said[at])
                at += 1
        return Expanded(tuple(out), tuple(short))

    def has(self, kind: str, words: Iterable[str]) -> bool:
        """Whether the words together are of this kind."""
        return tuple(words) in self.kinds[kind]

    def take(self, words: Sequence[str], kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The words without those of a kind, and those, as phrases."""
        known = self.kinds[kind]
        left: list[str] = []
        taken: list[str] = []
        at = 0
        while at < len(words):
            size = next((n for n in (3, 2, 1) if tuple(words[at : at + n]) in known), 0)
            if size:
                taken.append(" ".join(words[at : at + size]))
            else:
                left.append(words[at])
            at += size or 1
        return tuple(left), tuple(taken)
