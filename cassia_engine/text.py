"""Characters that are not seen, and texts without them.

The constants are the insides of character classes of regular expressions.
"""

from __future__ import annotations

# All but tab, line feed and carriage return.
CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
# Soft hyphens, joiners, and marks of the writing direction: copying from a web page or a PDF leaves them in names.
ZERO_WIDTH = r"\xad\u200b-\u200f\u2060-\u2064\ufeff"
# They turn the order of the letters after them around.
OVERRIDES = r"\u202a-\u202e\u2066-\u2069"
# Letters and selectors without a width of their own.
FILLERS = r"\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u206a-\u206f\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufffb"
INVISIBLE = ZERO_WIDTH + OVERRIDES + FILLERS
# Halves of surrogate pairs, which UTF-8 cannot write.
SURROGATES = r"\ud800-\udfff"
# These and NUL: UTF-8 has not the first, and texts in HDF5 have not the last.
NO_TEXT = SURROGATES + r"\x00"


def counted(count: int, noun: str) -> str:
    """1 cluster, 2 clusters, 1200 clusters."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def have(count: int) -> str:
    """1 has, 2 have."""
    return "has" if count == 1 else "have"


def are(count: int) -> str:
    """1 is, 2 are."""
    return "is" if count == 1 else "are"


def one_line(text: str) -> str:
    """The text on one line: white space is one space each, and what cannot be printed is left out."""
    if text.isprintable():  # the space is the only white space that is
        return " ".join(text.split()) if "  " in text else text.strip()
    text = "".join(sign for sign in text if sign.isprintable() or sign.isspace())
    return " ".join(text.split())
