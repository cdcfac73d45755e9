"""Signs and words for the level of a gene's expression, spelled alike: CD3D^{hi} as CD3Dhi, CD25-/lo as CD25-."""

from __future__ import annotations

import re
import unicodedata

from cassia_engine.genes.expression_words import is_absent_word
from cassia_engine.genes.recognised import is_recognised

_LEVEL = r"(?:high|hi|bright|pos|low|lo|dim|neg|int|mid|[+\-−])"
_RAISED = re.compile(rf"\$?\^(?:\{{\s?(?P<braced>{_LEVEL})\s?\}}|(?P<bare>{_LEVEL})(?!\w))[\^$]?")
# Letters that are written above the line, as those of hi, lo, dim, bright and neg.
_SUPERSCRIPT = re.compile("[ʰⁱˡᵒʷᵍᵈᵐᵇʳᵗⁿᵉᵖˢ]{2,6}")
# "CD127lo/-", "CD25-/lo", "CD3D+/-"
_TWO = re.compile(rf"(?<![\w/])(?P<gene>[A-Za-z][\w.]{{1,30}}?)(?P<one>{_LEVEL})\s?/\s?(?P<other>{_LEVEL})(?![\w/])")


def plain_levels(text: str) -> str:
    """The text with one sign or word for the level of each gene; of two levels both must say absent, or it is none."""
    if not text.isascii():
        text = _SUPERSCRIPT.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    if "^" in text:
        text = _RAISED.sub(lambda found: found["braced"] or found["bare"], text)
    return _TWO.sub(_one_level, text) if "/" in text else text


def _one_level(found: re.Match[str]) -> str:
    if not is_recognised(found["gene"]):
        return found[0]
    both_absent = is_absent_word(found["one"]) and is_absent_word(found["other"])
    return f"{found['gene']}{'-' if both_absent else '+'}"
