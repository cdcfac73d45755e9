// The dot plot: evidence genes over clusters. Area is the share of cells, colour the mean or the log2 fold change, a ring
// a citation. What neither marker table nor cells say is a dash: it is not known, which is not zero.

import { h, reveal, svg } from "../shared/dom.js";
import { shareHighlight } from "../shared/highlight.js";
import { on, state } from "../shared/store.js";
import { unpacked } from "../shared/unpack.js";
import { choiceButtons } from "./choice-buttons.js";
import { plotChoice } from "./dot-plot-choice.js";
import { FOLD, colourings, meanFacts, withMeans } from "./dot-plot-colours.js";
import { plotKeys } from "./dot-plot-keys.js";
import { plotLegend } from "./dot-plot-legend.js";
import { clusterGroup, geneNames } from "./dot-plot-marks.js";
import { valuesTable } from "./dot-plot-values.js";
import { plotWords } from "./dot-plot-words.js";
import { clustersThatFit, plotFrame } from "./geometry.js";
import { pictureFrame, pictureTip } from "./picture.js";

const AFTER_TABLE = 100; // ms

export async function startDotplot(place) {
  const { rows, page } = state;
  const choices = colourings(page.has);
  if (!choices.length || !rows.some((row) => row.evidence.length + row.unsupported.length + row.not_judged.length)) return;
  const markers = await unpacked("markers");
  const lineages = await unpacked("lineages");
  const known = page.has.means === undefined ? null : meanFacts(await unpacked("means"));
  const what = rows.some((row) => row.evidence.length + row.unsupported.length) ? "Evidence genes over the clusters" : "First markers of the clusters";
  const parts = pictureFrame({ what, name: "dotplot", drawn: () => parts.canvas.querySelector("svg") });
  const values = h("details", { class: "values" }, h("summary", {}, "The values as a table"));
  const status = h("p", { class: "unseen", role: "status" });
  let colouring = choices[0];
  const choose = (chosen) => {
    colouring = chosen;
    draw();
  };
  if (choices.length > 1) parts.element.querySelector(".panel").before(choiceButtons("Colour of the dots", choices, choose));
  parts.canvas.after(values, status);
  place.append(parts.element);
  reveal(place);
  const highlightAgain = shareHighlight(parts.canvas);

  let drawn = "";
  function draw() {
    const plot = plotted({ markers, known, colouring, width: parts.canvas.clientWidth });
    const now = JSON.stringify([plot.choice, plot.frame.width, colouring.key]);
    if (now === drawn) return;
    drawn = now;
    parts.lead.textContent = plotWords(plot.choice, colouring, state);
    values.hidden = !plot.genes.length;
    if (!plot.genes.length) {
      parts.canvas.replaceChildren(h("p", { class: "soft" }, "The clusters that the table shows have no gene to plot."));
      return;
    }
    const picture = pictureOf(plot, lineages, parts.canvas.clientWidth);
    parts.canvas.replaceChildren(picture);
    plotKeys({ picture, plot, tip: pictureTip(picture), status });
    highlightAgain();
    if (values.open) fillValues(plot);
    values.ontoggle = () => values.open && fillValues(plot);
  }
  function fillValues(plot) {
    values.querySelector(".wide")?.remove();
    values.append(valuesTable(plot));
  }
  // Not before the table has answered, and once for a word that is being typed.
  let later = 0;
  const drawLater = () => {
    clearTimeout(later);
    later = setTimeout(draw, AFTER_TABLE);
  };
  on("show", drawLater);
  on("select", drawLater);
  on("corrected", () => {
    drawn = "";
    draw();
  });
  new ResizeObserver(() => requestAnimationFrame(draw)).observe(parts.canvas);
  draw();
}

// All that the picture, its tip and its table need: rows of the clusters, places, and each cluster's facts by gene.
function plotted({ markers, known, colouring, width }) {
  const { rows } = state;
  const numbers = new Map(rows.map((row, index) => [row, index]));
  const factsOf = (index) => colouring === FOLD ? geneFacts(markers, index) : withMeans(geneFacts(markers, index), known, index);
  const choice = plotChoice({
    rows,
    shown: state.shown.map((id) => numbers.get(state.byId.get(id))),
    chosen: numbers.get(state.byId.get(state.selected)) ?? -1,
    most: clustersThatFit(width),
    listed: markers.clusters.map(({ g }) => g),
    names: markers.genes,
  });
  const clusters = [...choice.clusters, ...choice.neighbours].map((index) => ({ index, row: rows[index], facts: factsOf(index) }));
  const values = clusters.flatMap(({ facts }) => choice.genes.map(({ gene }) => facts.get(gene)?.[colouring.key])).filter(Number.isFinite);
  const longest = Math.max(...clusters.map(({ row }) => row.id.length));
  const frame = choice.genes.length && plotFrame({ genes: choice.genes, clusters: clusters.length, apart: choice.clusters.length, width, longest });
  return { choice, clusters, genes: choice.genes, colouring, folds: colouring.steps(values), frame, longest };
}

function geneFacts(markers, index) {
  const { g, ...statistics } = markers.clusters[index];
  const fact = (place) => Object.fromEntries(Object.entries(statistics).map(([key, column]) => [key, column[place]]));
  return new Map(g.map((number, place) => [markers.genes[number], { rank: place + 1, of: g.length, ...fact(place) }]));
}

function pictureOf(plot, lineages, room) {
  const { frame } = plot;
  const legend = plotLegend(plot, lineages, Math.max(room, 280));
  const width = Math.max(frame.width, legend.width);
  const height = frame.height + 14 + legend.height;
  return svg(
    "svg",
    { class: "plot dots", viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": "Dot plot of genes over the clusters" },
    plot.clusters.map((cluster, place) => clusterGroup(plot, cluster, place)),
    geneNames(plot),
    svg("g", { transform: `translate(0 ${frame.height + 14})`, "aria-hidden": "true" }, legend.marks),
  );
}
