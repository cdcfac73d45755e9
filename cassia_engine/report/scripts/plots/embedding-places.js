// Where the cells of an embedding stand in a picture, and the names of their clusters. No part of the page is touched here.

const MARGIN = { left: 30, top: 10, right: 12, bottom: 30 }; // px: the axes stand at the left and below
const TALLEST = 620;
const NARROW = 640;
const LINE = 15; // px: a name
const ASIDE = 17; // px: above or below another one

/*
 * The places of cells in px. x, y: whole numbers from 0 with one scale.
 * Gives {x, y: px of each cell, width, height, radius: of a cell}.
 */
export function placedCells({ x, y }, width) {
  const wide = Math.max(1, ...ends(x));
  const deep = Math.max(1, ...ends(y));
  const room = { width: width - MARGIN.left - MARGIN.right, height: (width < NARROW ? width : Math.min(TALLEST, width * 0.74)) - MARGIN.top - MARGIN.bottom };
  const scale = Math.min(room.width / wide, room.height / deep);
  const left = MARGIN.left + (room.width - wide * scale) / 2;
  const height = Math.max(220, deep * scale) + MARGIN.top + MARGIN.bottom;
  const top = MARGIN.top + (height - MARGIN.top - MARGIN.bottom - deep * scale) / 2;
  return {
    x: Float32Array.from(x, (one) => left + one * scale),
    y: Float32Array.from(y, (one) => top + one * scale),
    width,
    height,
    radius: Math.max(1.1, Math.min(3.6, 0.2 * Math.sqrt((width * height) / x.length))),
  };
}

// The largest value, as a list that can be spread: of many cells, all values could not.
function ends(values) {
  return [values.reduce((most, one) => Math.max(most, one), 0)];
}

// The index of the cell next to a point; -1 where none is within reach.
export function cellNear({ x, y }, at, reach) {
  let [found, least] = [-1, reach * reach];
  for (let cell = 0; cell < x.length; cell += 1) {
    const far = (x[cell] - at.x) ** 2 + (y[cell] - at.y) ** 2;
    if (far <= least) [found, least] = [cell, far];
  }
  return found;
}

// For each cluster {x, y, count}: its cell next to the medians of its cells, so that it lies among them; null for none.
export function centresOf({ x, y }, cluster, count) {
  const members = Array.from({ length: count }, () => []);
  cluster.forEach((one, cell) => one >= 0 && members[one].push(cell));
  return members.map((cells) => {
    if (!cells.length) return null;
    const middle = { x: median(cells.map((cell) => x[cell])), y: median(cells.map((cell) => y[cell])) };
    const far = (cell) => (x[cell] - middle.x) ** 2 + (y[cell] - middle.y) ** 2;
    const [at] = cells.reduce(([best, least], cell) => (far(cell) < least ? [cell, far(cell)] : [best, least]), [cells[0], Infinity]);
    return { x: x[at], y: y[at], count: cells.length };
  });
}

function median(values) {
  return values.sort((one, other) => one - other)[Math.floor(values.length / 2)];
}

/*
 * Where names can stand without covering each other: those of many cells first, beside their centre if need be, and
 * none for what has no room. names: [{text, wide: px, x, y, count, ...}]; gives those that stand, x being the middle.
 */
export function spreadNames(names, { width, height }) {
  const placed = [];
  for (const name of [...names].sort((one, other) => other.count - one.count)) {
    const tries = [[0, 0], [0, -ASIDE], [0, ASIDE], [name.wide / 2 + 8, 0], [-name.wide / 2 - 8, 0]];
    const at = tries
      .map(([right, down]) => ({ ...name, x: within(name.x + right, name.wide / 2 + 2, width), y: within(name.y + down, LINE / 2 + 1, height) }))
      .find((one) => placed.every((other) => !covers(one, other)));
    if (at) placed.push(at);
  }
  return placed;
}

function within(at, half, end) {
  return Math.max(half, Math.min(end - half, at));
}

function covers(one, other) {
  return Math.abs(one.x - other.x) < (one.wide + other.wide) / 2 + 3 && Math.abs(one.y - other.y) < LINE + 1;
}

// Cells in an order that puts no cluster above others, the same each time.
export function mixedOrder(count) {
  const order = Uint32Array.from({ length: count }, (_, place) => place);
  let chance = 1;
  for (let last = count - 1; last > 0; last -= 1) {
    chance = (Math.imul(chance, 1664525) + 1013904223) >>> 0;
    const other = chance % (last + 1);
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}
