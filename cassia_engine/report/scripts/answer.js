// What was decided on a cluster, as pairs of a name and a value; what is absent has no pair.

import { bdi, genes, h, icon, pips, scoreBar } from "./dom.js";

export function answerList(row, detail) {
  const answered = detail.answer;
  return [
    answered ? null : h("p", {}, row.has_type ? "There was no answer: the label is a person's." : "There was no answer, and nothing is guessed in its place."),
    answered ? pairs(answerPairs(row, answered)) : null,
    detail.context ? pairs([["You added", bdi(detail.context)]]) : null,
    detail.usage ? pairs(detail.usage.map(([name, value]) => [name, bdi(value)])) : null,
  ];
}

// Where the label that a person gave has its place in the ontology.
export function namedList(row, named) {
  return pairs([["General type", row.general ? bdi(row.general) : null], ["Cell Ontology", ontologyTerm(row, named)], ["Lineage", pathWords(named)]]);
}

function answerPairs(row, answered) {
  const cited = (kind, list, more) => (list.length ? [icon(kind), genes(list), more] : null);
  return [
    ["General type", bdi(row.general || "none given")],
    ["Ranked types", h("ol", {}, (answered.ranked ?? [{ label: "none given" }]).map(rankedType))],
    ["Cell Ontology", ontologyTerm(row, answered)],
    ["Lineage", pathWords(answered)],
    ["Possible mixture", row.mixed.length ? bdi(row.mixed.join(", ")) : null],
    ["State", row.state ? bdi(row.state) : null],
    ["Confidence", [pips(row.pips), " ", row.confidence]],
    ["Score", scored(row, answered)],
    ["Evidence genes", row.evidence.length ? genes(row.evidence) : "none given"],
    ["Conflicting genes", cited("conflicting", row.conflicting)],
    ["Unsupported genes", cited("unsupported", row.unsupported, h("span", { class: "soft" }, " cited, not in the marker list"))],
    ["Explains", answered.explained],
    ["Context conflict", answered.context_conflict ? [icon("context"), bdi(answered.context_conflict)] : null],
    ["Possible tissues", answered.possible_tissues ? bdi(answered.possible_tissues.join(", ")) : null],
    ["How it ended", answered.note ? bdi(answered.note) : null],
    ["Decided by", row.decided_by ? bdi(row.decided_by) : null],
  ];
}

function pairs(list) {
  const rows = list.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)));
  return h("dl", { class: "answer" }, rows);
}

function rankedType(type) {
  return h(
    "li",
    {},
    bdi(type.label),
    type.cl_id ? [" ", h("bdi", { class: "cl" }, type.cl_id)] : null,
    type.score === undefined ? null : h("span", { class: "soft" }, ` score ${Math.round(type.score)}`),
  );
}

function ontologyTerm(row, answered) {
  if (!row.cl_id) return bdi(answered.placed ?? "no term is placed");
  const how = answered.placed ? [" ", h("bdi", { class: "soft" }, answered.placed)] : null;
  return [bdi(row.cl_label), " ", h("bdi", { class: "cl" }, row.cl_id), how];
}

function pathWords({ path }) {
  return path ? path.map((label, place) => [place ? " › " : "", bdi(label)]) : null;
}

function scored(row, answered) {
  const given = row.score === null ? "no score was given" : [`${row.score} of 100 `, scoreBar(row.score)];
  return [given, answered.score_reason ? h("bdi", { class: "soft why" }, answered.score_reason) : null];
}
