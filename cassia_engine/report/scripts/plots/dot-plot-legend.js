// The legend of the dot plot, inside the picture so that it is saved with it.

import { svg } from "../shared/dom.js";
import { state } from "../shared/store.js";
import { FOLD, rampWords } from "./dot-plot-colours.js";
import { areaRadius, flowed } from "./geometry.js";
import { hueOf } from "./picture.js";

const LINE_HEIGHT = 24;
const SWATCH = 18;
const LETTER_SIZE = 7;

export function plotLegend(plot, lineages, width) {
  const items = [...dotItems(plot), ...hueItems(plot, lineages)];
  const { places, height } = flowed(items.map((item) => item.width), width, 14, LINE_HEIGHT);
  const marks = items.map((item, n) => svg("g", { transform: `translate(${places[n].x} ${places[n].y + LINE_HEIGHT / 2})` }, item.marks));
  return { marks, height: height + 4, width: Math.max(...items.map((item, n) => places[n].x + item.width)) };
}

function dotItems({ frame, folds, colouring, clusters, genes }) {
  const has = (test) => clusters.some(({ row, facts }) => genes.some(({ gene }) => test(row, facts.get(gene), gene)));
  return [
    state.page.has.pct || colouring !== FOLD ? shareItem(frame.dot) : null,
    rampItem(colouring, folds),
    has((row, fact, gene) => fact && row.evidence.includes(gene)) ? legendItem(svg("circle", { class: "ring", cx: 8, cy: 0, r: 6 }), 22, "cited as evidence") : null,
    has((row, fact, gene) => !fact?.rank && row.unsupported.includes(gene))
      ? legendItem(svg("circle", { class: "missing", cx: 8, cy: 0, r: 6 }), 22, "cited, but not among its markers")
      : null,
    has((row, fact) => !fact) ? legendItem(svg("path", { class: "absent", d: "M6 0h4" }), 18, colouring === FOLD ? "not among its markers: unknown, not zero" : "not in the cells: unknown, not zero") : null,
  ].filter(Boolean);
}

function shareItem(full) {
  let x = 0;
  const circles = [0.2, 0.6, 1].map((share) => {
    const r = areaRadius(share, full);
    x += 2 * r + 4;
    return svg("circle", { class: "dot q1", cx: x - r - 4, cy: 0, r });
  });
  return legendItem(circles, x + 4, "20, 60, 100% of the cluster's cells");
}

function rampItem(colouring, folds) {
  const [low, high] = rampWords(colouring, folds);
  const before = `${colouring.legend} ${low}`;
  const start = before.length * LETTER_SIZE + 2;
  const swatches = [0, 1, 2, 3, 4].map((n) => svg("rect", { class: `dot q${n}`, x: start + n * SWATCH, y: -6, width: SWATCH - 2, height: 12, rx: 1 }));
  const item = legendItem(swatches, start + 5 * SWATCH + 4, high);
  return { ...item, marks: [svg("text", { class: "faint", x: 0, y: 4.5 }, before), item.marks] };
}

function hueItems({ clusters }, lineages) {
  const present = [...new Set(clusters.map(({ row }) => row.lineage))];
  return lineages
    .map(({ name }, lineage) => ({ name, lineage }))
    .filter(({ lineage }) => present.includes(lineage))
    .map(({ name, lineage }) => legendItem(svg("rect", { class: `shade ${hueOf({ lineage })}`, x: 0, y: -5, width: 10, height: 10, rx: 2 }), 17, name));
}

function legendItem(marks, after, words) {
  return { marks: [marks, svg("text", { class: "faint", x: after, y: 4.5 }, words)], width: after + words.length * LETTER_SIZE };
}
