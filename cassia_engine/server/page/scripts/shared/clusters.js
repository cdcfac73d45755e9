// Clusters of the server's answers as those of the page, with links to their views.

import { bdi, h } from "../../../../report/scripts/shared/dom.js";
import { pointing } from "../../../../report/scripts/shared/highlight.js";
import { clusterLabel, hueOf, spokenName } from "../../../../report/scripts/plots/picture.js";
import { state } from "../../../../report/scripts/shared/store.js";
import { shown } from "./texts.js";

// The index of the row of a cluster, by what it is called; -1 where the page has none.
export function rowIndex(cluster) {
  return state.rows.indexOf(state.byId.get(cluster));
}

// The head of a line of a table: id and cell type, as a link to the cluster's view.
export function clusterHead(cluster) {
  const index = rowIndex(cluster);
  if (index < 0) return h("th", { scope: "row" }, h("b", {}, shown(cluster)));
  const row = state.rows[index];
  const link = h("a", { class: "on-tree", href: `#${row.anchor}`, "data-row": index, "aria-label": spokenName(row), ...pointing(row) }, h("span", { class: `swatch ${hueOf(row)}`, "aria-hidden": "true" }), h("b", {}, bdi(row.id)), " ", bdi(clusterLabel(row)));
  return h("th", { scope: "row" }, link);
}

// Answers by cluster in the order of the page's table, those that it does not have last.
export function inTableOrder(answers) {
  const place = ({ cluster }) => (rowIndex(cluster) < 0 ? Infinity : rowIndex(cluster));
  return answers.map((one) => [place(one), one]).sort(([one], [other]) => (one === other ? 0 : one - other)).map(([, one]) => one);
}
