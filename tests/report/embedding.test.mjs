// Where cells of an embedding stand, and in which colours.

import assert from "node:assert/strict";
import { test } from "node:test";

import { css, keptApart, mixed, onRamp, rampEnd, rgb, shadeOf } from "../../cassia_engine/report/scripts/plots/embedding-colours.js";
import { byConfidence, byId, byType, byValue } from "../../cassia_engine/report/scripts/plots/embedding-colourings.js";
import { highestClusters } from "../../cassia_engine/report/scripts/plots/embedding-genes.js";
import { cellNear, centresOf, mixedOrder, placedCells, spreadNames } from "../../cassia_engine/report/scripts/plots/embedding-places.js";
import { row } from "./rows.mjs";

const COLOURS = {
  card: [255, 255, 255],
  ink: [0, 0, 0],
  rail: [200, 200, 200],
  "lineage-none": [128, 128, 128],
  lineages: [[0, 0, 255], [255, 0, 0]],
  folds: [[240, 240, 240], [200, 200, 200], [150, 150, 150], [100, 100, 100], [0, 0, 0]],
  apart: [[1, 1, 1], [2, 2, 2], [3, 3, 3]],
  sure: [[0, 0, 0], [1, 1, 1], [2, 2, 2], [3, 3, 3]],
};
const near = (one, other) => assert.ok(Math.abs(one - other) < 1e-3, `${one} is not ${other}`);

test("both axes have one scale, and cells keep inside of the margins", () => {
  for (const width of [300, 390, 900]) {
    const places = placedCells({ x: [0, 2000, 0, 1000], y: [0, 0, 1000, 500] }, width);
    near(places.x[1] - places.x[0], 2 * (places.y[2] - places.y[0]));
    near(places.x[3], (places.x[0] + places.x[1]) / 2);
    assert.ok(Math.min(...places.x) >= 30 && Math.max(...places.x) <= width - 12);
    assert.ok(Math.min(...places.y) >= 10 && Math.max(...places.y) <= places.height - 30);
  }
});

test("a single cell has a place, and many cells are small", () => {
  const one = placedCells({ x: [0], y: [0] }, 390);
  assert.ok(Number.isFinite(one.x[0]) && one.height >= 220);
  const many = placedCells({ x: Array.from({ length: 200000 }, (_, n) => n % 2000), y: new Array(200000).fill(0) }, 900);
  assert.equal(many.radius, 1.1);
});

test("the nearest cell is found within reach only", () => {
  const places = { x: [0, 10], y: [0, 0] };
  assert.equal(cellNear(places, { x: 7, y: 1 }, 14), 1);
  assert.equal(cellNear(places, { x: 40, y: 0 }, 14), -1);
});

test("a name stands on a cell of its cluster, also where that is a ring", () => {
  const places = { x: [0, 10, 0, 10, 50], y: [0, 0, 10, 10, 50] };
  const [ring, single, none] = centresOf(places, [0, 0, 0, 0, 1], 3);
  assert.ok([0, 10].includes(ring.x) && [0, 10].includes(ring.y));
  assert.deepEqual(single, { x: 50, y: 50, count: 1 });
  assert.equal(none, null);
  assert.deepEqual(centresOf(places, [-1, -1, -1, -1, -1], 1), [null]);
});

test("names do not cover each other, those of many cells first", () => {
  const names = Array.from({ length: 40 }, (_, n) => ({ text: `n${n}`, wide: 40, x: 100, y: 100, count: n }));
  const placed = spreadNames(names, { width: 200, height: 200 });
  assert.equal(placed[0].text, "n39");
  assert.ok(placed.length >= 3 && placed.length < 40);
  for (const [n, one] of placed.entries()) {
    assert.ok(one.x >= 20 && one.x <= 180 && one.y >= 8 && one.y <= 192);
    for (const other of placed.slice(n + 1)) assert.ok(Math.abs(one.x - other.x) > 40 || Math.abs(one.y - other.y) > 15);
  }
});

test("cells are drawn in a mixed order that is the same each time", () => {
  const order = mixedOrder(1000);
  assert.deepEqual([...order].sort((one, other) => one - other), Array.from({ length: 1000 }, (_, n) => n));
  assert.deepEqual(order, mixedOrder(1000));
  assert.ok(order.slice(0, 100).some((cell) => cell > 500));
  assert.equal(mixedOrder(0).length, 0);
});

