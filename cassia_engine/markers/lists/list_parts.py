"""A list that people typed, parted into its genes: by commas, bars, slashes, words or white space."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cassia_engine.genes.expression_words import DOWN, UP
from cassia_engine.genes.joined_names import join_pairs, joined_symbol
from cassia_engine.genes.recognised import is_recognised
from cassia_engine.knowledge.proteins import is_protein_only
from cassia_engine.markers.columns.symbols import are_symbols, is_sentence

# What parts a list whatever else is in it: also commas of other scripts, bullets, arrows, line ends.
_BULLETS = "•·▪‣●○◦∙⋅■□◆▸►✓"
_STRONG = re.compile(rf"[,;，、；､﹐﹑،؛・।\n\r\t{_BULLETS}]|\s*(?:->|=>|→|>)\s*|\\[nt]")
_SEMICOLON = re.compile(rf"[;；؛\n\r\t{_BULLETS}]|\\[nt]")
_DECIMAL_COMMAS = re.compile(r"(?:[^,]|(?<=\d),(?=\d))*")
_BARS = re.compile(r"\s*[|｜¦]+\s*")
_SLASHES = re.compile(r"\s*[/／\\]\s*")
_PLUSES = re.compile(r"\+(?=[^\s+])")
_FREE = re.compile(r"\s(?:/{1,3}|[&+~])(?:\s|$)|\s(?:and|und|et|or|but)\s")
# Signs that seldom stand in names, and signs that may: of these three known genes or more are a list.
_JOINTS = tuple(map(re.compile, ("[—–]", "~", r"\^")))
_DOUBTFUL_JOINTS = tuple(map(re.compile, ("&", "_", "::?", r"\*", "#", "@", r"\$", "=")))
_NEARLY_ALL = 0.8
_MANY = 6  # no name has so many parts, also of a species whose genes are not known
_SEVERAL = 3  # so many parts between slashes are a list; of fewer, such as S100A8/A9, each must be a known gene
_ALONE = re.compile(r"\(?\d{1,3}[.)]|#\d+|[-*–—&+]|and")
_SIGN = re.compile(r"[^\w]+")
_IN_BRACKETS = re.compile(r"\(\s*(?:[\w .]*[:=]\s*)?[-+−]?[.\d][^()]*\)")
_REMARK = re.compile(r"(?P<gene>[^\s,;(]{1,60}+)\s*\((?=[^()\n,;，；]*[,;，；])[^()\n]*+\)")
# A remark between blanks: CD3D (strong) CD3E (weak).
_WORDS_IN_BRACKETS = re.compile(r"(?P<gene>[^\s,;()\[\]]{2,60})\s{1,2}[(\[](?P<remark>[A-Za-z][\w /+.-]{1,40})[)\]]")
# Other names between blanks, one behind each gene: CD3D (T3D) CD3E (T3E).
_ALIASES = re.compile(r"(?:[^\s(),;]{2,60}\s{1,2}\([^\s(),;]+\)(?:\s{1,2}|$)){2,}")
_FACTOR = re.compile(r"[x×]\d{1,4}|\d{1,4}(?:\.\d{1,4})?[x×]")
# What belongs to the word before it: a value, a word for its expression; and what to the word behind it.
_LEVELS = r"(?:neg|negative|low|high|lo|hi|dim|bright|pos|positive|absent|present|up|down)\b"
_BEHIND = re.compile(
    rf"\s+(?=[(\[]\s*(?:(?:[\w.]{{1,15}}\s*[:=]\s*)?[-+−]?[\d.]|[-+−]\s*[)\]]|{_LEVELS})|{_LEVELS}|[:=]\s)"
)
# CD45RA-CCR7+
_SIGNED = re.compile(r"(?<![A-Za-z0-9])([A-Za-z0-9]++)[+-]")
_COLON = re.compile(r"(?<=[:=])\s+")
# Words that stand between genes, and words that only sentences have.
_NO_GENES = UP | DOWN | {"and", "und", "et", "or", "but", "no", "not"}
_SENTENCE_WORDS = """
    a an the of for from with without in on to by as is are was be that this these which very all some please answer
    cell cells type types marker markers gene genes expression expressing cluster clusters unknown none list like
