// The clusters on the Cell Ontology: an indented tree as a nested list, and the same as a picture when it is saved.

import { bdi, counted, h, pips, reveal } from "../shared/dom.js";
import { pointing, shareHighlight } from "../shared/highlight.js";
import { standing } from "../shared/standing.js";
import { on, state } from "../shared/store.js";
import { unpacked } from "../shared/unpack.js";
import { treePicture } from "./lineage-tree-picture.js";
import { clusterLabel, hueOf, pictureFrame, spokenName } from "./picture.js";

const IN_LINES = 40; // clusters of a run up to which each has a line of its own
const AT_ONCE = 24; // of many on one term; the rest is drawn when it is wanted

export async function startLineage(place) {
  const tree = await unpacked("tree");
  if (!tree.nodes.length) return;
  const spare = h("div", { class: "unseen", "aria-hidden": "true" });
  const parts = pictureFrame({ what: "Place in the Cell Ontology", name: "lineage", drawn: () => drawnTree(spare, tree) });
  parts.lead.textContent = "One path for each term. Steps with a single branch and no cluster are left out, and counted.";
  const below = (parent) => tree.nodes.flatMap((node, index) => (node.parent === parent ? [branch(node, below(index))] : []));
  parts.canvas.after(spare);
  place.append(parts.element);
  reveal(place);
  const highlightAgain = shareHighlight(parts.canvas);
  const draw = () => {
    parts.canvas.replaceChildren(h("ul", { class: "tree" }, below(null), unplacedBranch(tree.unplaced)));
    highlightAgain();
  };
  // Where a line has many clusters, none has its type in sight: no need to draw, and to fold, all of them anew.
  on("corrected", (id) => {
    if (state.rows.length <= IN_LINES) return draw();
    const row = state.byId.get(id);
    parts.canvas.querySelector(`[data-row="${state.rows.indexOf(row)}"]`)?.setAttribute("aria-label", spokenName(row));
  });
  draw();
}

function drawnTree(spare, tree) {
  const picture = treePicture(tree);
  spare.replaceChildren(picture);
  return picture;
}

function branch(node, below) {
  const name = h("span", { class: "term" }, bdi(node.label), node.shortened ? h("small", {}, ` ${counted(node.shortened, "step")} left out`) : null);
  const inside = [clusterItems(node.clusters, node.label), below];
  return h("li", {}, name, node.clusters.length || below.length ? h("ul", {}, inside) : null);
}

function unplacedBranch(clusters) {
  if (!clusters.length) return null;
  return h("li", { class: "unplaced" }, h("span", { class: "term" }, "Not placed"), h("ul", {}, clusterItems(clusters)));
}

// A cluster's type is said where it is another one than the term's label.
function clusterItems(clusters, term) {
  if (!clusters.length) return null;
  if (state.rows.length <= IN_LINES) return clusters.map((index) => h("li", { class: "leaf" }, clusterLink(index, true, term)));
  const links = (some) => some.map((index) => [clusterLink(index, false), " "]);
  const rest = clusters.slice(AT_ONCE);
  const more = () => links(rest);
  return h("li", { class: "leaf" }, links(clusters.slice(0, AT_ONCE)), rest.length ? restButton(rest.length, more) : null);
}

function restButton(count, more) {
  const shown = (event) => event.currentTarget.replaceWith(...more().flat());
  return h("button", { type: "button", onclick: shown }, `Show ${count.toLocaleString("en")} more`);
}

function clusterLink(index, whole, term) {
  const row = state.rows[index];
  const named = whole && clusterLabel(row) !== term ? [" ", bdi(clusterLabel(row))] : null;
  const attributes = {
    class: whole ? "on-tree" : "on-tree chip",
    href: `#${row.anchor}`,
    "data-row": index,
    "aria-label": spokenName(row),
    ...pointing(row),
  };
  const link = h("a", attributes, h("span", { class: `swatch ${hueOf(row)}`, "aria-hidden": "true" }), h("b", {}, bdi(row.id)), named);
  const { confidence, pips: sure } = standing(row);
  return whole && confidence ? [link, h("span", { class: "sure" }, pips(sure), confidence)] : link;
}
