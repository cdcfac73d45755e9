// Where the marks of the pictures stand and how large they are. No part of the page is touched here.

const STEPS = 5;
const ROUND_STEPS = [0.1, 0.2, 0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 10, 20, 50, 100];
export const SHORT_ID = 6; // letters of a cluster's id up to which its type stands beside it, not below
const NARROW = 640; // px: below it clusters are columns
const COLUMN = 16; // px: the least width of one
const LEANS = 34; // px: how far the last slanted name leans out
const NAMES = 104; // px: names of genes at the left
const APART = 14; // px: between clusters and their neighbours
export const MOST_LEANING = 13;
const SMALLEST = 1.2; // px: a dot of few cells is still to be seen

// The radius of a dot whose area is the fraction; `full` is the radius of all cells.
export function areaRadius(fraction, full) {
  return Math.max(SMALLEST, Math.sqrt(Math.min(1, Math.max(0, fraction))) * full);
}

// Steps of colour for these fold changes: {step: width of one, cap: where the last one begins, most: the largest}.
// One in ten may lie far above, so that a few giants do not make all others pale.
export function foldSteps(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const high = sorted.length ? sorted[Math.ceil(sorted.length * 0.9) - 1] : 0;
  const step = ROUND_STEPS.find((wide) => wide * STEPS >= high) ?? ROUND_STEPS.at(-1);
  return { step, cap: step * (STEPS - 1), most: sorted.at(-1) ?? 0 };
}

export function foldStep(value, { step }) {
  return Math.min(STEPS - 1, Math.max(0, Math.floor(value / step)));
}

// The ends of the ramp in words: "under 1", and "4 to 30.9", where everything from 4 has one colour.
export function foldWords({ step, cap, most }) {
  const short = (value) => String(Number(value.toFixed(2)));
  return [`under ${short(step)}`, most > cap ? `${short(cap)} to ${Number(most.toFixed(1))}` : `from ${short(cap)}`];
}

// Runs of genes that one cluster brings: [{by, from, to}], places in `genes`.
export function geneBrackets(genes) {
  const found = [];
  genes.forEach(({ by }, place) => {
    if (found.at(-1)?.by === by) found.at(-1).to = place;
    else found.push({ by, from: place, to: place });
  });
  return found;
}

/*
 * The places of a dot plot in px. Genes stand side by side if they fit, else below each other.
 * genes: as of plotChoice; apart: number of clusters before the neighbours; longest: characters of the longest id.
 * Gives {across: whether genes are columns, gene: [px], cluster: [px] of each one's middle, pitch, dot: radius of all
 * cells, left, top, right, bottom: of the dots' field, width, height}.
 */
export function plotFrame({ genes, clusters, apart, width, longest }) {
  const gaps = geneBrackets(genes).length - 1;
  const gap = gaps > 12 ? 2 : 6;
  const side = longest > SHORT_ID ? 232 : 210;
  const pitch = (width - side - LEANS - gaps * gap) / genes.length;
  if (width >= NARROW && pitch >= 14.5) return genesAcross({ genes, clusters, apart, side, longest, gap, pitch: Math.min(28, pitch) });
  return genesDown({ genes, clusters, apart, width, longest });
}

function genesAcross({ genes, clusters, apart, side, longest, gap, pitch }) {
  const few = clusters > 16 ? 24 : 30;
  const tall = longest > SHORT_ID ? 36 : few;
  const top = 26 + leaning(Math.max(...genes.map(({ gene }) => gene.length)));
  const gene = spread(genes.map(({ by }) => by), side, pitch, gap);
  const cluster = spread(neighbourly(clusters, apart), top, tall, APART);
  const field = { left: side, top, right: gene.at(-1) + pitch / 2, bottom: cluster.at(-1) + tall / 2 };
  return { across: true, gene, cluster, pitch, tall, slanted: true, dot: Math.min(pitch, tall) / 2 - 2.6, ...field, width: field.right + LEANS, height: field.bottom + 4 };
}

