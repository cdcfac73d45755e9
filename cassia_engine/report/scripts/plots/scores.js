// Score and confidence over the run: a line for each cluster where they are few, else how many have which score.

import { reveal, svg } from "../shared/dom.js";
import { pointing, shareHighlight } from "../shared/highlight.js";
import { standing } from "../shared/standing.js";
import { on, state } from "../shared/store.js";
import { SHORT_ID, byScore, scoreBins } from "./geometry.js";
import { hueOf, namedRow, pictureFrame, pictureTip, spokenName } from "./picture.js";

const LINES_UP_TO = 40;
const BINS = 20;
const HEAD = 26;
const BARS = 150;
const SURE = ["", "Low", "Moderate", "High"];
const TICKS = [0, 25, 50, 75, 100];

export function startScores(place) {
  const { rows } = state;
  if (!rows.some((row) => row.score !== null)) return;
  const parts = pictureFrame({ what: "Score and confidence", name: "scores", drawn: () => parts.canvas.querySelector("svg") });
  const few = rows.length <= LINES_UP_TO;
  parts.lead.textContent = scoreWords(rows, few);
  place.append(parts.element);
  reveal(place);
  const again = shareHighlight(parts.canvas);
  let drawn = 0;
  const draw = () => {
    const width = Math.max(280, Math.min(parts.canvas.clientWidth, 720));
    if (width === drawn) return;
    drawn = width;
    const now = rows.map(standing);
    parts.canvas.replaceChildren(few ? scoreLines(now, width) : scoreBars(now, width));
    again();
  };
  on("corrected", () => {
    drawn = 0;
    draw();
  });
  new ResizeObserver(() => requestAnimationFrame(draw)).observe(parts.canvas);
  draw();
}

function scoreWords(rows, few) {
  const without = rows.filter((row) => row.score === null).length;
  const open = rows.some((row) => row.validated === false && row.score !== null);
  if (few) return `The highest first; pips are the confidence.${open ? " Dashed ring: not validated." : ""}`;
  const none = without ? ` ${without.toLocaleString("en")} have none.` : "";
  return `How many clusters have which score.${none}`;
}

function axis(left, right, height) {
  const at = (score) => left + (score / 100) * (right - left);
  const marks = TICKS.map((score) => [
    svg("path", { class: "grid", d: `M${at(score)} ${HEAD - 6}V${height}` }),
    svg("text", { class: "faint middle", x: at(score), y: 12 }, String(score)),
  ]);
  return { at, marks: svg("g", { "aria-hidden": "true" }, marks) };
}

function scoreLines(rows, width) {
  const longest = Math.max(...rows.map((row) => row.id.length));
  const tall = longest > SHORT_ID ? 36 : 24;
  const height = HEAD + rows.length * tall + 4;
  const side = Math.min(220, width * 0.42);
  const { at, marks } = axis(side, width - 92, height);
  const lines = byScore(rows).map((index, place) => scoreLine({ index, y: HEAD + (place + 0.5) * tall, at, width, side, tall, longest }));
  return svg("svg", { class: "plot", viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": "Score and confidence of each cluster" }, marks, lines);
}

function scoreLine({ index, y, at, width, side, tall, longest }) {
  const row = standing(state.rows[index]);
  const open = row.validated === false ? ", not validated" : "";
  const words = row.score === null ? "no score" : `score ${row.score} of 100, ${row.confidence} confidence${open}`;
  return svg(
    "a",
    { class: "row", href: `#${row.anchor}`, "data-row": index, "aria-label": `${spokenName(row)}: ${words}`, ...pointing(row) },
    svg("rect", { class: "band", x: 0, y: y - tall / 2, width, height: tall, rx: 4 }),
    namedRow({ row, y, longest, width: side - 8 }),
    row.score === null ? svg("text", { class: "faint", x: at(0) + 4, y: y + 4.5 }, "no score") : scoreMark(row, at(row.score), y, width),
  );
}

function scoreMark(row, x, y, width) {
  return [
    svg("circle", { class: `shade ${hueOf(row)}`, cx: x, cy: y, r: 5 }),
    row.validated === false ? svg("circle", { class: "unagreed", cx: x, cy: y, r: 8 }) : null,
    svg("text", { class: "strong end", x: width - 44, y: y + 4.5 }, String(row.score)),
    [0, 1, 2].map((n) => svg("rect", { class: n < row.pips ? "pip full" : "pip", x: width - 34 + n * 10, y: y - 5.5, width: 7, height: 11, rx: 1.5 })),
  ];
}

function scoreBars(rows, width) {
  const counts = scoreBins(rows, BINS);
  const most = Math.max(...counts.map((bin) => bin.reduce((one, other) => one + other)));
  const height = HEAD + BARS + 34;
  const { at, marks } = axis(12, width - 20, HEAD + BARS);
  const wide = at(100 / BINS) - at(0) - 2;
  const tall = (count) => (count / most) * (BARS - 8);
  const bars = counts.map((bin, n) => stacked(bin, at((n * 100) / BINS) + 1, wide, tall));
  const legend = [3, 2, 1].map((sure, n) => [
    svg("rect", { class: `sure-${sure}`, x: 12 + n * 104, y: height - 17, width: 10, height: 10, rx: 1 }),
    svg("text", { class: "faint", x: 28 + n * 104, y: height - 8 }, SURE[sure]),
  ]);
  const picture = svg("svg", { class: "plot", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": barWords(counts).join("; ") }, marks, bars, legend);
  barTips(picture, counts, at);
  return picture;
}

function stacked(bin, x, wide, tall) {
  let y = HEAD + BARS;
  return [3, 2, 1].filter((sure) => bin[sure]).map((sure) => {
    y -= tall(bin[sure]);
    return svg("rect", { class: `sure-${sure}`, x, y, width: wide, height: tall(bin[sure]) });
  });
}

function binWords(bin, n) {
  const parts = [3, 2, 1].filter((sure) => bin[sure]).map((sure) => `${bin[sure].toLocaleString("en")} ${SURE[sure]}`);
  const end = n === BINS - 1 ? 100 : ((n + 1) * 100) / BINS - 1;
  return [`Score ${(n * 100) / BINS} to ${end}`, parts.join(", ") || "no cluster"];
}

function barWords(counts) {
  return counts.flatMap((bin, n) => (bin.some(Boolean) ? [binWords(bin, n).join(": ")] : []));
}

function barTips(picture, counts, at) {
  const tip = pictureTip(picture);
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const x = ((event.clientX - box.left) * picture.viewBox.baseVal.width) / box.width;
    const n = Math.floor(((x - at(0)) / (at(100) - at(0))) * BINS);
    if (n >= 0 && n < BINS) tip.show(x, HEAD + BARS / 2, binWords(counts[n], n));
    else tip.hide();
  });
  picture.addEventListener("pointerleave", tip.hide);
}
