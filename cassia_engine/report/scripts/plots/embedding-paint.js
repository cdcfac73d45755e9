// Paints cells on a canvas, and the same as shapes of a picture that is saved.

import { svg } from "../shared/dom.js";
import { css, faded } from "./embedding-colours.js";

const LAYERS = 12; // of a saved picture: in each, cells of one colour are one shape
const SEE_THROUGH = 0.85;
const NONE = 0.75; // how large a cell without a colour is beside the others

/*
 * places: as of placedCells; colouring: as of embedding-colourings.js; lit: whether a cell is pointed at, null for all.
 */
export function paintCells(canvas, { places, colouring, order, colours, lit }) {
  const sharp = Math.max(1, window.devicePixelRatio || 1);
  const [width, height] = [Math.round(places.width * sharp), Math.round(places.height * sharp)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const paint = canvas.getContext("2d");
  paint.setTransform(sharp, 0, 0, sharp, 0, 0);
  paint.clearRect(0, 0, places.width, places.height);
  paint.globalAlpha = lit ? 1 : SEE_THROUGH;
  const dots = { paint, places, colouring, colours };
  for (const cell of order) if (!lit || !lit(cell)) paintDot(dots, cell, Boolean(lit));
  if (lit) for (const cell of order) if (lit(cell)) paintDot(dots, cell, false);
}

function paintDot({ paint, places, colouring, colours }, cell, isFaded) {
  const at = colouring.of[cell];
  const plain = colourAt(colouring, at, colours);
  const colour = css(isFaded && at >= 0 ? faded(plain, colours) : plain);
  paint.beginPath();
  paint.arc(places.x[cell], places.y[cell], at < 0 ? places.radius * NONE : places.radius, 0, 2 * Math.PI);
  if (colouring.rings[at]) {
    paint.strokeStyle = colour;
    paint.stroke();
  } else {
    paint.fillStyle = colour;
    paint.fill();
  }
}

function colourAt({ palette }, at, { rail }) {
  return at < 0 ? rail : palette[at];
}

// The cells as paths of one colour each: thousands of circles would make a large file.
export function cellShapes({ places, colouring, order, colours }) {
  const shapes = [];
  const each = Math.ceil(order.length / (colouring.order ? 1 : LAYERS));
  for (let start = 0; start < order.length; start += each) {
    const byColour = new Map();
    for (const cell of order.slice(start, start + each)) {
      const at = colouring.of[cell];
      if (!byColour.has(at)) byColour.set(at, []);
      byColour.get(at).push(`M${places.x[cell].toFixed(1)} ${places.y[cell].toFixed(1)}h0`);
    }
    for (const [at, moves] of byColour) {
      const wide = 2 * places.radius * (at < 0 ? NONE : 1);
      shapes.push(svg("path", { d: moves.join(""), fill: "none", stroke: css(colourAt(colouring, at, colours)), "stroke-width": wide, "stroke-linecap": "round" }));
    }
  }
  return shapes;
}
