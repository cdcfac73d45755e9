// The cells of the data set, or a sample of them, where an embedding such as a UMAP puts them.

import { counted, h, reveal, svg } from "../shared/dom.js";
import { shareHighlight, unpoint } from "../shared/highlight.js";
import { worded } from "../shared/numbers.js";
import { highlight, keyOf, on, select, state } from "../shared/store.js";
import { isPacked, unpacked } from "../shared/unpack.js";
import { choiceButtons, press } from "./choice-buttons.js";
import { pageColours } from "./embedding-colours.js";
import { byConfidence, byId, byType, byValue } from "./embedding-colourings.js";
import { genePicker, geneValues, highestClusters } from "./embedding-genes.js";
import { geneLegend, legendList, savedLegend } from "./embedding-legend.js";
import { axisMarks, nameMarks } from "./embedding-names.js";
import { cellShapes, paintCells } from "./embedding-paint.js";
import { cellNear, centresOf, mixedOrder, placedCells } from "./embedding-places.js";
import { pictureFrame, pictureTip, clusterLabel } from "./picture.js";

const REACH = 14; // px: how far from a cell the pointer may be
const KINDS = [
  { kind: "type", button: "Cell type" },
  { kind: "cluster", button: "Cluster" },
  { kind: "confidence", button: "Confidence" },
];

export async function startEmbedding(place) {
  if (!isPacked("embedding")) return;
  const data = await unpacked("embedding");
  const picker = data.genes.length ? (chosen) => genePicker(data.genes, chosen) : () => null;
  drawEmbedding(place, data, { picker, values: (gene) => geneValues(data, gene) });
}

/*
 * data: as the packed part "embedding", with `cluster` as indexes of rows; picker: of `chosen`, what a gene is named in, or
 * null; values: promises those of a gene, null where there are none. Gives a function that shows a gene.
 */
export function drawEmbedding(place, data, { picker: pickerOf, values: valuesOf }) {
  const kinds = KINDS.filter(({ kind }) => kind !== "confidence" || state.rows.some((row) => row.pips));
  const spare = h("div", { class: "unseen", "aria-hidden": "true" });
  const parts = pictureFrame({ what: `Cells on the ${data.name}`, name: "cells", drawn: () => savedPicture(spare, view) });
  const view = { data, order: mixedOrder(data.x.length), kind: "type", gene: null, values: null, drawn: 0 };
  view.canvas = h("canvas", { role: "img", "aria-label": spoken(data) });
  view.over = h("div", { class: "over" });
  view.legend = h("div", { class: "cells-beside", tabindex: "0", role: "region", "aria-label": "Colours of the cells" });
  const choices = choiceButtons("Colour of the cells", kinds, ({ kind }) => choose(kind));
  const picker = pickerOf((gene) => chooseGene(gene));
  parts.lead.textContent = leadWords(data);
  parts.element.querySelector(".panel").before(h("div", { class: "cell-tools" }, choices, picker?.element));
  parts.canvas.classList.add("cells");
  parts.canvas.append(h("div", { class: "cells-map" }, view.canvas, view.over), view.legend, spare);
  place.append(parts.element);
  reveal(place);
  const highlightAgain = shareHighlight(parts.canvas);

  function choose(kind) {
    Object.assign(view, { kind, gene: null, values: null });
    picker?.clear();
    redraw();
  }
  async function chooseGene(gene) {
    if (gene === view.gene) return;
    view.gene = gene;
    press(choices, gene ? -1 : kinds.findIndex(({ kind }) => kind === view.kind));
    const values = gene && (await valuesOf(gene));
    if (view.gene !== gene) return; // another one was named meanwhile
    view.values = values;
    redraw();
  }
  function redraw() {
    colour(view);
    drawOver(view);
    drawLegend(view);
    paint();
    highlightAgain();
  }
  const paint = () => paintCells(view.canvas, { ...view, lit: litCells(data) });
  let waiting = false;
  const paintSoon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      paint();
    });
  };
  const resize = () => {
    const width = Math.floor(view.canvas.parentElement.clientWidth);
    if (!width || width === view.drawn) return;
    view.drawn = width;
    view.places = placedCells(data, width);
    view.centres = centresOf(view.places, data.cluster, state.rows.length);
    redraw();
  };
  on("highlight", paintSoon);
  on("corrected", redraw);
  on("select", () => picker?.offer());
  picker?.offer();
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", redraw);
  new ResizeObserver(() => requestAnimationFrame(resize)).observe(view.canvas.parentElement);
  resize();
  pointer(view);
  return chooseGene;
}

