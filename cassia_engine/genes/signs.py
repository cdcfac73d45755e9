"""Quotes, brackets, signs and words around the names of genes, a gene a row: [CD3D], "CD3D", CD3D+, CD3D high."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from cassia_engine.genes.list_gene import gene_of, with_word
from cassia_engine.genes.recognised import is_recognised

# A bracket within a name belongs to it: Su(H), Fkbp4[12].
_SIGNED = re.compile(
    r"""(?P<open>["'`\[({<“‘„«]*)\s*(?P<name>[^\s"'`“”‘’„«»\[\]{}<>]+?)\s*"""
    r"""(?P<close>["'`\])}>”’“»]*)(?P<end>(?:[+＋⁺*†‡]|\(\+\))*)"""
)
_MOST = 0.8
# What may be a number, a value or a word for the expression of a gene, as in lists.
_WORDS = re.compile(r"[\s:=@↑]|\([-+]?\d[\d.,]*\s?[x×%]?\)$")
_ATTACHED = re.compile(r"(?:low|lo|dim|neg|negative|high|hi|bright|pos|positive|int|mid|up|down)$")


def without_signs(names: Collection[str]) -> tuple[str, Mapping[str, str]]:
    """Names without what is written around them: where known symbols come of it, or most names have signs."""
    found = {name: plain for name in names if (plain := _plain(name))}
    known = {name: plain for name, plain in found.items() if is_recognised(plain)}
    are_shared = len(found) >= _MOST * len(names) and 2 * len(known) >= len(found)
    return "signs or words around the name", found if are_shared else known


def _plain(name: str) -> str:
    """A name without its signs; "" where it has none, is known with them, or would lose one of its own brackets."""
    # CD27hi has the form of an antibody's target, and so is recognised.
    has_word = bool(_ATTACHED.search(name) and with_word(name))
    if not has_word and (name.isalnum() or is_recognised(name)):
        return ""
    if has_word or _WORDS.search(name):
        gene, is_absent = gene_of(name)
        return gene if gene != name and not is_absent else ""
    found = _SIGNED.fullmatch(name)
    if not found or not (found["open"] or found["close"] or found["end"]):
        return ""
    return found["name"] if found["name"].count("(") == found["name"].count(")") else ""
