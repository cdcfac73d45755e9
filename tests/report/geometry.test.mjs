// Places and sizes of the marks of the pictures.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  areaRadius,
  besidePoint,
  byScore,
  cellAt,
  clustersThatFit,
  flowed,
  foldStep,
  foldSteps,
  foldWords,
  geneBrackets,
  plotFrame,
  scoreBins,
  shortened,
  treeDepths,
} from "../../cassia_engine/report/scripts/plots/geometry.js";

const genesOf = (...sources) => sources.map((by, place) => ({ gene: `GENE${place}`, by }));
const frameOf = (changes) => plotFrame({ genes: genesOf(0, 0, 1), clusters: 10, apart: 10, width: 1200, longest: 2, ...changes });

test("the area of a dot follows the fraction", () => {
  assert.equal(areaRadius(1, 10), 10);
  assert.equal(areaRadius(0.25, 10), 5);
  assert.equal(areaRadius(0, 10), 1.2); // few cells are still to be seen
  assert.equal(areaRadius(1.7, 10), 10);
});

test("fold changes have five equal steps, and giants do not make the others pale", () => {
  const steps = foldSteps([1, 1.2, 1.5, 2, 2.2, 2.5, 3, 3.5, 4, 30.9]);
  assert.deepEqual(steps, { step: 1, cap: 4, most: 30.9 });
  assert.deepEqual([0.3, 1, 3.99, 4, 30.9].map((value) => foldStep(value, steps)), [0, 1, 3, 4, 4]);
  assert.deepEqual(foldWords(steps), ["under 1", "4 to 30.9"]);
});

test("a fold change below zero has the palest colour", () => {
  assert.equal(foldStep(-3, foldSteps([-3, 2])), 0);
});

test("no fold changes, and huge ones, have steps too", () => {
  assert.equal(foldSteps([]).most, 0);
  assert.equal(foldStep(1e300, foldSteps([1e300])), 4);
});

test("what is under the cap is not said to go beyond it", () => {
  assert.deepEqual(foldWords(foldSteps([1, 3])), ["under 1", "from 4"]);
});

test("genes of one cluster have one bracket", () => {
  assert.deepEqual(geneBrackets(genesOf(0, 0, 2, 5, 5)), [
    { by: 0, from: 0, to: 1 },
    { by: 2, from: 2, to: 2 },
    { by: 5, from: 3, to: 4 },
  ]);
  assert.deepEqual(geneBrackets([]), []);
});

test("genes are columns where they fit, and rows on a phone", () => {
  assert.equal(frameOf({}).across, true);
  assert.equal(frameOf({ width: 340 }).across, false);
  assert.equal(frameOf({ genes: genesOf(...Array(90).fill(0)) }).across, false);
});

test("ten clusters fit a phone", () => {
  assert.ok(clustersThatFit(330) >= 10);
  assert.ok(frameOf({ width: 330 }).width <= 330);
  const most = clustersThatFit(330);
  assert.ok(frameOf({ width: 330, clusters: most, apart: most, longest: 13 }).width <= 330);
});

test("marks stand inside of the picture and apart from each other", () => {
  for (const width of [320, 700, 1200]) {
    for (const clusters of [1, 9, 40]) {
      const frame = frameOf({ width, clusters, apart: clusters - 1, longest: 20 });
      const [x, y] = frame.across ? [frame.gene, frame.cluster] : [frame.cluster, frame.gene];
      assert.ok(x.every((at) => at - frame.dot >= frame.left && at + frame.dot <= frame.right));
      assert.ok(y.every((at) => at - frame.dot >= frame.top && at + frame.dot <= frame.bottom));
      for (const line of [x, y]) assert.ok(line.every((at, place) => !place || at - line[place - 1] >= 2 * frame.dot));
      assert.ok(frame.right <= frame.width && frame.bottom <= frame.height);
    }
  }
});

test("neighbours stand apart", () => {
  const { cluster } = frameOf({ apart: 8 });
  assert.ok(cluster[8] - cluster[7] > cluster[7] - cluster[6]);
});

test("a point is in the cell of its dot, in both directions", () => {
  for (const width of [330, 1200]) {
    const frame = frameOf({ width });
    const [x, y] = frame.across ? [frame.gene[2], frame.cluster[7]] : [frame.cluster[7], frame.gene[2]];
    assert.deepEqual(cellAt(frame, x + 1, y - 1), { cluster: 7, gene: 2 });
    assert.deepEqual(cellAt(frame, 1, 1), { cluster: -1, gene: -1 });
  }
});

test("a legend goes on in the next line", () => {
  const { places, height } = flowed([50, 60, 200, 10], 130, 10, 20);
  assert.deepEqual(places, [{ x: 0, y: 0 }, { x: 60, y: 0 }, { x: 0, y: 20 }, { x: 0, y: 40 }]);
  assert.equal(height, 60);
});

test("a tip stays inside of the picture", () => {
  const box = { width: 100, height: 40 };
  assert.deepEqual(besidePoint(50, 100, box, 400, 200), { x: 64, y: 80 });
  assert.deepEqual(besidePoint(390, 5, box, 400, 200), { x: 276, y: 0 });
  assert.deepEqual(besidePoint(60, 195, box, 120, 200), { x: 0, y: 160 });
});

test("a long name is shortened, by characters and not by halves of them", () => {
  assert.equal(shortened("CD4 T", 5), "CD4 T");
  assert.equal(shortened("monocyte", 5), "mono…");
  assert.equal(shortened("😀😀😀😀", 3), "😀😀…");
});

test("depths of a tree", () => {
  assert.deepEqual(treeDepths([{ parent: null }, { parent: 0 }, { parent: 1 }, { parent: 0 }, { parent: null }]), [0, 1, 2, 1, 0]);
});

test("scores are counted by bin and confidence; no score is in none", () => {
  const counts = scoreBins([{ score: 0, pips: 1 }, { score: 4, pips: 1 }, { score: 5, pips: 2 }, { score: 100, pips: 3 }, { score: null, pips: 0 }], 20);
  assert.deepEqual(counts[0], [0, 2, 0, 0]);
  assert.deepEqual(counts[1], [0, 0, 1, 0]);
  assert.deepEqual(counts[19], [0, 0, 0, 1]);
  assert.equal(counts.flat().reduce((one, other) => one + other), 4);
});

test("the highest score first, equal ones as they stood, none last", () => {
  assert.deepEqual(byScore([{ score: null }, { score: 5 }, { score: 90 }, { score: 0 }, { score: 90 }]), [2, 4, 1, 3, 0]);
});
