// A column with few values: what share of each cluster's cells has which, as stacked bars and in numbers.

import { counted as inWords, h, svg } from "../../../../report/scripts/shared/dom.js";
import { clusterHead, inTableOrder } from "../shared/clusters.js";
import { percent, shown, visible } from "../shared/texts.js";
import { STRIP } from "../shared/strips.js";
import { counted, partsOf, sharesOf } from "./shares.js";

const MOST_COLUMNS = 60; // of the table of counts

export function barTable(answer) {
  const found = counted(answer);
  const parts = partsOf(found);
  const clusters = inTableOrder(found.clusters);
  const head = h("thead", {}, h("tr", {}, [["Cluster"], ["Shares", "drawn"], ["Most frequent"], ["Cells", "more"]].map(([words, name]) => h("th", { scope: "col", class: name }, words))));
  const lines = clusters.map((one) => h("tr", {}, clusterHead(one.cluster), h("td", { class: "drawn" }, bar(one, parts)), h("td", { class: "most" }, mostFrequent(one, found)), h("td", { class: "more" }, one.n_cells.toLocaleString("en"))));
  const table = h("table", { class: "strips" }, head, h("tbody", {}, lines));
  return [legend(parts), h("div", { class: "panel scrolls", role: "region", tabindex: "0", "aria-label": `${visible(answer.column)} by cluster` }, table), countTable(answer.column, found.values, clusters)];
}

function bar({ counts }, parts) {
  const marks = sharesOf(counts, parts).map(({ from, share }, place) => (share > 0 ? svg("rect", { class: colourOf(parts, place), x: (from * STRIP.wide).toFixed(2), y: 7, width: Math.max(0.6, share * STRIP.wide - 0.6).toFixed(2), height: 16 }) : null));
  return svg("svg", { class: "plot strip bars", viewBox: `0 0 ${STRIP.wide} ${STRIP.tall}`, preserveAspectRatio: "none", "aria-hidden": "true" }, marks);
}

function colourOf(parts, place) {
  return parts[place].isOther ? "other-part" : `part-${place}`;
}

function mostFrequent({ counts, n_cells: cells }, { values, isOther }) {
  const first = counts.reduce((best, count, place) => (count > (counts[best] ?? 0) && !isOther.includes(place) ? place : best), -1);
  return first < 0 ? "–" : [shown(values[first]), " ", h("small", {}, percent(counts[first] / cells))];
}

function legend(parts) {
  const items = parts.map((part, place) => h("li", {}, svg("svg", { class: "dot-swatch", viewBox: "0 0 12 12", "aria-hidden": "true" }, svg("rect", { class: colourOf(parts, place), width: 12, height: 12, rx: 2 })), shown(part.words), " ", h("small", {}, inWords(part.count, "cell"))));
  return h("ul", { class: "parts" }, items);
}

// All counts, made when they are looked at: there may be thousands.
function countTable(column, values, clusters) {
  const place = h("div", { class: "wide", role: "region", tabindex: "0", "aria-label": "Numbers of cells" });
  const drawn = () => {
    if (place.firstChild) return;
    const some = values.slice(0, MOST_COLUMNS);
    const heads = ["Cluster", ...some].map((text) => h("th", { scope: "col" }, shown(text)));
    const lines = clusters.map(({ cluster, counts }) => h("tr", {}, clusterHead(cluster), some.map((_, at) => h("td", {}, counts[at].toLocaleString("en")))));
    const left = values.length - some.length;
    const caption = h("caption", {}, "Cells of each cluster by ", shown(column), left > 0 ? `; ${left.toLocaleString("en")} more values are left out` : "");
    place.append(h("table", {}, caption, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, lines)));
  };
  return h("details", { class: "values", ontoggle: drawn }, h("summary", {}, "Numbers of cells"), place);
}
