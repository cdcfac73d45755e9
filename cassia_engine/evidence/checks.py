"""Checks in code: what a claim says, compared with the cluster's list of genes.

Each check gives a `Finding`. What a failed one does stands in `RULES`, and in docs/conversation.md in words:
"back" sends the claim back to the annotator, "doubt" only keeps the confidence below High.
A gene outside the list is "not in the list of N genes" and nothing more: nobody looked whether it is expressed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import filterfalse

from cassia_engine.evidence.genes import HARDLY_EXPRESSED, GeneList, named
from cassia_engine.evidence.types import CellTypeId, is_gene
from cassia_engine.knowledge.rule_out import has_rules
from cassia_engine.records import TOP_GENES, Finding
from cassia_engine.records.replies import Claim
from cassia_engine.replies import is_unresolved, named_candidates, repeats_form
from cassia_engine.replies.placeholders import nameless, placeholder

LEAST_EXPLAINED = 0.15
LEAST_EVIDENCE = 3  # listed genes that speak for an answer
LEAST_A_PARTNER = 2  # listed genes that speak for each type of a mixture

BACK, DOUBT = "back", "doubt"
RULES: Mapping[str, str] = {
    "types_named": BACK,
    "evidence_given": BACK,
    "evidence_listed": BACK,
    "mixture_backed": BACK,
    "separating_listed": DOUBT,
    "alternatives_differ": DOUBT,
    "evidence_strong": DOUBT,
    "evidence_up": DOUBT,
    "evidence_expressed": DOUBT,
    "top_explained": DOUBT,
    "no_absence_claimed": DOUBT,
    "rule_out": DOUBT,
}

# What a list of markers can never show, said of a gene or of several.
_ABSENCE = re.compile(
    r"\b(?:not|no|without|lacks?|lacking|lack of|absence of|absent) "
    r"(?:\S+ ){0,3}?(?:express\w*|detect\w*|transcripts?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found in a claim.

    Attributes:
        evidence, conflicts: cited genes that are listed, under the list's spelling, in the claim's order.
        down: genes cited for the answer that are lower in the cluster than elsewhere: they speak against it.
        unsupported: cited genes that are not in the list and were not set aside from it.
        technical: cited genes that were set aside: they are the cluster's, but tell little of a type.
        top_explained: share (0 to 1) of the first 20 genes that speak for the answer; None if it names no type.
        partners: types of the mixture that have genes enough.
    """

    items: tuple[Finding, ...]
    evidence: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    technical: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    top_explained: float | None = None
    partners: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[Finding, ...]:
        return tuple(item for item in self.items if not item.passed)

    @property
    def back(self) -> tuple[Finding, ...]:
        """The failed ones that send the claim back."""
        return tuple(item for item in self.failed if RULES[item.code] == BACK)

    @property
    def decisive(self) -> tuple[Finding, ...]:
        """The failed ones with which the claim is never validated."""
        return tuple(item for item in self.failed if item.decisive)

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(map(str, self.items))


def check(claim: Claim, genes: GeneList, cl_id: CellTypeId, with_rule_out: bool = True) -> Findings:
    """Check a claim against the list.

    Args:
        cl_id: the Cell Ontology id of a label, "" if it has none.
        with_rule_out: also look for genes that rule the answer out.
    """
    cited = [c.gene for c in (*claim.evidence, *claim.conflicts)]
    separating = [gene for candidate in named_candidates(claim) for gene in candidate.separating_genes]
    of_partners = [gene for partner in claim.mixture for gene in partner.genes]
    named_for = genes.listed(c.gene for c in claim.evidence)
    down = genes.down(named_for)
    evidence = tuple(gene for gene in named_for if gene not in down)
    explained = None if is_unresolved(claim) else _explained(evidence, claim, genes)
    items = [_evidence_listed(cited, genes), _no_absence_claimed(claim, genes)]
    if named_candidates(claim) or repeats_form(claim) or not is_unresolved(claim):
        items.insert(0, _types_named(claim, genes, cl_id))
    if not is_unresolved(claim):
        items += [
            _evidence_given(evidence, genes),
            _separating_listed(separating, genes),
            _alternatives_differ(claim, cl_id),
            _evidence_strong(evidence, genes),
            _top_explained(explained or 0.0, genes),
        ]
        if genes.looked_up:
            items.append(_evidence_up(down))
        if genes.has_fractions:
            items.append(_evidence_expressed(evidence, genes))
        if with_rule_out and has_rules(term := _term_of(claim, cl_id)):
            items.append(_rule_out(claim, genes, term))
    if claim.mixture:
        items.append(_mixture_backed(claim, genes))
    every = [*cited, *separating, *of_partners]
    return Findings(
        items=tuple(items),
        evidence=evidence,
        conflicts=tuple(dict.fromkeys((*genes.listed(c.gene for c in claim.conflicts), *down))),
        down=down,
        unsupported=genes.missing(every),
        technical=genes.set_aside(every),
        top_explained=explained,
        partners=tuple(p.cell_type for p in claim.mixture if _backed(p.genes, genes) and not nameless(p.cell_type)),
    )


