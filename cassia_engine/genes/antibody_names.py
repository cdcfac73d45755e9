"""Names of antibodies as instruments give them: with the channel of a mass cytometer, or the fields of BD AbSeq."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from cassia_engine.genes.recognised import is_recognised
from cassia_engine.knowledge.proteins import is_target

_METALS = "Y|Rh|Ru|Pd|Ag|Cd|In|Sn|I|Xe|Cs|Ba|La|Ce|Pr|Nd|Sm|Eu|Gd|Tb|Dy|Ho|Er|Tm|Yb|Lu|Os|Ir|Pt|Au|Hg|Pb|Bi"
_MASS = r"(?:89|1\d\d|20\d)"
_CHANNEL = rf"(?:(?:{_METALS}){_MASS}|{_MASS}(?:{_METALS}))[).]*(?:D[id]|Ai)?\)?"
# CD3(Er170)Di, CD3_170Er; Er170Di_CD3.
_CHANNEL_LAST = re.compile(rf"(?P<name>\S.*?)(?:[\s_.\-]*\(|[\s_.\-]+){_CHANNEL}")
_CHANNEL_FIRST = re.compile(rf"\(?{_CHANNEL}[\s_.\-]+(?P<name>\S.*)")
_MOST = 0.5  # of the names; single ones may be genes
# CD3:UCHT1|CD3E|AHS0231|pAbO, whose signs Seurat and R turn into - and .
_ABSEQ = re.compile(r"(?P<name>.+?)[|.\-_](?P<gene>[^|.\-_:]+)[|.\-_]A[A-Z]{2}\d{4}(?:[|.\-_]pAbO)?")
_SIGNS = re.compile(r"[:|.\-_]")


def without_channels(names: Collection[str]) -> tuple[str, Mapping[str, str]]:
    """Names of targets with the channels of mass cytometry, and each without its own, if most names are such."""
    found = {
        name: match["name"]
        for name in names
        if not name.isalnum() and (match := _CHANNEL_LAST.fullmatch(name) or _CHANNEL_FIRST.fullmatch(name))
    }
    are_targets = 2 * sum(map(is_recognised, found.values())) >= len(found)
    return "the channel of mass cytometry", found if are_targets and len(found) >= _MOST * len(names) else {}


def without_abseq(names: Collection[str]) -> tuple[str, Mapping[str, str]]:
    """Names of BD AbSeq, and the target of each: its gene has no isoforms (CD45RA and CD45RO are both PTPRC)."""
    found = {name: _target(match) for name in names if not name.isalnum() and (match := _ABSEQ.fullmatch(name))}
    return "clone, gene and catalogue number of BD AbSeq", found


def _target(match: re.Match[str]) -> str:
    """The target before its clone, which may have the same signs within it (HLA.DR.L243); else the gene."""
    ends = [found.start() for found in _SIGNS.finditer(match["name"])]
    targets = [match["name"][:end] for end in ends if is_target(match["name"][:end])]
    if targets:
        return targets[-1]
    return match["gene"] if is_recognised(match["gene"]) else match["name"][: ends[0]] if ends else match["name"]
