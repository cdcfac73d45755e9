// What stands over the cells: the names of clusters or types where there is room, and which axis is which.

import { svg } from "../shared/dom.js";
import { spreadNames } from "./embedding-places.js";
import { shortened } from "./geometry.js";
import { clusterLabel } from "./picture.js";

const LETTER = 7.1; // px: of a name, about
const LONGEST = 26;
const NEAR = 90; // px: within it a type is named once
const MOST_TYPES = 24; // that are named; names of more would cover the cells, and ids stand in their place

// Ids of clusters, or their types where cells are coloured by these.
export function nameMarks({ rows, centres, places, kind: by }) {
  const kind = by === "type" && new Set(rows.map(clusterLabel)).size > MOST_TYPES ? "cluster" : by;
  const names = centres.flatMap((centre, index) => {
    if (!centre) return [];
    const text = shortened(kind === "type" ? clusterLabel(rows[index]) : rows[index].id, kind === "type" ? LONGEST : 14);
    return [{ ...centre, text, index, wide: [...text].length * LETTER }];
  });
  const once = kind === "type" ? names.filter((name) => !hasLarger(name, names)) : names;
  return spreadNames(once, places).map(({ text, x, y, index }) => svg("text", { class: "spot", "data-row": index, x: x.toFixed(1), y: (y + 4.5).toFixed(1) }, text));
}

function hasLarger(name, names) {
  return names.some((other) => other.text === name.text && Math.hypot(other.x - name.x, other.y - name.y) < NEAR && (other.count > name.count || (other.count === name.count && other.index < name.index)));
}

export function axisMarks({ height }, name) {
  const [x, y] = [12, height - 12];
  return [
    svg("path", { class: "axis", d: `M${x} ${y - 44}V${y}H${x + 44}` }),
    svg("path", { class: "arrow", d: `M${x - 3} ${y - 43}l3 -7l3 7zM${x + 43} ${y - 3}l7 3l-7 3z` }),
    svg("text", { class: "faint", x: x + 56, y: y + 4 }, `${shortened(name, 20)} 1`),
    svg("text", { class: "faint", transform: `translate(${x + 4} ${y - 56}) rotate(-90)` }, `${shortened(name, 20)} 2`),
  ];
}
