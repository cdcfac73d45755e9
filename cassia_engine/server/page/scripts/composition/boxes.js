// A column of numbers: how they are spread in each cluster.

import { h } from "../../../../report/scripts/shared/dom.js";
import { clusterHead, inTableOrder } from "../shared/clusters.js";
import { axis, box, scale, strip } from "../shared/strips.js";
import { number, visible } from "../shared/texts.js";
import { ticks } from "../shared/ticks.js";

const HEADS = [["Cluster"], ["Distribution", "drawn"], ["Median"], ["Lowest", "more"], ["Highest", "more"], ["Cells", "more"]];
const WORDS = "The line goes from the lowest to the highest value, the box from the first to the third quartile, with a line at the median.";

export function boxTable(found) {
  const [start, end] = span(found.clusters);
  const x = scale(start, end);
  const missing = found.clusters.reduce((sum, one) => sum + one.missing, 0);
  const heads = HEADS.map(([words, name]) => h("th", { scope: "col", class: name }, name === "drawn" ? [h("span", { class: "unseen" }, words), axis(ticks(start, end), x)] : words));
  const table = h("table", { class: "strips" }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, inTableOrder(found.clusters).map((one) => line(one, x))));
  const lost = missing ? ` ${missing.toLocaleString("en")} cells have no value.` : "";
  return [h("p", { class: "note" }, WORDS + lost), h("div", { class: "panel scrolls", role: "region", tabindex: "0", "aria-label": `${visible(found.column)} by cluster` }, table)];
}

function line({ cluster, n_cells: count, missing, quantiles }, x) {
  const [low, first, middle, third, high] = isKnown(quantiles) ? quantiles : [];
  const drawn = isKnown(quantiles) ? strip(box({ quartiles: [first, middle, third], ends: [low, high] }, x)) : null;
  const cells = [count.toLocaleString("en"), missing ? h("small", {}, ` ${missing.toLocaleString("en")} without`) : null];
  return h("tr", {}, clusterHead(cluster), h("td", { class: "drawn" }, drawn), h("td", {}, number(middle)), [number(low), number(high), cells].map((text) => h("td", { class: "more" }, text)));
}

function isKnown(quantiles) {
  return Boolean(quantiles) && quantiles.every((one) => typeof one === "number");
}

function span(clusters) {
  const known = clusters.filter((one) => isKnown(one.quantiles)).map((one) => one.quantiles);
  if (!known.length) return [0, 1];
  return [Math.min(...known.map(([low]) => low)), Math.max(...known.map((one) => one.at(-1)))];
}