def _types_named(claim: Claim, genes: GeneList, cl_id: CellTypeId) -> Finding:
    labels = [claim.lineage, *(c.cell_type for c in claim.candidates)]
    for place, label in enumerate(labels):
        if wrong := _no_type(label, genes, cl_id):
            # The lineage and the first candidate are the answer.
            return Finding("types_named", False, wrong, decisive=place < 2)
    if nameless(claim.lineage):
        text = f'The lineage, "{claim.lineage[:60]}", names no cell type, but there are candidates.'
    elif not claim.candidates:
        text = (
            f"The lineage is {claim.lineage[:60]}, but there is no candidate: name the best one, if only the lineage."
        )
    else:
        bad = [c.cell_type for c in claim.candidates if nameless(c.cell_type)]
        if not bad:
            return Finding("types_named", True, "The lineage and every candidate name a type.")
        text = f'{len(bad)} of {len(claim.candidates)} candidates, such as "{bad[0][:60]}", name no cell type.'
    return Finding("types_named", False, text)


def _no_type(label: str, genes: GeneList, cl_id: CellTypeId) -> str:
    """What stands in place of a type, "" where a type does or nothing."""
    if placeholder(label):
        return f'"{label[:60]}" is a placeholder of the form, not a cell type.'
    if not nameless(label) and is_gene(label, genes, cl_id):
        return f'"{label[:60]}" is a gene, not a cell type: name the type that such genes mark.'
    return ""


def _evidence_given(evidence: tuple[str, ...], genes: GeneList) -> Finding:
    text = f"{len(evidence)} of the {genes.words} are given as evidence."
    return Finding("evidence_given", bool(evidence), text, evidence, decisive=not evidence)


def _evidence_listed(cited: list[str], genes: GeneList) -> Finding:
    missing = genes.missing(cited)
    if missing:
        return Finding("evidence_listed", False, f"Cited for or against: {genes.not_listed(missing)}", missing)
    aside = genes.set_aside(cited)
    note = f" {named(aside)}: set aside as technical, of little weight." if aside else ""
    where = "in the list or were looked up" if genes.looked_up else "in the list"
    return Finding("evidence_listed", True, f"All genes cited for or against are {where}.{note}", aside)


def _separating_listed(separating: list[str], genes: GeneList) -> Finding:
    missing = genes.missing(separating)
    text = f"Of the separating genes, {genes.not_listed(missing)}" if missing else "All separating genes are listed."
    return Finding("separating_listed", not missing, text, missing)


def _alternatives_differ(claim: Claim, cl_id: CellTypeId) -> Finding:
    seen: dict[str, str] = {}
    for candidate in named_candidates(claim):
        label = candidate.cell_type
        same = seen.setdefault(kind(label, cl_id), label)
        if same is not label:
            text = f'The candidates "{same[:60]}" and "{label[:60]}" are the same type.'
            return Finding("alternatives_differ", False, text)
    return Finding("alternatives_differ", True, "The candidates are different types.")


def kind(label: str, cl_id: CellTypeId) -> str:
    """What is the same for two labels of the same type: the ontology's id, else the label's plain form."""
    if found := cl_id(label):
        return found
    plain = re.sub(r"[\W_]+", " ", label.casefold()).strip()
    singular = re.sub(r"\b(\w{3,}[^s\W])s\b", r"\1", plain)
    return cl_id(singular) or singular