function leadWords({ x, n_cells, key, left_out }) {
  const some = x.length + left_out < n_cells ? `${x.length.toLocaleString("en")} of ${counted(n_cells, "cell")}, chosen at random` : `All ${counted(n_cells, "cell")}`;
  const lost = left_out ? `; ${left_out.toLocaleString("en")} without coordinates are left out` : "";
  return `${some}, at their coordinates in ${key}${lost}. Point at a cell to read its cluster, and click to open that. The list of colours links to all clusters too.`;
}

function spoken({ name, x }) {
  return `${counted(x.length, "cell")} on the ${name}; the list beside it and the table of clusters say the same in words`;
}

function colour(view) {
  const { data, values, kind } = view;
  view.colours = pageColours();
  if (values) view.colouring = byValue(values, view.colours);
  else if (kind === "cluster") view.colouring = byId(state.rows, data.cluster, view.colours, view.centres);
  else view.colouring = (kind === "type" ? byType : byConfidence)(state.rows, data.cluster, view.colours);
  view.mixed ??= view.order;
  view.order = view.colouring.order ?? view.mixed;
}

function drawOver(view) {
  const { places, data } = view;
  const kind = view.gene ? "gene" : view.kind;
  const marks = [axisMarks(places, data.name), nameMarks({ rows: state.rows, centres: view.centres, places, kind })];
  const picture = svg("svg", { class: "plot", viewBox: `0 0 ${places.width} ${places.height}`, width: places.width, height: places.height, "aria-hidden": "true" }, marks);
  view.canvas.width = 0; // painted anew at its new size
  view.over.replaceChildren(picture);
  view.tip = pictureTip(picture);
}

function drawLegend(view) {
  const { data, values, gene, colouring, colours } = view;
  const found = values && highestClusters(values, data.cluster, state.rows.length);
  const content = values ? geneLegend({ colouring, colours, gene, values: data.values, found }) : [legendList(colouring, view.kind)];
  view.legend.replaceChildren(...content.flat());
}

// Whether a cell is of the cluster that is pointed at; null where none is.
function litCells({ cluster }) {
  if (state.highlighted === null) return null;
  const index = state.rows.indexOf(state.byId.get(state.highlighted));
  return (cell) => cluster[cell] === index;
}

function pointer(view) {
  const place = view.canvas.parentElement;
  let under = null; // the row that the pointer is on
  const leave = () => {
    view.tip.hide();
    if (under) unpoint(under);
    under = null;
  };
  const pointed = (event) => {
    const box = place.getBoundingClientRect();
    const at = { x: event.clientX - box.left, y: event.clientY - box.top };
    const cell = cellNear(view.places, at, REACH);
    const row = cell < 0 ? null : (state.rows[view.data.cluster[cell]] ?? null);
    if (row !== under) leave();
    under = row;
    place.classList.toggle("over-cell", row !== null);
    if (cell >= 0) view.tip.show(at.x, at.y, tipWords(view, cell, row));
    if (row) highlight(keyOf(row));
    return row;
  };
  place.addEventListener("pointermove", pointed);
  place.addEventListener("pointerleave", leave);
  place.addEventListener("click", (event) => {
    // A finger has no other way to read a cell than to tap it: the list beside opens clusters.
    const row = pointed(event);
    if (row && event.pointerType !== "touch") select(keyOf(row));
  });
}

function tipWords(view, cell, row) {
  const value = view.values ? [`${view.gene} ${worded("mean", view.values[cell])} in this cell`] : [];
  if (!row) return ["A cell without a cluster", ...value];
  const size = row.n_cells === null ? [] : [counted(row.n_cells, "cell")];
  return [`Cluster ${row.id}, ${clusterLabel(row)}`, ...size, row.confidence ? `${row.confidence} confidence` : null, ...value].filter(Boolean);
}

// The picture as shapes, with its legend below, where it is saved from.
function savedPicture(spare, view) {
  const { places } = view;
  const legend = savedLegend(view, places.width);
  const height = places.height + 12 + legend.height;
  const names = view.over.querySelectorAll(".axis, .arrow, text:not(.tip text)");
  const picture = svg(
    "svg",
    { class: "plot", viewBox: `0 0 ${places.width} ${height}`, width: places.width, height },
    cellShapes(view),
    [...names].map((mark) => mark.cloneNode(true)),
    svg("g", { transform: `translate(0 ${places.height + 12})` }, legend.marks),
  );
  spare.replaceChildren(picture);
  return picture;
}
