"""Free text about a tissue ("PBMC", "Fetal skin", "renal cortex") as names of tissues that the knowledge has."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache

from cassia_engine import package_data

ANY = "any"
_LIKE = 0.8  # of 1, by difflib: how like a word is to one of the table that is offered in its place
_MOST_LOOKED_UP = 20  # words of a text for which a like one is looked for, which takes long
# Said on purpose: no tissue is known, or cells of many tissues are in the data.
BLIND = frozenset(
    {"", "none", "na", "n a", "not known", "unknown", "any", "all", "other", "various", "mixed", "multiple"}
    | {"multiple tissues", "pan tissue", "whole body", "fetal whole body", "whole organism", "whole embryo"}
    | {"body", "atlas", "tumor", "tumour", "cancer"}
)


@dataclass(frozen=True, slots=True)
class Tissues:
    """The tissues that a text names.

    Attributes:
        named: names as the knowledge writes them; empty means that every tissue counts the same.
        near: tissues whose cell types are to be expected there too.
        known: False if the text says something that no word of the table explains.
    """

    named: frozenset[str] = frozenset()
    near: frozenset[str] = field(default=frozenset())
    known: bool = True


@dataclass(frozen=True, slots=True)
class TissueTable:
    """Words that name a tissue, and the tissues near it."""

    words: Mapping[str, str]
    near: Mapping[str, frozenset[str]]

    @classmethod
    @cache
    def load(cls) -> TissueTable:
        """The shipped table, read once a process."""
        rows = list(package_data.rows("tissues.tsv"))
        words = {_plain(word): name for name, phrases, _ in rows for word in phrases.split("; ")}
        near = {name: frozenset(filter(None, others.split("; "))) for name, _, others in rows}
        return cls(words, near)

    def name(self, tissue: str) -> str:
        """One name for the tissue of a knowledge row: the table's where it has one, else the row's own."""
        plain = _plain(tissue)
        return self.words.get(plain) or plain or ANY

    def read(self, text: str, own: Iterable[str] = ()) -> Tissues:
        """The tissues named in `text`: longest phrases first, each word of the text used once.

        Args:
            own: further names, of tissues that only the person's own knowledge file has.
        """
        plain = _plain(text)
        if not plain and any(map(str.isalnum, text)):
            return Tissues(known=False)  # words of another script
        if plain in BLIND:
            return Tissues()
        words = {name: name for name in own} | dict(self.words)
        named = set()
        for phrase in sorted(words, key=lambda p: (-len(p), p)):
            plain, hits = re.subn(rf"\b{re.escape(phrase)}s?\b", "|", plain)
            if hits:
                named.add(words[phrase])
        near = frozenset[str]().union(*(self.near.get(name, frozenset()) for name in named))
        return Tissues(frozenset(named), near - named, known=bool(named))

    def nearest(self, text: str) -> str:
        """The word for a tissue that a text, or one of its words, is a letter or so off; "" if none is."""
        plain = _plain(text)
        for written in (plain, *dict.fromkeys(plain.split()))[:_MOST_LOOKED_UP]:
            if len(written) > 2 and (near := difflib.get_close_matches(written, self.words, n=1, cutoff=_LIKE)):
                return near[0]
        return ""


@lru_cache(maxsize=1024)  # a table repeats its few tissues in every row
def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9']+", " ", unicodedata.normalize("NFKC", text).lower()).split())
