// What the pictures share: a frame with buttons that save it, how a cluster is named, and a tip beside the pointer.

import { h, svg } from "../shared/dom.js";
import { isAnswered, standing } from "../shared/standing.js";
import { state } from "../shared/store.js";
import { SHORT_ID, besidePoint, shortened } from "./geometry.js";
import { savePng, saveSvg } from "./save-picture.js";

const LETTER = 6.7; // px: a letter of a tip, about
const LINE = 18;

/*
 * A part of the page for a picture. `what` is its title, `name` what its files are called, `drawn` gives the picture to
 * save (an svg element in the page). Gives {element, lead, canvas}: where the sentence and the picture belong.
 */
export function pictureFrame({ what, name, drawn }) {
  const lead = h("p", { class: "note" });
  const canvas = h("div", { class: "canvas" });
  const file = `${state.page.name}_${name}`;
  const said = h("p", { class: "soft", role: "status" });
  const save = (kind, made) => {
    const onclick = async () => {
      const picture = drawn();
      said.textContent = picture ? await made(picture, file, what) : "";
    };
    return h("button", { type: "button", "aria-label": `Save ${what} as ${kind}`, onclick }, `Save ${kind}`);
  };
  const tools = h("div", { class: "tools" }, save("SVG", saveSvg), save("PNG", savePng));
  const head = h("div", { class: "picture-head" }, h("div", {}, h("h2", {}, what), lead, said), tools);
  return { element: h("div", { class: "picture" }, head, h("div", { class: "panel" }, canvas)), lead, canvas };
}

// The class of a cluster's hue.
export function hueOf(row) {
  const { lineage } = standing(row);
  return lineage === null ? "ln" : `l${lineage}`;
}

// What a cluster is called in a picture: what was said of it in this page, its type, or what became of it.
export function clusterLabel(row) {
  if (row.yours?.label) return `${row.yours.label} (your label)`;
  return isAnswered(row) ? row.title : row.outcome_word;
}

// The same for those who do not see the picture.
export function spokenName(row) {
  return `Cluster ${row.id}, ${clusterLabel(row)}`;
}

// Hue, id and type at the left of a picture's row: side by side, or below each other where ids are long.
export function namedRow({ row, y, longest, width }) {
  const hue = svg("rect", { class: `shade ${hueOf(row)}`, x: 6, y: y - 5, width: 10, height: 10, rx: 2 });
  const faint = isAnswered(row) ? null : "faint";
  const letters = (from) => Math.max(0, Math.floor((width - from) / LETTER));
  if (longest > SHORT_ID) {
    return [
      hue,
      svg("text", { class: "strong", x: 24, y: y - 3 }, shortened(row.id, letters(54))),
      svg("text", { class: "faint", x: 24, y: y + 12 }, shortened(clusterLabel(row), letters(28))),
    ];
  }
  const after = 30 + longest * 8;
  return [hue, svg("text", { class: "strong", x: 24, y: y + 4.5 }, row.id), svg("text", { class: faint, x: after, y: y + 4.5 }, shortened(clusterLabel(row), letters(after)))];
}

// A tip inside of a picture: `show(x, y, lines)` beside a point, and `hide()`.
export function pictureTip(picture) {
  const tip = svg("g", { class: "tip", "aria-hidden": "true", visibility: "hidden" });
  picture.append(tip);
  const show = (x, y, lines) => {
    const texts = lines.map((line, place) => svg("text", { x: 10, y: 19 + place * LINE, class: place ? null : "strong" }, line));
    const back = svg("rect", { rx: 5 });
    tip.replaceChildren(back, ...texts);
    const widest = Math.max(...texts.map((text, place) => text.getComputedTextLength() || lines[place].length * LETTER));
    const box = { width: widest + 20, height: lines.length * LINE + 12 };
    back.setAttribute("width", box.width);
    back.setAttribute("height", box.height);
    const { width, height } = picture.viewBox.baseVal;
    const at = besidePoint(x, y, box, width, height);
    tip.setAttribute("transform", `translate(${at.x} ${at.y})`);
    tip.setAttribute("visibility", "visible");
  };
  return { show, hide: () => tip.setAttribute("visibility", "hidden") };
}
