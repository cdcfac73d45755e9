"""Texts of a reply without the markup around them: Markdown, HTML, LaTeX, quotes, numbers of a list, footnotes."""

from __future__ import annotations

import html
import re
import unicodedata

_LONGEST = 300  # characters that are read
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,80}>")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*\)")
_LATEX = re.compile(r"\\[a-zA-Z]+\{([^{}]*)\}")
_FOOTNOTE = re.compile(r"(?<=\w)(?:[\u00b9\u00b2\u00b3\u2070-\u2079]+|\^\d{1,2}(?!\d))(?![\w{])|[†‡§¶]|\[\^[^\[\]]*\]")
_NUMBERING = re.compile(r"^\s*(?:#?\(?\d{1,3}[.):]\s*(?=[^\W\d])|#\d{1,3}\s+|[-*•·–—]\s+)")
_MARKUP = re.compile(r"[*`~^$\"“”„‘’«»\\]|={2,}|(?<![^\W_])_+|_+(?![^\W_])|(?<!\w)'|'(?!\w)|[#@%](?=\w)|(?<=\w)[#@%]")
_AROUND = re.compile(
    r"^(?:[\s*`~#>\"“”„«»=]|(?<![^\W_])_|</?[a-zA-Z][^<>]{0,80}>)+|(?:[\s*`~\"“”„«»=.,;:]|_(?![^\W_])|</?[a-zA-Z][^<>]{0,80}>)+$"
)
# Said of a type beside its name: how sure the model is, and the type's id.
_BESIDE_LABEL = re.compile(
    r"\s*[(\[](?:[^()\[\]]*\d\s*%[^()\[\]]*|[^()\[\]]*\b(?:confidence|probability|score|likelihood)\b[^()\[\]]*"
    r"|CL[:_]\d{7})[)\]]\s*$",
    re.IGNORECASE,
)


def without_markup(text: str) -> str:
    """A text without Markdown, HTML, LaTeX, quotes, footnotes and numbers of a list."""
    plain = _FOOTNOTE.sub("", _BREAK.sub("; ", html.unescape(text[:_LONGEST])))
    plain = unicodedata.normalize("NFKC", plain)
    plain = "".join(_plain(sign) for sign in plain)
    plain = _LATEX.sub(r"\1", _LINK.sub(r"\1", _TAG.sub("", plain)))
    plain = _MARKUP.sub("", _NUMBERING.sub("", plain))
    return " ".join(_NUMBERING.sub("", plain).split()).strip(" .,;:")


def bare_label(text: str) -> str:
    """A type's name without markup around it, and without the model's confidence or the type's id behind it.

    Nothing within it is changed, so that it can be found in the reply.
    """
    if len(text) > _LONGEST:
        return text
    plain, before = text, ""
    while plain != before:
        before = plain
        plain = _BESIDE_LABEL.sub("", _AROUND.sub("", _NUMBERING.sub("", plain)).strip())
    return plain or text


def _plain(sign: str) -> str:
    """A sign as it is; nothing for what is not seen, a space for a picture."""
    kind = unicodedata.category(sign)
    return "" if kind == "Cf" or sign == "\ufe0f" else " " if kind == "So" or sign in "↑⬆⇑" else sign
