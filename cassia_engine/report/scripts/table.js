// The clusters as a table: a row is a link to its cluster.

import { bdi, h, pips, reveal } from "./dom.js";
import { state } from "./store.js";

export function startTable(place) {
  const heads = ["Cluster", "Cell type", "CL id", "Confidence", "Score"].map((text) => h("th", { scope: "col" }, text));
  place.append(h("table", { class: "clusters" }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, state.rows.map(tableRow))));
  reveal(place);
}

function tableRow(row) {
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("a", { href: `#${row.anchor}` }, bdi(row.id))),
    h("td", {}, bdi(row.title)),
    h("td", {}, bdi(row.cl_id)),
    h("td", {}, row.confidence ? [pips(row.pips), row.confidence] : "–"),
    h("td", {}, row.score === null ? "–" : String(row.score)),
  );
}
