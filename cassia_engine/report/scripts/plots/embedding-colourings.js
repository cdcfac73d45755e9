// What cells can be coloured by. Each gives {palette: [rgb], of: place in the palette of each cell, -1 for one that is
// drawn as having none, entries: [{colour, words, rows: indexes, ring}] for the legend, order: of drawing, null for mixed}.

import { isAnswered, standing } from "../shared/standing.js";
import { clusterLabel } from "./picture.js";
import { keptApart, onRamp, rampEnd, shadeOf } from "./embedding-colours.js";

const SURE = ["no confidence", "Low", "Moderate", "High"];

// A hue of its own for each lineage, a shade of it for each type in it.
export function byType(rows, cluster, colours) {
  const types = new Map();
  rows.forEach((row, index) => {
    const name = clusterLabel(row);
    if (!types.has(name)) types.set(name, { words: name, lineage: isAnswered(row) ? standing(row).lineage : null, rows: [] });
    types.get(name).rows.push(index);
  });
  const used = new Map();
  const entries = [...types.values()].map((type) => {
    const place = used.get(type.lineage) ?? 0;
    used.set(type.lineage, place + 1);
    const hue = type.lineage === null ? colours["lineage-none"] : colours.lineages[type.lineage];
    return { words: type.words, rows: type.rows, colour: shadeOf(hue, place, colours) };
  });
  return byCluster(entries, cluster, rows.length);
}

// Colours that tell neighbours apart and mean nothing else.
export function byId(rows, cluster, colours, centres) {
  const chosen = keptApart(centres, colours.apart.length);
  const entries = rows.map((row, index) => ({ words: clusterLabel(row), rows: [index], colour: colours.apart[chosen[index]] }));
  return byCluster(entries, cluster, rows.length);
}

export function byConfidence(rows, cluster, colours) {
  const entries = [3, 2, 1, 0].map((pips) => ({
    words: SURE[pips],
    rows: rows.flatMap((row, index) => (standing(row).pips === pips ? [index] : [])),
    colour: colours.sure[pips],
    ring: pips === 0,
  }));
  return byCluster(entries.filter((entry) => entry.rows.length), cluster, rows.length);
}

function byCluster(entries, cluster, count) {
  const place = new Int16Array(count);
  entries.forEach((entry, at) => entry.rows.forEach((index) => (place[index] = at)));
  return {
    palette: entries.map((entry) => entry.colour),
    rings: entries.map((entry) => Boolean(entry.ring)),
    of: Int16Array.from(cluster, (one) => (one < 0 ? -1 : place[one])),
    entries,
    order: null,
  };
}

const LEVELS = 24;

// values: a number for each cell. What is not expressed is drawn as having none, and below all else.
export function byValue(values, colours) {
  const end = rampEnd(values);
  const palette = Array.from({ length: LEVELS }, (_, level) => onRamp(colours.folds.slice(1), level / (LEVELS - 1)));
  const of = Int16Array.from(values, (value) => (value > 0 ? Math.min(LEVELS - 1, Math.floor((value / end) * LEVELS)) : -1));
  const order = Uint32Array.from(values, (_, cell) => cell).sort((one, other) => of[one] - of[other]);
  return { palette, rings: palette.map(() => false), of, entries: null, order, end };
}
