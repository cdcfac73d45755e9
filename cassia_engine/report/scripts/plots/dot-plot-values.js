// The values of the dot plot as a table, for those who do not see it and for those who want the numbers.

import { bdi, h } from "../shared/dom.js";
import { worded } from "../shared/numbers.js";
import { state } from "../shared/store.js";

export function valuesTable({ clusters, genes }) {
  const heads = clusters.map(({ row }) => h("th", { scope: "col" }, h("a", { href: `#${row.anchor}` }, bdi(row.id))));
  const body = genes.map(({ gene }) => h("tr", {}, h("th", { scope: "row", class: "gene" }, bdi(gene)), clusters.map((cluster) => h("td", {}, cellText(cluster, gene)))));
  const said = `Log2 fold change${state.page.has.pct ? " and share of the cluster's cells" : ""}; “cited” where the answer rests on the gene; a dash where the gene is not among the cluster's markers.`;
  return h(
    "div",
    { class: "wide", tabindex: "0", role: "region", "aria-label": "Values of the dot plot" },
    h("table", {}, h("caption", {}, said), h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Gene"), heads)), h("tbody", {}, body)),
  );
}

function cellText({ row, facts }, gene) {
  const fact = facts.get(gene);
  const cited = row.evidence.includes(gene) || row.unsupported.includes(gene) ? " cited" : "";
  if (!fact) return `–${cited}`;
  return `${worded("fc", fact.fc)}${Number.isFinite(fact.in) ? ` ${worded("in", fact.in)}` : ""}${cited}`;
}
