"""Free text about a species ("mice", "mm10", "mouse (C57BL/6)") as one of those that are known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from cassia_engine.callers import option
from cassia_engine.errors import UsageError, did_you_mean
from cassia_engine.knowledge.tissues import TissueTable

HUMAN, MOUSE = "human", "mouse"
# Names of each species; the first is ours, the second the scientific one.
SPECIES: Mapping[str, tuple[str, ...]] = {
    HUMAN: (
        *("human", "homo sapiens", "homo sapiens sapiens", "h. sapiens", "h sapiens", "hsapiens", "homo", "humans"),
        *("hs", "hsa", "hsap", "9606", "ncbitaxon:9606", "taxid:9606", "taxon:9606", "people", "man"),
        *(
            "人",
            "人类",
            "人類",
            "ヒト",
            "인간",
            "사람",
            "человек",
            "humain",
            "humaine",
            "mensch",
            "humano",
            "humana",
            "umano",
        ),
    ),
    MOUSE: (
        *("mouse", "mus musculus", "mus musculus domesticus", "m. musculus", "m musculus", "mmusculus", "mus", "mice"),
        *("mm", "mmu", "mmus", "10090", "ncbitaxon:10090", "taxid:10090", "taxon:10090", "murine", "house mouse"),
        *(
            "小鼠",
            "小家鼠",
            "マウス",
            "ハツカネズミ",
            "생쥐",
            "마우스",
            "мышь",
            "souris",
            "maus",
            "ratón",
            "raton",
            "topo",
        ),
    ),
}
# Builds of their genomes, as references are called ("refdata-gex-GRCh38-2020-A", "GRCm39.p6"), and strains of mice.
_PATTERNS: Mapping[str, tuple[str, ...]] = {
    HUMAN: (
        r"(refdata-(cellranger-|gex-)?)?(grch|ncbi|hg)3[678](\.?p\d+)?(-\d+(\.\d+)*(-[a-z])?)?",
        *(r"hg1[5-9]", r"hs1", r"t2t[- ]?chm13(v[\d.]+)?", r"chm13(v[\d.]+)?", r"hs37d5"),
    ),
    MOUSE: (
        r"(refdata-(cellranger-|gex-)?)?(grcm3[89]|mm(8|9|10|39))(\.?p\d+)?(-\d+(\.\d+)*(-[a-z])?)?",
        *(
            r"ncbim3\d",
            r"c57bl(/?(6|10)?[a-z]*(-[a-z0-9]+)?)",
            r"c57 ?black/?6",
            r"bl/?6[a-z]*",
            r"b6(j|n|d2f1|129\w*)?",
        ),
        *(
            r"balb/?c[a-z]*",
            r"129(s\d?\w*|/sv\w*|x1\w*|p\d\w*)",
            r"dba/?[12][a-z]*",
            r"fvb(/?n?[a-z]*)?",
            r"c3h(/?\w+)?",
        ),
        *(
            r"cd-?1",
            r"icr",
            r"nod(/?\w+)?",
            r"nsg",
            r"swiss(-| )webster",
            r"a/j",
            r"cast/?eij?",
            r"pwk/?phj?",
            r"akr/?j?",
        ),
        *(r"cba/?[a-z]*", r"sjl/?j?", r"ob/ob", r"db/db", r"kpc", r"apoe-/-"),
    ),
}
# What may stand beside a name and does not make another species of it.
_BESIDES = frozenset(
    (
        *(
            "adult",
            "adults",
            "aged",
            "old",
            "young",
            "pediatric",
            "paediatric",
            "infant",
            "child",
            "children",
            "juvenile",
        ),
        *("fetal", "foetal", "fetus", "embryo", "embryonic", "neonatal", "newborn", "postnatal", "male", "female"),
        *("males", "females", "healthy", "normal", "control", "donor", "donors", "patient", "patients", "individual"),
        *("wild-type", "wildtype", "wt", "laboratory", "lab", "strain", "strains", "background", "species", "genome"),
        *(
            "build",
            "cell",
            "cells",
            "sample",
            "samples",
            "tissue",
            "organism",
            "taxid",
            "taxon",
            "ncbitaxon",
            "and",
            "of",
        ),
        "the",
    )
)
# What stands in brackets behind a species, beside tissues: "human (PBMC)".
_SAMPLES = frozenset(
    ("10x", "biopsy", "bmmcs", "immune", "nodes", "organoids", "scrna-seq", "single-cell", "tumor", "tumour")
)
_IN_BRACKETS = re.compile(r"(?P<species>[^()\[\]]+)[(\[](?P<sample>[^()\[\]]+)[)\]]\s*")
_NAMES = {name: species for species, names in SPECIES.items() for name in names}
_KNOWN = tuple(
    (species, re.compile(rf"(?<![\w-])(?:{'|'.join(forms)})(?![\w-])"))
    for species in SPECIES
    for forms in (_PATTERNS[species], sorted(map(re.escape, SPECIES[species]), key=len, reverse=True))
)


def species_of(text: str) -> str:
    """ "human" or "mouse" for any of their usual names, builds of their genomes, and strains.

    Raises:
        UsageError: another species, several, or words that may mean another ("mouse lemur").
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).replace("_", " ").casefold().split())
    found = {_NAMES[plain]} if plain in _NAMES else _named(_without_sample(plain))
    if len(found) != 1:
        known = " and ".join(f"{species} ({names[1].capitalize()})" for species, names in SPECIES.items())
        # Latin names begin with a capital.
        names = {name.capitalize() if " " in name else name for both in SPECIES.values() for name in both[:2]}
        question = did_you_mean(text.strip().capitalize() if " " in plain else plain, sorted(names), 0.75)
        raise UsageError(
            f"{option('species', text)}: the offline annotator knows {known} only{question}; for another species name "
            f"a language model's provider with {option('provider')}",
            code="species-not-offline",
        )
    return found.pop()


def species_in(text: str) -> str:
    """The one known species that a longer text names; "" where it names none or several."""
    plain = " ".join(unicodedata.normalize("NFKC", text).replace("_", " ").casefold().split())
    found = {species for species, pattern in _KNOWN if pattern.search(plain)}
    return found.pop() if len(found) == 1 else ""


def _without_sample(plain: str) -> str:
    """The text without brackets that say what the sample is."""
    if not (found := _IN_BRACKETS.fullmatch(plain)):
        return plain
    tissues = {word for phrase in TissueTable.load().words for word in phrase.split()}
    words = set(re.split(r"[\s,;/]+", found["sample"].strip()))
    return found["species"] if words <= _SAMPLES | _BESIDES | tissues else plain


def _named(plain: str) -> set[str]:
    """The species that a text names; none where it has words that are not understood."""
    found = set[str]()
    for species, pattern in _KNOWN:
        plain, hits = pattern.subn(" ", plain)
        if hits:
            found.add(species)
    rest = [word.strip(".-'\"’") for word in re.split(r"[\s,;:()\[\]{}/|+&=]+", plain)]
    return found if {word for word in rest if word} <= _BESIDES else set()
