// What stands in the table's cells: two lines at most, so that ten clusters are seen at once.

import { bdi, counted, genes, h, icon, pips, scoreBar } from "../shared/dom.js";
import { termLink } from "../shared/links.js";
import { DASH } from "../shared/numbers.js";
import { isAnswered, standing } from "../shared/standing.js";
import { deciderOf, lineageName } from "./columns.js";

const GENES_SHOWN = 6;

const CELLS = {
  id: (row) => h("a", { href: `#${row.anchor}` }, h("span", { class: "unseen" }, "Cluster "), bdi(row.id)),
  type: typeCell,
  evidence: evidenceCell,
  confidence: (row) => (row.confidence ? [pips(row.pips), row.confidence] : nothing()),
  score: (row) => (row.score === null ? nothing() : [h("b", {}, String(row.score)), " ", scoreBar(row.score)]),
  checks: checksCell,
  decided_by: (row) => textCell(deciderOf(row)),
  lineage: (row, lineages) => (row.lineage === null ? nothing() : [hue(row), lineageName(row, lineages)]),
  types: (row) => textCell(row.types.join("; ")),
  mixed: (row) => textCell(row.mixed.join("; ")),
  conflicting: (row) => geneCell(row.conflicting),
  unsupported: (row) => geneCell(row.unsupported),
  n_cells: (row) => (row.n_cells === null ? nothing() : row.n_cells.toLocaleString("en")),
  calls: (row) => (row.calls ? row.calls.toLocaleString("en") : nothing()),
  cost: (row) => row.cost_word,
};

// The content of a cell, as one element.
export function cellFor(column, row, lineages) {
  const draw = CELLS[column.key] ?? ((one) => textCell(one[column.key]));
  return h("div", { "data-label": column.heading }, draw(standing(row), lineages));
}

function nothing() {
  return [h("span", { class: "nothing", "aria-hidden": "true" }, DASH), h("span", { class: "unseen" }, "nothing")];
}

function textCell(text) {
  return text ? bdi(text) : nothing();
}

function hue(row) {
  return h("span", { class: row.lineage === null ? "hue" : `hue l${row.lineage}`, "aria-hidden": "true" });
}

function typeCell(row) {
  if (row.yours?.label) {
    return [hue(row), h("b", {}, bdi(row.yours.label)), h("small", {}, "your label ", row.yours.cl_id ? termLink(row.yours.cl_id) : null)];
  }
  if (!isAnswered(row)) {
    return [hue(row), h("b", { class: row.review_flags[0]?.tone ?? "quiet" }, row.title), h("small", {}, row.outcome_word)];
  }
  // The id is that of the name above it.
  const general = row.general && row.general !== row.title ? [" \u00b7 ", bdi(row.general)] : [];
  const term = row.cl_id ? termLink(row.cl_id) : h("span", { class: "cl" }, "no ontology term");
  return [hue(row), h("b", {}, bdi(row.title)), h("small", {}, term, general)];
}

function evidenceCell(row) {
  if (!row.not_judged.length) return geneCell(row.evidence);
  return [h("small", {}, isAnswered(row) ? "top markers: " : "top markers, not judged: "), genes(row.not_judged)];
}

function geneCell(list) {
  if (!list.length) return nothing();
  const more = list.length - GENES_SHOWN;
  return [genes(list.slice(0, GENES_SHOWN)), more > 0 ? h("small", {}, ` and ${more} more`) : null];
}

function checksCell(row) {
  if (row.yours?.label) return h("span", { class: "quiet" }, icon("person"), row.verdict);
  const flags = row.review_flags.map((one) => h("span", { class: one.tone }, icon(one.kind), one.word));
  if (flags.length || !isAnswered(row)) return flags;
  const against = row.conflicting.length;
  return [
    row.validated ? h("span", {}, icon("agreed"), row.verdict) : h("span", { class: "quiet" }, row.verdict),
    against ? h("span", { class: "quiet" }, icon("conflicting"), counted(against, "conflicting gene")) : null,
  ];
}