test("colours are read, mixed and written as numbers", () => {
  assert.deepEqual(rgb("#1850a1"), [24, 80, 161]);
  assert.deepEqual(rgb("#fff"), [255, 255, 255]);
  assert.equal(css(mixed([0, 0, 0], [255, 255, 255], 0.5)), "rgb(128, 128, 128)");
  assert.deepEqual(onRamp(COLOURS.folds, 0), COLOURS.folds[0]);
  assert.deepEqual(onRamp(COLOURS.folds, 7), COLOURS.folds.at(-1));
  assert.deepEqual(shadeOf([0, 0, 255], 0, COLOURS), [0, 0, 255]);
  assert.deepEqual(shadeOf([0, 0, 255], 5, COLOURS), [0, 0, 255]);
});

test("neighbours get different colours", () => {
  const line = Array.from({ length: 9 }, (_, n) => ({ x: 10 * n, y: 0, count: 5 }));
  const chosen = keptApart([...line, null], 3);
  for (let n = 1; n < 9; n += 1) assert.notEqual(chosen[n], chosen[n - 1]);
  assert.equal(chosen[9], 0);
});

test("types of one lineage share its hue in shades, and clusters of one type their colour", () => {
  const rows = [row({ id: "0", lineage: 0, title: "T cell" }), row({ id: "1", lineage: 1, title: "B cell" }), row({ id: "2", lineage: 0, title: "T cell" }), row({ id: "3", lineage: 0, title: "NK cell" })];
  const { palette, of, entries } = byType(rows, [0, 1, 2, 3, -1], COLOURS);
  assert.deepEqual([...of], [0, 1, 0, 2, -1]);
  assert.deepEqual(palette.slice(0, 2), COLOURS.lineages);
  assert.notDeepEqual(palette[2], palette[0]);
  assert.deepEqual(entries.map((entry) => [entry.words, entry.rows]), [["T cell", [0, 2]], ["B cell", [1]], ["NK cell", [3]]]);
});

test("a label that was given in the page is a type of its own", () => {
  const rows = [row({ id: "0", lineage: 0, title: "T cell" }), row({ id: "1", lineage: 0, title: "T cell", yours: { label: "B cell", cl_id: "" } })];
  assert.deepEqual(byType(rows, [0, 1], COLOURS).entries.map((entry) => entry.words), ["T cell", "B cell (your label)"]);
});

test("confidence has an entry for each that there is, and none is a ring", () => {
  const rows = [row({ id: "0", pips: 3 }), row({ id: "1", pips: 0, confidence: "" }), row({ id: "2", pips: 3 })];
  const { entries, of, rings } = byConfidence(rows, [2, 1, 0], COLOURS);
  assert.deepEqual(entries.map((entry) => [entry.words, entry.rows]), [["High", [0, 2]], ["no confidence", [1]]]);
  assert.deepEqual([...of], [0, 1, 0]);
  assert.deepEqual(rings, [false, true]);
});

test("clusters have a colour each", () => {
  const { entries } = byId([row({ id: "0" }), row({ id: "1" })], [0, 1], COLOURS, [{ x: 0, y: 0, count: 2 }, { x: 5, y: 0, count: 1 }]);
  assert.deepEqual(entries.map((entry) => entry.colour), [[1, 1, 1], [2, 2, 2]]);
});

test("what is not expressed has no colour and is drawn first, the highest last", () => {
  const values = Float32Array.from([0, 2, 0.5, 0, 1]);
  const { of, order, end, palette } = byValue(values, COLOURS);
  assert.equal(end, 2);
  assert.deepEqual([...order], [0, 3, 2, 4, 1]);
  assert.deepEqual([of[0], of[1], of[3]], [-1, palette.length - 1, -1]);
  assert.equal(byValue(new Float32Array(3), COLOURS).end, 0);
});

test("one giant does not pale all others", () => {
  assert.equal(rampEnd([...new Array(200).fill(1), 50]), 1);
  assert.equal(rampEnd([0, 0]), 0);
});

test("clusters come by the mean of their cells, and those without an expressing one not at all", () => {
  const found = highestClusters([4, 0, 1, 0, 9], [0, 0, 1, 2, -1], 3);
  assert.deepEqual(found, [{ index: 0, mean: 2, share: 0.5 }, { index: 1, mean: 1, share: 1 }]);
});