"""
# What no word of a sentence has, and how many words there are at most for each that has it.
_WITHIN_NAMES = re.compile(r"\w[A-Z0-9]")
_SHORT_NAME = re.compile(r"[\w():\-]{1,10}")
_FEW = 5
_OF_SENTENCES = frozenset(_SENTENCE_WORDS.split())
_NEGATION = re.compile(r"(?:no|not|without|lacks?)", re.IGNORECASE)


def parts_of(text: str) -> list[str]:
    """The parts of a list, each a gene with what is written at it; a sentence is one part."""
    if is_symbol_with_id(text):
        return [text]
    if _ALIASES.fullmatch(text):
        text = re.sub(r"\s{1,2}\(", "(", text)
    text = _WORDS_IN_BRACKETS.sub(_attached, _REMARK.sub(_joined, _IN_BRACKETS.sub(_joined, text)))
    if _SEMICOLON.search(text) and _DECIMAL_COMMAS.fullmatch(text):
        return _parted(_SEMICOLON.split(text))
    if _STRONG.search(text.strip()):
        return _parted(_STRONG.split(text))
    words = text.split()
    if is_sentence(text) and not _are_genes(words):
        return [text]
    joined = sum("|" in word.strip("|") for word in words)
    if _BARS.search(text) and not (len(words) > 1 and joined == len(words)) and not _is_one_name(text):
        return join_pairs(_BARS.split(text), least=1)
    if _FREE.search(text):
        return [part for part in _FREE.sub(" , ", text).split(",") for part in _words(part)]
    if len(words) == 1 and (
        several := _between(text, _SLASHES) or _signed(text) or _between(text, _PLUSES) or _joined_genes(text)
    ):
        return several
    return _words(text)


def is_symbol_with_id(text: str) -> bool:
    """Whether a text is one gene, its symbol and its id of which one is in brackets: CD3D (ENSG00000167286)."""
    return text.rstrip().endswith(")") and text.count("(") == 1 and len(joined_symbol(text.strip()).split()) == 1


def _joined(found: re.Match[str]) -> str:
    """What stands in brackets at a gene, without the signs that part a list."""
    is_remark = found.re is _IN_BRACKETS or (len(found["gene"]) > 1 and is_recognised(found["gene"]))
    return re.sub("[,;，；]", " ", found[0]) if is_remark else found[0]


def _attached(found: re.Match[str]) -> str:
    """A gene with the remark behind it as one word; brackets that hold genes stay as they are."""
    words = re.split(r"[ /+.-]+", found["remark"])
    genes = [word for word in words if len(word) > 1 and is_recognised(word) and not is_protein_only(word)]
    if not is_recognised(found["gene"]) or 2 * len(genes) > len(words):
        return found[0]
    return f"{found['gene']}({'.'.join(words)})"


def _parted(parts: list[str]) -> list[str]:
    """Parts, each divided again where what stands between its words shows that these are several genes."""
    found = []
    for part in parts:
        words = part.split()
        if "(" in part:
            are_several = len(words) > 1 and all(is_recognised(word.partition("(")[0]) for word in words)
            found += words if are_several else [part]
        elif _FREE.search(part) and _are_genes(words):
            found += _FREE.split(part)
        elif _are_known(words):
            found += words
        elif len(words) == 1 and (several := _barred(words[0]) or _between(words[0], _SLASHES) or _signed(words[0])):
            found += several
        else:
            found.append(part)
    return found


def _are_known(words: Sequence[str]) -> bool:
    """Whether several words without a sign between are genes: all of two known, or nearly all of more."""
    known = sum(len(word) > 1 and is_recognised(word) for word in words)
    return len(words) > 1 and (known == len(words) or (known >= _NEARLY_ALL * len(words) and _are_genes(words)))


def _barred(text: str) -> list[str]:
    """The parts of a word with bars between, if each is a known gene of its own; [] of another word."""
    parts = [part for part in _BARS.split(text) if part]
    is_list = len(parts) > 1 and len(set(parts)) == len(parts) and not _is_one_name(text)
    return parts if is_list and all(map(is_recognised, parts)) else []


def _are_genes(words: Sequence[str]) -> bool:
    """Whether words, of which some may be signs or say that a gene is expressed, are genes rather than a sentence."""
    named = [word for word in words if not _SIGN.fullmatch(word) and word.lower() not in _NO_GENES]
    if are_symbols(named):
        return bool(named)
    if _OF_SENTENCES & {word.lower() for word in words}:
        return False
    known = sum(bool(re.search(r"[A-Z0-9:]", word)) or is_recognised(word) for word in named)
    return 2 * known >= len(named) or _are_unknown_genes(words)


def _are_unknown_genes(words: Sequence[str]) -> bool:
    """Whether words may be genes of flies, which are short and seldom have capitals: tin eve Mef2 svp lbe."""
    marked = sum(bool(_WITHIN_NAMES.search(word)) for word in words)
    return 0 < len(words) <= _FEW * marked and all(map(_SHORT_NAME.fullmatch, words))


def _words(text: str) -> list[str]:
    """Words, where a value or a word for the expression belongs to the word before it, and "not" to the one behind."""
    words = [
        word
        for word in _COLON.sub("", _BEHIND.sub("\0", text)).split()
        if not _ALONE.fullmatch(word) and any(map(str.isalnum, word))
    ]
    if len(words) > 1 and len(words) % 2 == 0 and all(map(_FACTOR.fullmatch, words[1::2])):
        words = [f"{gene}\0{factor}" for gene, factor in zip(words[::2], words[1::2], strict=True)]
    found: list[str] = []
    for word in (word.replace("\0", " ") for word in words):
        # There is a gene `not` in flies; before a gene that is known of human or mouse it is the word.
        if found and _NEGATION.fullmatch(found[-1]) and is_recognised(word):
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def _is_one_name(text: str) -> bool:
    """Whether this is one gene under two names (ENSG00000167286|CD3D) rather than a list."""
    parts = _BARS.split(text)
    return (len(parts) <= _SEVERAL and bool(joined_symbol(text))) or (len(parts) == 2 and parts[1].startswith(parts[0]))


def _signed(text: str) -> list[str]:
    """The parts of a word in which each known gene has its sign (CD45RA-CCR7+); [] of another word."""
    parts = [found[0] for found in _SIGNED.finditer(text)]
    is_whole = len(parts) > 1 and "".join(parts) == text and not is_recognised(text.rstrip("+-"))
    return parts if is_whole and all(is_recognised(part[:-1]) for part in parts) else []


def _joined_genes(text: str) -> list[str]:
    """The parts of a word of known genes with one sign between them (CD3D_CD3E_CD2); [] of another word."""
    if is_recognised(text):
        return []
    for joint in (*_JOINTS, *_DOUBTFUL_JOINTS):
        parts = [part for part in joint.split(text) if part]
        least = 2 if joint in _JOINTS else _SEVERAL
        if len(set(parts)) >= least and sum(map(is_recognised, parts)) >= _NEARLY_ALL * len(parts):
            return parts
    return []


def _between(text: str, separator: re.Pattern[str]) -> list[str]:
    """The parts of a word, if these are genes; [] if the separator belongs to a name (S100A8/A9)."""
    parts = [part for part in separator.split(text) if part]
    known = sum(is_recognised(part.rstrip("+-−")) for part in parts)
    is_several = len(parts) >= _MANY or (len(parts) >= _SEVERAL and 2 * known >= len(parts))
    return parts if len(parts) > 1 and (is_several or known == len(parts)) else []