function genesDown({ genes, clusters, apart, width, longest }) {
  const left = NAMES;
  const tall = 23;
  const room = width - left - (apart < clusters ? APART : 0);
  const slanted = longest * 8.5 > Math.min(30, (room - 6) / clusters);
  const pitch = Math.min(30, Math.max(COLUMN, (room - (slanted ? LEANS : 6)) / clusters));
  const top = slanted ? 26 + leaning(longest) : 40;
  const gene = spread(genes.map(({ by }) => by), top, tall, 8);
  const cluster = spread(neighbourly(clusters, apart), left, pitch, APART);
  const field = { left, top, right: cluster.at(-1) + pitch / 2, bottom: gene.at(-1) + tall / 2 };
  return { across: false, gene, cluster, pitch, tall, slanted, dot: Math.min(pitch, tall) / 2 - 2.4, ...field, width: field.right + (slanted ? LEANS : 4), height: field.bottom + 4 };
}

// How high a name of so many letters stands when it leans; longer ones are shortened.
function leaning(letters) {
  return Math.min(MOST_LEANING, letters) * 6;
}

// How many clusters fit beside each other, or below each other on a wide page.
export function clustersThatFit(width) {
  return width < NARROW ? Math.max(6, Math.floor((width - NAMES - LEANS - APART) / COLUMN)) : 40;
}

function neighbourly(clusters, apart) {
  return Array.from({ length: clusters }, (_, place) => place >= apart);
}

// Middles of cells one after the other; where the group changes there is a gap.
function spread(groups, start, pitch, gap) {
  let at = start + pitch / 2;
  return groups.map((group, place) => {
    if (place) at += pitch + (group === groups[place - 1] ? 0 : gap);
    return at;
  });
}

// The places in `clusters` and `genes` of a point of the picture; -1 outside of the dots.
export function cellAt(frame, x, y) {
  const [along, down] = frame.across ? [y, x] : [x, y];
  const [wide, deep] = frame.across ? [frame.tall, frame.pitch] : [frame.pitch, frame.tall];
  return { cluster: nearestPlace(frame.cluster, along, wide / 2), gene: nearestPlace(frame.gene, down, deep / 2) };
}

function nearestPlace(middles, at, reach) {
  return middles.findIndex((middle) => Math.abs(middle - at) <= reach);
}

// Places of things of these widths, in lines: [{x, y}], and the number of lines.
export function flowed(widths, width, gap, tall) {
  let [x, line] = [0, 0];
  const places = widths.map((wide) => {
    if (x > 0 && x + wide > width) [x, line] = [0, line + 1];
    const place = { x, y: line * tall };
    x += wide + gap;
    return place;
  });
  return { places, height: (line + 1) * tall };
}

// A box beside a point, inside of width and height.
export function besidePoint(x, y, box, width, height) {
  const left = x + 14 + box.width <= width ? x + 14 : x - 14 - box.width;
  const top = y - box.height / 2;
  return { x: Math.max(0, Math.min(left, width - box.width)), y: Math.max(0, Math.min(top, height - box.height)) };
}

export function shortened(text, most) {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : text;
}

// How deep each node of the tree lies; parents stand before their children.
export function treeDepths(nodes) {
  const depths = [];
  for (const { parent } of nodes) depths.push(parent === null ? 0 : depths[parent] + 1);
  return depths;
}

// Clusters by score in `bins` of equal width from 0 to 100, and in each by confidence: counts[bin][pips].
export function scoreBins(rows, bins) {
  const counts = Array.from({ length: bins }, () => [0, 0, 0, 0]);
  for (const { score, pips } of rows) {
    if (score !== null) counts[Math.min(bins - 1, Math.floor((score / 100) * bins))][pips] += 1;
  }
  return counts;
}

// By score, the highest first; clusters without one come last, as they stood.
export function byScore(rows) {
  const order = rows.map((_, index) => index);
  return order.sort((one, other) => (rows[other].score ?? -1) - (rows[one].score ?? -1) || one - other);
}
