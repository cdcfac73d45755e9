// The tree of the ontology as a picture, to be saved: a line for each term and for each cluster.

import { svg } from "../shared/dom.js";
import { state } from "../shared/store.js";
import { shortened, treeDepths } from "./geometry.js";
import { clusterLabel, hueOf } from "./picture.js";

const TALL = 22;
const INDENT = 20;
const MOST_LETTERS = 90;
const WIDE_LETTER = 7.2;

export function treePicture(tree) {
  const lines = treeLines(tree);
  const marks = lines.map((line, place) => treeLine(line, place));
  const width = Math.max(...lines.map(({ depth, words }) => depth * INDENT + words.length * WIDE_LETTER)) + 60;
  return svg("svg", { class: "plot", viewBox: `0 0 ${width} ${lines.length * TALL + 12}`, width, height: lines.length * TALL + 12 }, marks);
}

// {depth, words, row: of a cluster, up: lines to the one that it hangs on, 0 at the top}
function treeLines({ nodes, unplaced }) {
  const depths = treeDepths(nodes);
  const lines = [];
  const at = [];
  const add = (depth, words, above, row) => lines.push({ depth, words: shortened(words, MOST_LETTERS), row, up: above === null ? 0 : lines.length - above });
  const leaves = (clusters, depth, above, term) => {
    for (const row of clusters.map((index) => state.rows[index])) add(depth, leafWords(row, term), above, row);
  };
  nodes.forEach((node, index) => {
    at[index] = lines.length;
    add(depths[index], node.label, node.parent === null ? null : at[node.parent]);
    leaves(node.clusters, depths[index] + 1, at[index], node.label);
  });
  if (unplaced.length) {
    const above = lines.length;
    add(0, "Not placed", null);
    leaves(unplaced, 1, above);
  }
  return lines;
}

// The type is said where it is another one than the term, as on the page.
function leafWords(row, term) {
  const sure = row.confidence ? ` (${row.confidence})` : "";
  return clusterLabel(row) === term ? `${row.id}${sure}` : `${row.id}, ${clusterLabel(row)}${sure}`;
}

function treeLine({ depth, words, row, up }, place) {
  const [x, y] = [14 + depth * INDENT, 6 + place * TALL + TALL / 2];
  return svg(
    "g",
    {},
    up ? svg("path", { class: "twig", d: `M${x - INDENT + 5} ${y - up * TALL + 8}V${y}h9` }) : null,
    row ? svg("rect", { class: `shade ${hueOf(row)}`, x, y: y - 5, width: 10, height: 10, rx: 2 }) : null,
    svg("text", { class: row ? null : "faint", x: row ? x + 17 : x, y: y + 4.5 }, words),
  );
}
