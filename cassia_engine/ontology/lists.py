"""Labels in parts: "Myeloid cells_Monocytes" is one type said twice, "T/NK cells" are two; and brackets."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cassia_engine.ontology.label_words import tokens
from cassia_engine.ontology.matching import SAYS_LITTLE, Matcher
from cassia_engine.ontology.resolution import Hit
from cassia_engine.records import How

# A hard separator always separates; a soft one does so only where every part is a type.
_HARD = re.compile(r"(?<![\d+-])/|(?<=\d)/(?!\d)|&|;|\s\+\s|\s(?:and|or|vs\.?|plus|with|mixed with)\s", re.IGNORECASE)
_SOFT = re.compile(r"[,_:>|]|\s[-–—]+\s|(?<=[A-Za-z])[-–](?=[A-Z])")
_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
# Names of whole branches, as authors use them, with what they hold in the ontology: dendritic cells are no "myeloid
# cell" there, nor pericytes a "stromal cell".
_CLASSES = {"CL:0000763": "CL:0000738", "CL:0000542": "CL:0000738", "CL:0000499": "CL:0002320"}
# How far above the named types a common parent may stand: one step above one of them, three above each.
NEAR, FAR = 1, 3
# Common parents that say too little of a cell to be an answer.
TOO_GENERAL = frozenset(
    f"CL:{number}"
    for number in (
        *("0000000", "0000003", "0000255", "0000548", "0000219", "0000226", "0002242", "0000325", "0000473"),
        *("0000988", "0000738", "0000842", "0002319", "0002320", "0000151", "0000064", "0000066", "0000183", "0000393"),
    )
)


def resolve(matcher: Matcher, text: str, steps: list[str]) -> Hit | None:
    """The term of a label that has parts; None where it has none, or where its parts are one name together."""
    hard = [part for part in _HARD.split(text) if tokens(part)]
    if len(hard) > 1:
        related = [part for part in hard if matcher.qualifiers.says_origin(part)]  # "MNP/monocyte-derived"
        last = next((part for part in reversed(hard) if part not in related), "")
        found = [(part, _one(matcher, part, last)) for part in hard]
        return _alternatives(matcher, _types(matcher, found, steps, related))
    soft = [part for part in _SOFT.split(text) if tokens(part)]
    if len(soft) > 1 and not any(_only_early(matcher, part) for part in soft):
        return _levels(matcher, _types(matcher, [(p, matcher.strong(p, [], loose=False)) for p in soft], steps))
    return None


def _only_early(matcher: Matcher, part: str) -> bool:
    """Whether the part says no more than "progenitor" or "immature": it belongs to the name beside it."""
    words = [w for w in tokens(part) if w not in matcher.words.fillers]
    hit = matcher.strong(part, [], loose=False)
    return bool(words) and all(map(matcher.qualifiers.says_early, words)) and (hit is None or hit.cl_id in SAYS_LITTLE)


def _one(matcher: Matcher, part: str, last: str) -> Hit | None:
    """A part by itself; or with the last word of the last part, as in "naive/memory B cells".

    "progenitor" as last word is true of all parts: in "neutrophil/monocyte progenitors" there is no neutrophil.
    """
    words = matcher.words.expand(tokens(last)).words
    shared = f"{part} {' '.join(words[-1:])}"
    written = [w for w in tokens(last) if w not in matcher.words.fillers]
    if len(written) > 1 and matcher.qualifiers.says_early(written[-1]) and part != last:
        return matcher.strong(shared, [])
    hit = matcher.strong(part, [])
    if not (hit and hit.cl_id):
        hit = matcher.strong(shared, [])
    # Of a part with unknown words, the last word alone would decide.
    if not (hit and hit.cl_id) and (part == last or _known(matcher, part)):
        hit = matcher.broader(shared, [])
    return hit if hit and hit.cl_id else None


def _known(matcher: Matcher, part: str) -> bool:
    return all(map(matcher.names.known, matcher.words.expand(tokens(part)).words))


def _types(
    matcher: Matcher, parts: Sequence[tuple[str, Hit | None]], steps: list[str], related: Sequence[str] = ()
) -> list[Hit]:
    """What the parts mean; nothing if there is one that should be a type and is none; `related` name none."""
    silent = tuple(part.strip() for part, _ in parts if matcher.says_no_type(part) or part in related)
    said = [(part, hit) for part, hit in parts if part.strip() not in silent]
    found = [hit._replace(set_aside=(*hit.set_aside, *silent)) for _, hit in said if hit is not None and hit.cl_id]
    if len(found) < len(said):
        return []
    steps.append("parts: " + " | ".join(part.strip() for part, _ in said))
    return found


def _alternatives(matcher: Matcher, hits: Sequence[Hit]) -> Hit | None:
    """ "A/B": what is true of both."""
    ids = list(dict.fromkeys(hit.cl_id for hit in hits))
    if len(ids) < 2:
        return hits[0] if hits else None
    names = ", ".join(map(matcher.terms.label, ids))
    parent = common_parent(matcher, ids)
    if parent:
        return hits[0]._replace(cl_id=parent, how=How.COMMON_PARENT, why=f"names several types: {names}")
    return _miss(hits[0], f"names several types with no close common parent: {names}")


def _levels(matcher: Matcher, hits: Sequence[Hit]) -> Hit | None:
    """ "A_B": the narrower one, if it lies within the other."""
    ids = list(dict.fromkeys(hit.cl_id for hit in hits))
    if len(ids) < 2:
        return hits[0] if hits else None
    lowest = next((hit for hit in hits if all(_inside(matcher, hit.cl_id, other) for other in ids)), None)
    if lowest:
        return lowest._replace(how=How.TOKENS, why="the most specific of its parts")
    return _alternatives(matcher, hits)


def _inside(matcher: Matcher, cl_id: str, other: str) -> bool:
    wider = _CLASSES.get(other, other)
    return matcher.terms.is_a(cl_id, other) or (wider != other and matcher.terms.is_a(cl_id, wider))


def outside_brackets(matcher: Matcher, text: str, steps: list[str]) -> Hit | None:
    """What stands before brackets, or what they say more precisely; a miss if they name another type."""
    inside, outside = _BRACKETS.findall(text), " ".join(_BRACKETS.sub(" ", text).split())
    hit = matcher.strong(outside, []) if inside and tokens(outside) else None
    if hit is None or not hit.cl_id:
        return None
    steps.append(f"without brackets: {outside}")
    found = (matcher.strong(part, []) or resolve(matcher, part, []) for part in inside)
    others = [other.cl_id for other in found if other and other.cl_id and other.cl_id not in SAYS_LITTLE]
    if not others:
        why_not = _not_in_brackets(matcher, hit.cl_id, inside)
        if why_not:
            return _miss(hit, why_not)
    ids = {hit.cl_id, *others}
    lowest = next((i for i in ids if all(matcher.terms.is_a(i, other) for other in ids)), "")
    if not lowest:
        return _miss(hit, f"names several types: {matcher.labels(ids)}")
    if lowest != hit.cl_id:
        return hit._replace(cl_id=lowest, how=How.TOKENS, why="the brackets say it more precisely")
    aside = (*hit.set_aside, *inside)
    if others or all(map(matcher.says_no_type, inside)):
        return hit._replace(set_aside=aside)
    return hit._replace(how=How.BROADER, why="what is in brackets has no place", set_aside=aside)


def _not_in_brackets(matcher: Matcher, cl_id: str, inside: Sequence[str]) -> str:
    """Why the term must not be taken with brackets that name no type, as "(immature)" and "(proB.CLP)"; or ""."""
    label = matcher.terms.label(cl_id)
    if cl_id in SAYS_LITTLE and not all(map(matcher.says_no_type, inside)):
        return f"nothing nearer than {label}, which says too little"
    words = [word for part in inside for word in tokens(part.replace(".", " "))]
    early = [word for word in words if matcher.qualifiers.means_early(word)]
    if early and not matcher.qualifiers.is_early(cl_id):
        return f"{', '.join(early)} changes the type, and {label} is not it"
    return ""


def _miss(hit: Hit, why: str) -> Hit:
    return hit._replace(cl_id="", how=How.MISS, why=why, set_aside=())


def common_parent(matcher: Matcher, ids: Sequence[str]) -> str:
    """The lowest term above all, if it is close to them and says enough; else ""."""
    above = [matcher.terms.steps_up(i) for i in ids]
    shared = set(above[0]).intersection(*above[1:]) - TOO_GENERAL
    near = [
        term
        for term in shared
        if max(steps[term] for steps in above) <= FAR and min(steps[term] for steps in above) <= NEAR
    ]
    lowest = [t for t in near if not any(t in matcher.terms.ancestors(other) for other in near)]
    return lowest[0] if len(lowest) == 1 else ""
