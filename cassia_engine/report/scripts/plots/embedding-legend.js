// What the colours of the cells mean: a list beside the picture, and the same as marks in one that is saved.

import { bdi, counted, h, svg } from "../shared/dom.js";
import { pointing } from "../shared/highlight.js";
import { worded } from "../shared/numbers.js";
import { state } from "../shared/store.js";
import { css, mixed } from "./embedding-colours.js";
import { flowed, shortened } from "./geometry.js";
import { clusterLabel, spokenName } from "./picture.js";

const MOST_IDS = 12; // of the clusters of an entry
const MOST_SAVED = 40;
const LINE_HEIGHT = 22;
const LETTER = 7;
const SWATCH = 8;

// The entries with the most cells first, each with links to its clusters.
export function legendList(colouring, kind) {
  const cells = (entry) => entry.rows.reduce((sum, index) => sum + (state.rows[index].n_cells ?? 0), 0);
  const entries = kind === "confidence" ? colouring.entries : [...colouring.entries].sort((one, other) => cells(other) - cells(one));
  return h("ul", { class: "cell-legend" }, entries.map((entry) => (kind === "cluster" ? clusterItem(entry, cells(entry)) : groupItem(entry, cells(entry)))));
}

function clusterItem(entry, cells) {
  const [index] = entry.rows;
  const row = state.rows[index];
  const link = h("a", { class: "on-tree", href: `#${row.anchor}`, "data-row": index, "aria-label": spokenName(row), ...pointing(row) }, swatch(entry), h("b", {}, bdi(row.id)), " ", bdi(clusterLabel(row)));
  return h("li", {}, link, countWords(cells));
}

function groupItem(entry, cells) {
  const links = entry.rows.slice(0, MOST_IDS).map((index) => [clusterLink(index), " "]);
  const more = entry.rows.length - MOST_IDS;
  const ids = h("span", { class: "ids" }, links, more > 0 ? h("small", {}, `and ${more.toLocaleString("en")} more`) : null);
  return h("li", {}, h("span", {}, swatch(entry), bdi(entry.words), countWords(cells)), ids);
}

function clusterLink(index) {
  const row = state.rows[index];
  return h("a", { class: "on-tree chip", href: `#${row.anchor}`, "data-row": index, "aria-label": spokenName(row), ...pointing(row) }, h("b", {}, bdi(row.id)));
}

function countWords(cells) {
  return cells ? h("small", {}, counted(cells, "cell")) : null;
}

function swatch(entry) {
  const colour = css(entry.colour);
  const dot = entry.ring ? { fill: "none", stroke: colour, "stroke-width": 1.4 } : { fill: colour };
  return svg("svg", { class: "dot-swatch", viewBox: "0 0 12 12", "aria-hidden": "true" }, svg("circle", { cx: 6, cy: 6, r: entry.ring ? 4.3 : 5, ...dot }));
}

// The ramp of a gene, and the clusters that express it most among the cells shown.
export function geneLegend({ colouring, colours, gene, values, found }) {
  const ramp = svg("svg", { class: "ramp", viewBox: "0 0 240 12", preserveAspectRatio: "none", "aria-hidden": "true" }, rampMarks(colouring, 0, 0, 10));
  const ends = h("p", { class: "ramp-ends" }, h("span", {}, "above 0"), h("span", {}, `${worded("mean", colouring.end)} and more`));
  const none = h("p", { class: "soft" }, swatch({ colour: colours.rail }), "not expressed");
  const items = found.map(({ index, mean, share }) => h("li", {}, h("span", {}, clusterLink(index), " ", bdi(clusterLabel(state.rows[index]))), h("small", {}, `mean ${worded("mean", mean)}, in ${worded("in", share)}`)));
  return [
    h("p", {}, h("b", { class: "gene" }, bdi(gene)), " ", h("span", { class: "soft" }, bdi(values))),
    ramp,
    ends,
    none,
    items.length ? [h("h3", {}, "Highest in ", h("small", {}, "of the cells shown")), h("ul", { class: "cell-legend" }, items)] : h("p", { class: "soft" }, "None of the cells shown expresses it."),
  ];
}

function rampMarks({ palette }, x, y, wide) {
  return palette.map((colour, n) => svg("rect", { x: x + n * wide, y, width: wide + 0.4, height: 12, fill: css(colour) }));
}

// {marks, height}: the legend of a saved picture.
export function savedLegend({ colouring, colours, gene, kind }, width) {
  const items = gene ? geneItems(colouring, colours, gene) : entryItems(colouring, kind);
  const { places, height } = flowed(items.map((item) => item.wide), width, 14, LINE_HEIGHT);
  return { marks: items.map((item, n) => svg("g", { transform: `translate(${places[n].x} ${places[n].y + LINE_HEIGHT / 2})` }, item.marks)), height };
}

function entryItems({ entries }, kind) {
  const ids = (entry) => entry.rows.slice(0, MOST_IDS).map((index) => state.rows[index].id);
  const more = (entry) => (entry.rows.length > MOST_IDS ? ", …" : "");
  const words = (entry) => shortened(kind === "cluster" ? `${ids(entry)} ${entry.words}` : `${entry.words} (${ids(entry).join(", ")}${more(entry)})`, 60);
  const items = entries.slice(0, MOST_SAVED).map((entry) => savedItem(entry, words(entry)));
  return entries.length > MOST_SAVED ? [...items, wordsItem(`and ${entries.length - MOST_SAVED} more`)] : items;
}

function geneItems(colouring, colours, gene) {
  const start = gene.length * LETTER + 24;
  const end = start + colouring.palette.length * 5 + 6;
  const words = `${worded("mean", colouring.end)} and more`;
  const ramp = [svg("text", { class: "gene", x: 0, y: 4.5 }, gene), svg("text", { x: start - 14, y: 4.5, class: "faint" }, "0"), rampMarks(colouring, start, -6, 5), svg("text", { class: "faint", x: end, y: 4.5 }, words)];
  return [{ marks: ramp, wide: end + words.length * LETTER }, savedItem({ colour: mixed(colours.rail, colours.rail, 0) }, "not expressed")];
}

function savedItem(entry, words) {
  const colour = css(entry.colour);
  const dot = entry.ring ? svg("circle", { cx: 6, cy: 0, r: 4.3, fill: "none", stroke: colour, "stroke-width": 1.4 }) : svg("circle", { cx: 6, cy: 0, r: 5, fill: colour });
  return { marks: [dot, svg("text", { class: "faint", x: 10 + SWATCH, y: 4.5 }, words)], wide: 10 + SWATCH + words.length * LETTER };
}

function wordsItem(words) {
  return { marks: [svg("text", { class: "faint", x: 0, y: 4.5 }, words)], wide: words.length * LETTER };
}
