// Which clusters and genes the dot plot shows.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ownGenes, plotChoice, stretch } from "../../cassia_engine/report/scripts/plots/dot-plot-choice.js";

const cluster = (evidence, changes = {}) => ({ evidence, unsupported: [], not_judged: [], ...changes });
const many = (count, genes) => Array.from({ length: count }, (_, n) => cluster(Array.from({ length: genes }, (__, g) => `G${n}_${g}`)));
const choose = (rows, changes = {}) => {
  const names = [...new Set(rows.flatMap((row) => [...row.evidence, ...row.not_judged]))];
  const listed = rows.map((row) => [...row.evidence, ...row.not_judged].map((gene) => names.indexOf(gene)));
  return plotChoice({ rows, shown: rows.map((_, index) => index), chosen: -1, most: 40, listed, names, ...changes });
};

test("a cluster brings what its answer cites, or else its first markers", () => {
  assert.deepEqual(ownGenes(cluster(["A"], { unsupported: ["B"] })), ["A", "B"]);
  assert.deepEqual(ownGenes(cluster([], { not_judged: ["P", "Q", "R", "S"] })), ["P", "Q", "R"]);
});

test("few clusters and genes are all shown, whatever the table shows", () => {
  const rows = [cluster(["A", "B"]), cluster(["B", "C"]), cluster([], { not_judged: ["P"] })];
  const choice = choose(rows, { shown: [1] });
  assert.deepEqual(choice.clusters, [0, 1, 2]);
  assert.deepEqual(choice.genes, [{ gene: "A", by: 0 }, { gene: "B", by: 0 }, { gene: "C", by: 1 }, { gene: "P", by: 2 }]);
  assert.deepEqual([choice.each, choice.whole, choice.neighbours], [null, true, []]);
});

test("too many genes: of each cluster the first that fit", () => {
  const choice = choose(many(10, 20));
  assert.equal(choice.each, 6);
  assert.equal(choice.genes.length, 60);
  assert.equal(choice.whole, true);
  assert.equal(choice.genes.at(-1).gene, "G9_5");
});

test("too many clusters: those that the table shows, in the order of the run", () => {
  const choice = choose(many(100, 2), { shown: [70, 3, 50] });
  assert.deepEqual(choice.clusters, [3, 50, 70]);
  assert.deepEqual([choice.each, choice.whole], [null, false]);
});

test("neighbours are other clusters with most of the genes, and never one without any", () => {
  const rows = many(100, 2);
  rows[9].not_judged = ["G3_0"];
  rows[8].not_judged = ["G3_0", "G3_1"];
  assert.deepEqual(choose(rows, { shown: [3] }).neighbours, [8, 9]);
});

test("the open cluster is among many", () => {
  const choice = choose(many(100, 1), { chosen: 88 });
  assert.ok(choice.clusters.includes(88));
  assert.equal(choice.clusters.length, 30);
  assert.deepEqual(stretch([5, 6, 7, 8, 9], 9, 3), [7, 8, 9]);
  assert.deepEqual(stretch([5, 6, 7, 8, 9], 4, 3), [5, 6, 7]);
});

test("what fits on a phone is less, neighbours included", () => {
  const rows = many(100, 1);
  for (const row of rows) row.not_judged = ["G0_0"];
  const choice = choose(rows, { most: 11 });
  assert.deepEqual([choice.clusters.length, choice.neighbours.length], [9, 2]);
});

test("nothing that the table shows leaves an empty plot", () => {
  const choice = choose(many(100, 1), { shown: [] });
  assert.deepEqual([choice.clusters, choice.genes, choice.neighbours], [[], [], []]);
});

test("genes with names of the language are genes", () => {
  const choice = choose([cluster(["__proto__", "constructor"])]);
  assert.deepEqual(choice.genes.map(({ gene }) => gene), ["__proto__", "constructor"]);
});
