// What the dot plot says in words: of itself, and of each dot.

import { counted } from "../shared/dom.js";
import { worded } from "../shared/numbers.js";
import { isAnswered } from "../shared/standing.js";
import { state } from "../shared/store.js";
import { FOLD } from "./dot-plot-colours.js";
import { shortened } from "./geometry.js";
import { clusterLabel } from "./picture.js";

const ALL = "Every gene that an answer rests on, in every cluster.";
const NAMED = "A cluster that only a person named shows its first markers.";
const NOBODY = "A cluster without an annotation shows its first markers, which nobody judged.";
const SQUARES = "The marker table has no shares of cells, so all squares are of one size.";
const HOW = "Point at a dot to read it; by keyboard, the arrow keys go from dot to dot.";

export function plotWords(choice, colouring, { rows, shown, page }) {
  const drawn = choice.clusters.map((index) => rows[index]);
  const cited = drawn.some((row) => row.evidence.length + row.unsupported.length);
  const uncited = drawn.filter((row) => row.not_judged.length);
  const sentences = [
    choice.whole ? (cited && choice.each === null ? ALL : null) : whichClusters(choice, rows.length, shown.length),
    choice.each === null || !cited ? null : `Of each cluster the first ${counted(choice.each, "gene")} that its answer rests on; its view has all.`,
    uncited.some((row) => !isAnswered(row)) ? NOBODY : null,
    uncited.some(isAnswered) ? NAMED : null,
    colouring === FOLD && !page.has.pct ? SQUARES : null,
    colouring.said?.(page.has.means),
    HOW,
  ];
  return sentences.filter(Boolean).join(" ");
}

function whichClusters({ clusters, neighbours }, all, shown) {
  const listed = `the ${counted(shown, "cluster")} that the table shows`;
  const some = clusters.length < shown ? `${clusters.length} of ${listed}` : `Of ${all.toLocaleString("en")} clusters ${listed}`;
  const cut = clusters.length < shown ? " (filter the table, or open a cluster, to see others)" : "";
  const near = neighbours.length
    ? `, and apart from them ${counted(neighbours.length, "neighbour")}: other clusters with most of these genes among their markers`
    : "";
  return `${some}${cut}${near}.`;
}

// The lines of a tip: what the marker table says of a gene in a cluster.
export function factWords({ row, facts }, gene) {
  const fact = facts.get(gene);
  const head = [`${shortened(gene, 30)} in cluster ${shortened(row.id, 30)}, ${shortened(clusterLabel(row), 40)}`];
  if (!fact) return [...head, row.unsupported.includes(gene) ? "cited, but not among its markers" : "not among its markers: unknown, not zero"];
  const others = Number.isFinite(fact.out) ? `, ${worded("out", fact.out)} of the others` : "";
  const shares = Number.isFinite(fact.in) ? [`${worded("in", fact.in)} of its cells${others}`] : [];
  const mean = Number.isFinite(fact.mean) ? [`mean ${worded("mean", fact.mean)}, ${worded("in", fact.scaled)} of the gene's highest`] : [];
  const role = row.evidence.includes(gene) ? ["cited as evidence"] : row.conflicting.includes(gene) ? ["named as conflicting"] : [];
  const change = state.page.has.fc ? `log2 fold change ${worded("fc", fact.fc)}, ` : "";
  const marker = fact.rank ? `${change}marker ${fact.rank} of ${fact.of}` : row.unsupported.includes(gene) ? "cited, but not among its markers" : "not among its markers";
  return [...head, ...mean, marker, ...shares, ...role];
}
