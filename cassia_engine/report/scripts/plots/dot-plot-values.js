// The values of the dot plot as a table, for those who do not see it and for those who want the numbers.

import { bdi, h } from "../shared/dom.js";
import { worded } from "../shared/numbers.js";
import { state } from "../shared/store.js";
import { FOLD } from "./dot-plot-colours.js";

const HEADS = { fc: "Log2 fold change", mean: "Mean expression", scaled: "Share of the gene's highest mean" };

export function valuesTable({ clusters, genes, colouring }) {
  const heads = clusters.map(({ row }) => h("th", { scope: "col" }, h("a", { href: `#${row.anchor}` }, bdi(row.id))));
  const body = genes.map(({ gene }) => h("tr", {}, h("th", { scope: "row", class: "gene" }, bdi(gene)), clusters.map((cluster) => h("td", {}, cellText(cluster, gene, colouring)))));
  const shares = state.page.has.pct || colouring !== FOLD ? " and share of the cluster's cells" : "";
  const unknown = colouring === FOLD ? "is not among the cluster's markers" : "is not in the cells";
  const said = `${HEADS[colouring.key]}${shares}; “cited” where the answer rests on the gene; a dash where the gene ${unknown}.`;
  return h(
    "div",
    { class: "wide", tabindex: "0", role: "region", "aria-label": "Values of the dot plot" },
    h("table", {}, h("caption", {}, said), h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Gene"), heads)), h("tbody", {}, body)),
  );
}

function cellText({ row, facts }, gene, { key }) {
  const fact = facts.get(gene);
  const cited = row.evidence.includes(gene) || row.unsupported.includes(gene) ? " cited" : "";
  if (!fact) return `–${cited}`;
  return `${worded(key, fact[key])}${Number.isFinite(fact.in) ? ` ${worded("in", fact.in)}` : ""}${cited}`;
}
