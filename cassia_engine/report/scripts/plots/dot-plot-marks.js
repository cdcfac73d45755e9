// The marks of the dot plot: a link for each cluster with its dots, and the names of the genes with what brings them.

import { svg } from "../shared/dom.js";
import { MOST_LEANING, areaRadius, foldStep, geneBrackets, shortened } from "./geometry.js";
import { hueOf, namedRow, spokenName } from "./picture.js";

const SLANT = "rotate(-55)";

export function clusterGroup(plot, cluster, place) {
  const { row, index, facts } = cluster;
  const among = plot.genes.filter(({ gene }) => facts.get(gene)?.rank).length;
  return svg(
    "a",
    { class: "row", href: `#${row.anchor}`, "data-row": index, "data-place": place, "aria-label": `${spokenName(row)}: ${among} of ${plot.genes.length} genes are among its markers` },
    clusterBand(plot.frame, place),
    plot.frame.across ? nameBeside(plot, row, place) : nameAbove(plot, row, place),
    plot.genes.map(({ gene }, at) => dotMark(plot, cluster, place, gene, at)),
  );
}

// The middle of a dot.
export function dotPlace({ across, gene, cluster }, at, place) {
  return across ? { x: gene[at], y: cluster[place] } : { x: cluster[place], y: gene[at] };
}

function clusterBand(frame, place) {
  const at = frame.cluster[place];
  if (frame.across) return svg("rect", { class: "band", x: 0, y: at - frame.tall / 2, width: frame.right + 8, height: frame.tall, rx: 4 });
  return svg("rect", { class: "band", x: at - frame.pitch / 2, y: 0, width: frame.pitch, height: frame.bottom, rx: 4 });
}

function nameBeside(plot, row, place) {
  return namedRow({ row, y: plot.frame.cluster[place], longest: plot.longest, width: plot.frame.left - 8 });
}

function nameAbove(plot, row, place) {
  const x = plot.frame.cluster[place];
  const top = plot.frame.top;
  const hue = svg("rect", { class: `shade ${hueOf(row)}`, x: x - 5, y: top - 14, width: 10, height: 10, rx: 2 });
  if (!plot.frame.slanted) return [hue, svg("text", { class: "strong middle", x, y: top - 20 }, row.id)];
  return [hue, svg("text", { class: "strong", transform: `translate(${x + 3} ${top - 20}) ${SLANT}` }, shortened(row.id, MOST_LEANING))];
}

function dotMark(plot, { row, facts }, place, gene, at) {
  const { x, y } = dotPlace(plot.frame, at, place);
  const fact = facts.get(gene);
  const full = plot.frame.dot;
  if (!fact) {
    if (row.unsupported.includes(gene)) return svg("circle", { class: "missing", cx: x, cy: y, r: full * 0.75 });
    return svg("path", { class: "absent", d: `M${x - 2} ${y}h4` });
  }
  if (fact.in === 0 && fact.mean === 0) return null; // no cell has it, and that is known
  const radius = Number.isFinite(fact.in) ? areaRadius(fact.in, full) : full * 0.62;
  const lacking = !fact.rank && row.unsupported.includes(gene);
  return [dotShape(fact, plot, x, y, radius), row.evidence.includes(gene) || lacking ? dotRing(fact, x, y, radius, lacking ? "missing" : "ring") : null];
}

function dotShape(fact, { colouring, folds }, x, y, radius) {
  const value = fact[colouring.key];
  const colour = Number.isFinite(value) ? `q${foldStep(value, folds)}` : "unfilled";
  if (Number.isFinite(fact.in)) return svg("circle", { class: `dot ${colour}`, cx: x, cy: y, r: radius });
  return svg("rect", { class: `dot ${colour}`, x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius, rx: 1 });
}

function dotRing(fact, x, y, radius, kind) {
  const r = radius + 1.8;
  if (Number.isFinite(fact.in)) return svg("circle", { class: kind, cx: x, cy: y, r });
  return svg("rect", { class: kind, x: x - r, y: y - r, width: 2 * r, height: 2 * r, rx: 2 });
}

export function geneNames(plot) {
  const { frame, genes, clusters } = plot;
  const byIndex = new Map(clusters.map(({ index, row }) => [index, row]));
  const names = genes.map(({ gene }, at) => {
    const text = shortened(gene, MOST_LEANING);
    if (frame.across) return svg("text", { class: "gene", transform: `translate(${frame.gene[at] + 4} ${frame.top - 14}) ${SLANT}` }, text);
    return svg("text", { class: "gene end", x: frame.left - 14, y: frame.gene[at] + 4.5 }, text);
  });
  const lines = geneBrackets(genes).map(({ by, from, to }) => bracketLine(frame, from, to, hueOf(byIndex.get(by))));
  return svg("g", { "aria-hidden": "true" }, names, lines);
}

function bracketLine(frame, from, to, hue) {
  const half = (frame.across ? frame.pitch : frame.tall) / 2 - 2;
  const start = frame.gene[from] - half;
  const long = frame.gene[to] + half - start;
  if (frame.across) return svg("rect", { class: `shade ${hue}`, x: start, y: frame.top - 8, width: long, height: 3, rx: 1 });
  return svg("rect", { class: `shade ${hue}`, x: frame.left - 8, y: start, width: 3, height: long, rx: 1 });
}