def _evidence_strong(evidence: tuple[str, ...], genes: GeneList) -> Finding:
    high = [gene for gene in evidence if gene in genes.top]
    least = min(LEAST_EVIDENCE, genes.size)
    known = "listed or looked-up genes" if genes.looked_up else "listed genes"
    text = f"{len(evidence)} {known} speak for the answer ({least} wanted), {len(high)} of the first {TOP_GENES}."
    return Finding("evidence_strong", len(evidence) >= least and bool(high), text, evidence)


def _explained(evidence: tuple[str, ...], claim: Claim, genes: GeneList) -> float:
    own = named_candidates(claim)[0].separating_genes if named_candidates(claim) else ()
    return round(len(genes.top.intersection({*evidence, *genes.listed(own)})) / max(len(genes.top), 1), 3)


def _top_explained(share: float, genes: GeneList) -> Finding:
    text = f"The answer explains {share:.0%} of the first {len(genes.top)} genes ({LEAST_EXPLAINED:.0%} wanted)."
    return Finding("top_explained", share >= LEAST_EXPLAINED, text)


def _evidence_up(down: tuple[str, ...]) -> Finding:
    if down:
        text = f"Cited for the answer, but lower in this cluster than elsewhere: {named(down)}."
        return Finding("evidence_up", False, text, down)
    return Finding("evidence_up", True, "No gene cited for the answer is lower in this cluster than elsewhere.")


def _evidence_expressed(evidence: tuple[str, ...], genes: GeneList) -> Finding:
    least = f"{HARDLY_EXPRESSED:.0%} of the cluster's cells"
    if hardly := genes.hardly_expressed(evidence):
        shares = ", ".join(f"{gene} {fraction:.1%}" for gene, fraction in hardly.items())
        text = f"Cited for the answer, but expressed in fewer than {least}: {shares}."
        return Finding("evidence_expressed", False, text, tuple(hardly))
    return Finding("evidence_expressed", True, f"Each gene cited for the answer is expressed in {least} or more.")


def _term_of(claim: Claim, cl_id: CellTypeId) -> str:
    """The Cell Ontology id of the answer, or of the lineage where the answer has none."""
    labels = [candidate.cell_type for candidate in named_candidates(claim)[:1]]
    return next(filter(None, map(cl_id, (*labels, claim.lineage))), "")


def _rule_out(claim: Claim, genes: GeneList, term: str) -> Finding:
    against = genes.ruling_out(term, (gene for partner in claim.mixture for gene in partner.genes))
    if not against:
        return Finding("rule_out", True, f"None of the first {len(genes.top)} genes is known to rule the answer out.")
    text = f"Among the first {len(genes.top)} genes: {'; '.join(map(str, against))}."
    return Finding("rule_out", False, text, tuple(found.gene for found in against))


def _mixture_backed(claim: Claim, genes: GeneList) -> Finding:
    weak = [p.cell_type[:60] or "(no name)" for p in claim.mixture if not _backed(p.genes, genes)]
    if weak or any(nameless(p.cell_type) for p in claim.mixture):
        text = f"Mixture: {LEAST_A_PARTNER} listed genes a named partner are wanted; lacking: {'; '.join(weak[:3])}."
        return Finding("mixture_backed", False, text, genes.missing(g for p in claim.mixture for g in p.genes))
    return Finding("mixture_backed", True, f"Each partner of the mixture has {LEAST_A_PARTNER} listed genes or more.")


def _backed(partner: Iterable[str], genes: GeneList) -> bool:
    return len(genes.listed(partner)) >= LEAST_A_PARTNER


def _no_absence_claimed(claim: Claim, genes: GeneList) -> Finding:
    # Of a gene that was looked up it is known whether the cluster expresses it.
    cited = (c.speaks_for for c in (*claim.evidence, *claim.conflicts) if not genes.was_looked_up(c.gene))
    said = (*cited, *filterfalse(genes.names_looked_up, (claim.context_conflict, claim.score_reason)))
    match = next(filter(None, map(_ABSENCE.search, said)), None)
    if match is None:
        return Finding("no_absence_claimed", True, "Nothing is concluded from genes that are not in the list.")
    text = (
        f'It says "{match[0][:60]}". A gene that is not in the list of {genes.n_listed} genes may be expressed all the '
        'same: "not in the list" is all that is known.'
    )
    return Finding("no_absence_claimed", False, text)
