// Strips of a table: in each line what is spread along one axis that all lines share, which stands in the table's head.

import { svg } from "../../../../report/scripts/shared/dom.js";
import { number } from "./texts.js";

export const STRIP = { wide: 320, tall: 30, left: 8, right: 14 };
const ALONG = STRIP.wide - STRIP.left - STRIP.right;

// Gives x of a value.
export function scale(start, end) {
  return (value) => STRIP.left + (end > start ? ((Math.min(end, Math.max(start, value)) - start) / (end - start)) * ALONG : 0);
}

export function strip(...marks) {
  return svg("svg", { class: "plot strip", viewBox: `0 0 ${STRIP.wide} ${STRIP.tall}`, "aria-hidden": "true" }, marks);
}

export function axis(places, x) {
  const marks = places.map((at) => [svg("path", { class: "grid", d: `M${x(at).toFixed(1)} 20v6` }), svg("text", { class: "faint middle", x: x(at).toFixed(1), y: 15 }, number(at))]);
  return strip(svg("path", { class: "grid", d: `M${STRIP.left} 26H${STRIP.wide - STRIP.right}` }), marks);
}

// A box from the first to the third quartile with a line at the median; `ends` are those of its whiskers, `mean` a dot.
export function box({ quartiles: [low, middle, high], ends = null, mean = null }, x) {
  const y = STRIP.tall / 2;
  return [
    ends ? svg("path", { class: "whisker", d: `M${x(ends[0]).toFixed(1)} ${y}H${x(ends[1]).toFixed(1)}M${x(ends[0]).toFixed(1)} ${y - 4}v8M${x(ends[1]).toFixed(1)} ${y - 4}v8` }) : null,
    svg("rect", { class: "quartiles", x: x(low).toFixed(1), y: y - 4, width: Math.max(1.5, x(high) - x(low)).toFixed(1), height: 8, rx: 1 }),
    svg("path", { class: "median", d: `M${x(middle).toFixed(1)} ${y - 6}v12` }),
    mean === null ? null : svg("circle", { class: "mean", cx: x(mean).toFixed(1), cy: y, r: 3 }),
  ];
}
