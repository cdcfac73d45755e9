// The markers of a cluster with their statistics, and what each gene was to the answer.

import { counted, genes, h, icon, svg } from "../shared/dom.js";
import { geneLink } from "../shared/links.js";
import { DASH, part, worded } from "../shared/numbers.js";
import { state } from "../shared/store.js";

const SHOWN_AT_ONCE = 15;
const FOLDS_FROM = 19;
const MOST_SET_ASIDE = 12;
const ROLES = { evidence: "agreed", conflicting: "conflicting", unsupported: "unsupported" };

export function genesTable(row, detail, markers) {
  const judged = row.outcome === "annotated";
  return h(
    "div",
    { class: "markers" },
    h("h3", {}, judged ? "Markers and evidence" : row.has_type ? "Markers" : "Markers, not judged"),
    markers.g.length ? listing(row, markers, judged) : h("p", {}, "No gene passes the filter."),
    notes(detail, markers),
  );
}

function listing(row, markers, judged) {
  const { columns } = state.page;
  const folds = markers.g.length >= FOLDS_FROM;
  const role = judged ? h("th", { scope: "col", class: "role" }, h("span", { class: "unseen" }, "Role")) : null;
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, "Rank"),
    h("th", { scope: "col", class: "name" }, "Gene"),
    role,
    columns.map((column) => h("th", { scope: "col" }, column.heading)),
  );
  const table = h("table", { class: folds ? "fold" : null }, h("thead", {}, head), h("tbody", {}, lines(row, markers, judged)));
  const wide = h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Markers" }, table);
  return [wide, folds ? unfolder(table, markers.g.length) : null];
}

function lines(row, markers, judged) {
  const marks = new Map([...row.evidence.map((gene) => [gene, "evidence"]), ...row.conflicting.map((gene) => [gene, "conflicting"])]);
  const absent = row.unsupported.map((gene) => line(DASH, gene, state.page.columns.map(() => DASH), "unsupported", judged));
  const present = markers.g.map((number, place) => {
    const gene = markers.genes[number];
    const cells = state.page.columns.map((column) => cell(column.key, markers[column.key][place]));
    return line(String(place + 1), gene, cells, marks.get(gene), judged, markers.given?.[place]);
  });
  return [...absent, ...present];
}

function cell(key, value) {
  return key === "fc" ? [worded(key, value), changeBar(value)] : worded(key, value);
}

// How strong a fold change is beside the strongest of the sample; none where it is unknown or not above zero.
function changeBar(value) {
  const width = part(value, state.page.fc_end);
  return svg("svg", { class: "change", viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { width, height: 1 }));
}

// Where the marker table has another name for a gene, that stands beside it.
function line(rank, gene, cells, mark, judged, given) {
  return h(
    "tr",
    { class: mark },
    h("td", {}, rank),
    h("th", { scope: "row" }, geneLink(gene), given ? [" ", h("bdi", { class: "soft" }, given)] : null),
    judged ? h("td", { class: "role" }, mark ? [icon(ROLES[mark]), mark] : null) : null,
    cells.map((text) => h("td", {}, text)),
  );
}

function unfolder(table, count) {
  const all = `Show all ${count}`;
  const turn = (event) => {
    event.target.textContent = table.classList.toggle("fold") ? all : `Show the first ${SHOWN_AT_ONCE}`;
  };
  return h("button", { type: "button", class: "more", onclick: turn }, all);
}

function notes(detail, markers) {
  const of = `${counted(markers.g.length, "gene")} listed, of ${detail.n_passing.toLocaleString("en")} that pass the filter`;
  const shares = state.page.has.pct ? " In, out: share of the cells inside and outside the cluster that express the gene." : "";
  const capped = state.page.fc_capped ? ` Bars end at a log2 fold change of ${state.page.fc_end}.` : "";
  return [
    h("p", { class: "note" }, `${of} and ${detail.n_rows.toLocaleString("en")} in the table.${shares}${capped}`),
    detail.set_aside ? h("p", { class: "note" }, h("b", {}, "Technical genes left out: "), setAside(detail.set_aside)) : null,
    (detail.hints ?? []).map((hint) => h("p", { class: "note" }, h("b", {}, "Hint: "), h("bdi", {}, hint))),
  ];
}

function setAside(kinds) {
  const words = kinds.map((aside, place) => {
    const more = aside.genes.length - MOST_SET_ASIDE;
    const named = [genes(aside.genes.slice(0, MOST_SET_ASIDE)), more > 0 ? ` and ${more} more` : ""];
    return [place ? "; " : "", `${aside.genes.length} `, h("bdi", {}, aside.kind), " (", named, ")"];
  });
  return [words, ". They tell little of a cell type; the table's next genes took their places, as far as there are any."];
}
