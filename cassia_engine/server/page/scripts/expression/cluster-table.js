// How a gene is expressed in each cluster: a violin and a box, and the same in numbers.

import { counted, h, svg } from "../../../../report/scripts/shared/dom.js";
import { shareHighlight } from "../../../../report/scripts/shared/highlight.js";
import { worded } from "../../../../report/scripts/shared/numbers.js";
import { choiceButtons } from "../../../../report/scripts/plots/choice-buttons.js";
import { clusterHead, inTableOrder } from "../shared/clusters.js";
import { axis, box, scale, strip, STRIP } from "../shared/strips.js";
import { percent, visible } from "../shared/texts.js";
import { ticks } from "../shared/ticks.js";
import { density, outline } from "./density.js";

const ORDERS = [
  { button: "Highest mean first", sorted: (clusters) => [...clusters].sort((one, other) => (other.mean ?? -Infinity) - (one.mean ?? -Infinity)) },
  { button: "Order of the table", sorted: inTableOrder },
];
const WORDS = "The grey shape says how often each value is found among the cells of the embedding; the box goes from the first to the third quartile of all cells, with a line at the median, and the dot is the mean.";
const NO_SHAPE = "The box goes from the first to the third quartile, with a line at the median, and the dot is the mean.";

// `found`: what the server answers; `members`: by cluster the values of its cells that have coordinates, empty for none.
export function clusterTable(found, members) {
  const shape = { ...span(found, members), members };
  const x = scale(shape.start, shape.end);
  const body = h("tbody", {});
  const table = h("table", { class: "strips" }, headLine(axis(ticks(shape.start, shape.end), x)), body);
  const place = h("div", { class: "panel scrolls", role: "region", tabindex: "0", "aria-label": `${visible(found.gene)} by cluster` }, table);
  const highlightAgain = shareHighlight(place);
  const draw = ({ sorted }) => {
    body.replaceChildren(...sorted(found.clusters).map((one) => line(one, x, shape)));
    highlightAgain();
  };
  draw(ORDERS[0]);
  return [h("div", { class: "strips-head" }, h("h3", {}, h("bdi", { class: "gene" }, visible(found.gene)), ` in ${counted(found.clusters.length, "cluster")}`), choiceButtons("Order of the clusters", ORDERS, draw)), h("p", { class: "note" }, members.size ? WORDS : NO_SHAPE), place];
}

function headLine(marks) {
  const heads = [["Cluster"], [[h("span", { class: "unseen" }, "Distribution"), marks], "drawn"], ["Expressing"], ["Mean"], ["Median", "more"], ["Cells", "more"]];
  return h("thead", {}, h("tr", {}, heads.map(([words, name]) => h("th", { scope: "col", class: name }, words))));
}

function line(one, x, { start, end, members }) {
  const shape = density(members.get(one.cluster) ?? [], start, end);
  const drawn = one.n_cells ? strip(shape ? svg("path", { class: "spread", d: outline(shape, { x: x(start), wide: x(end) - x(start), middle: STRIP.tall / 2, half: STRIP.tall / 2 - 1 }) }) : null, box(one, x)) : null;
  const numbers = [one.n_cells ? percent(one.percent / 100) : "–", worded("mean", one.mean)];
  return h("tr", {}, clusterHead(one.cluster), h("td", { class: "drawn" }, drawn), numbers.map((text) => h("td", {}, text)), [worded("mean", one.quartiles?.[1]), one.n_cells.toLocaleString("en")].map((text) => h("td", { class: "more" }, text)));
}

// The ends of the axis: zero, and the highest of what is drawn; below zero where values are scaled.
function span({ clusters }, members) {
  let [start, end] = [0, 0];
  const take = (value) => {
    if (value < start) start = value;
    if (value > end) end = value;
  };
  for (const one of clusters) [...(one.quartiles ?? []), one.mean].forEach(take);
  for (const values of members.values()) values.forEach(take);
  return { start, end: end > start ? end : start + 1 };
}
