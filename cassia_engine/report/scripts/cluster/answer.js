// What was decided on a cluster, as pairs of a name and a value; what is absent has no pair.

import { bdi, h, icon, pips, scoreBar } from "../shared/dom.js";
import { geneLinks, termLink } from "../shared/links.js";
import { cellCount } from "./cells.js";

export function answerList(row, detail) {
  const answered = detail.answer;
  return [
    answered ? null : h("p", {}, row.has_type ? "There was no answer: the label is a person's." : "There was no answer, and nothing is guessed in its place."),
    answered ? pairs(answerPairs(row, answered, Boolean(detail.scoring))) : null,
    answered ? null : pairs([["Cells", cellCount(row)]]),
    detail.context ? pairs([["Your notes", bdi(detail.context)]]) : null,
    detail.usage ? pairs(detail.usage.map(([name, value]) => [name, bdi(value)])) : null,
  ];
}

// Where the label that a person gave has its place in the ontology.
export function namedList(row, named) {
  return pairs([["General type", generalType(row)], ["Cell Ontology", ontologyTerm(row, named)], ["Lineage", pathWords(named)]]);
}

// The type itself stands once, in the title: here is what is not in that. Where the scoring is shown, it has the others.
function answerPairs(row, answered, hasScoring) {
  const cited = (kind, list, more) => (list.length ? [icon(kind), geneLinks(list), more] : null);
  const mixed = row.mixed.filter((type) => type !== row.title);
  const others = hasScoring ? [] : (answered.ranked ?? []).filter((type, place) => place || type.label !== row.title);
  return [
    ["General type", generalType(row)],
    ["Cell Ontology", ontologyTerm(row, answered)],
    ["Lineage", pathWords(answered)],
    ["Other candidates", others.length ? h("ol", { class: others.length < answered.ranked.length ? "rest" : null }, others.map(rankedType)) : null],
    ["Possible mixture", mixed.length ? ["with ", bdi(mixed.join(", "))] : null],
    ["State", row.state ? bdi(row.state) : null],
    ["Finer type", answered.finer ? bdi(answered.finer) : null],
    ["Confidence", [pips(row.pips), " ", row.confidence]],
    ["Probability", answered.chance],
    ["Score", scored(row, answered)],
    ["Evidence genes", row.evidence.length ? geneLinks(row.evidence) : "none given"],
    ["Conflicting genes", cited("conflicting", row.conflicting)],
    ["Unsupported genes", cited("unsupported", row.unsupported, h("span", { class: "soft" }, " cited, not in the marker list"))],
    ["Marker scoring", answered.cross_check ? bdi(answered.cross_check) : null],
    ["Second opinion", answered.second ? bdi(answered.second) : null],
    ["Votes", answered.votes ? bdi(answered.votes) : null],
    ["Explains", answered.explained],
    ["Context conflict", answered.context_conflict ? [icon("context"), bdi(answered.context_conflict)] : null],
    ["Possible tissues", answered.possible_tissues ? bdi(answered.possible_tissues.join(", ")) : null],
    ["How it ended", answered.note ? bdi(answered.note) : null],
    ["Decided by", row.decided_by ? bdi(row.decided_by) : null],
    ["Cells", cellCount(row)],
  ];
}

function pairs(list) {
  const rows = list.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)));
  return rows.length ? h("dl", { class: "answer" }, rows) : null;
}

function rankedType(type) {
  return h(
    "li",
    {},
    bdi(type.label),
    type.cl_id ? [" ", termLink(type.cl_id)] : null,
    type.score === undefined ? null : h("span", { class: "soft" }, ` score ${Math.round(type.score)}`),
  );
}

function ontologyTerm(row, answered) {
  if (!row.cl_id) return bdi(answered.placed ?? "no term is placed");
  const how = answered.placed ? [" ", h("bdi", { class: "soft" }, answered.placed)] : null;
  const other = row.cl_label.toLowerCase() === row.title.toLowerCase() ? null : [bdi(row.cl_label), " "];
  return [other, termLink(row.cl_id), how];
}

// Down to the term, which is named already.
function pathWords({ path }) {
  const above = (path ?? []).slice(0, -1);
  return above.length ? above.map((label, place) => [place ? " › " : "", bdi(label)]) : null;
}

function generalType({ general, title }) {
  return general && general.toLowerCase() !== title.toLowerCase() ? bdi(general) : null;
}

function scored(row, answered) {
  const given = row.score === null ? "no score was given" : [`${row.score} of 100 `, scoreBar(row.score)];
  return [given, answered.score_reason ? h("bdi", { class: "soft why" }, answered.score_reason) : null];
}
