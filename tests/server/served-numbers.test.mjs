// What a served page computes of the server's numbers: shapes, axes, shares and places of cells.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fill } from "../../cassia_engine/report/scripts/shared/store.js";
import { counted, partsOf, sharesOf } from "../../cassia_engine/server/page/scripts/composition/shares.js";
import { density, outline } from "../../cassia_engine/server/page/scripts/expression/density.js";
import { embeddingData, membersOf } from "../../cassia_engine/server/page/scripts/expression/embedding-data.js";
import { geneNamed, genesLike } from "../../cassia_engine/server/page/scripts/expression/gene-field.js";
import { number, percent } from "../../cassia_engine/server/page/scripts/shared/texts.js";
import { ticks } from "../../cassia_engine/server/page/scripts/shared/ticks.js";

const near = (one, other) => assert.ok(Math.abs(one - other) < 1e-9, `${one} is not ${other}`);

test("a density has its highest place where most values are", () => {
  const shape = density([...new Array(50).fill(0), 2, 2, 2.1, 3], 0, 4);
  assert.equal(shape.indexOf(1), 0);
  assert.ok(shape[30] > shape[15] && shape.every((value) => value >= 0 && value <= 1));
  assert.deepEqual(density([1, 1, 1, 1, 1, 1], 0, 1).indexOf(1), 60);
});

test("of few values, or on no axis, there is no density", () => {
  assert.equal(density([1, 2, 3, 4], 0, 4), null);
  assert.equal(density([1, 1, 1, 1, 1], 1, 1), null);
});

test("an outline is closed and keeps within its height", () => {
  assert.equal(outline([0, 1, 0], { x: 0, wide: 10, middle: 15, half: 14 }), "M0.0 15.0L5.0 1.0L10.0 15.0L10.0 15.0L5.0 29.0L0.0 15.0Z");
});

test("ticks are round, few, and within the axis", () => {
  assert.deepEqual(ticks(0, 2.6), [0, 1, 2]);
  assert.deepEqual(ticks(0, 5), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(ticks(-0.3, 0.3), [-0.2, 0, 0.2].map((one) => Number(one.toPrecision(12))));
  assert.deepEqual(ticks(3, 3), [3]);
  for (const end of [0.007, 1, 33, 1e6]) assert.ok(ticks(0, end).length <= 6);
});

test("the most frequent values have colours, the others are one part", () => {
  const values = Array.from({ length: 12 }, (_, n) => `d${n}`);
  const clusters = [{ counts: values.map((_, n) => n) }, { counts: values.map(() => 0) }];
  const parts = partsOf({ values, isOther: [], nOther: 0, clusters });
  assert.deepEqual(parts.map(({ words }) => words), ["d11", "d10", "d9", "d8", "d7", "d6", "d5", "5 other values"]);
  const shares = sharesOf(clusters[0].counts, parts);
  near(shares.reduce((sum, { share }) => sum + share, 0), 1);
  near(shares.at(-1).share, (0 + 1 + 2 + 3 + 4) / 66);
  near(shares[1].from, shares[0].share);
  assert.ok(sharesOf(clusters[1].counts, parts).every(({ share }) => share === 0));
});

test("what the server counts together stays apart, and so do cells without a value", () => {
  const found = counted({ values: ["a", "other", "other"], n_other_values: 3, clusters: [{ missing: 4, counts: [1, 9, 2] }, { missing: 0, counts: [0, 0, 0] }] });
  assert.deepEqual(found.values, ["a", "other", "3 other values", "no value"]);
  assert.deepEqual(found.clusters[0].counts, [1, 9, 2, 4]);
  const parts = partsOf(found);
  assert.deepEqual(parts.map(({ words, count, isOther }) => [words, count, isOther]), [["other", 9, false], ["no value", 4, false], ["a", 1, false], ["3 other values", 2, true]]);
  assert.deepEqual(counted({ values: ["a"], n_other_values: 0, clusters: [{ missing: 0, counts: [1] }] }).values, ["a"]);
});

test("genes are offered by their start, then by what they have within", () => {
  const genes = ["ACD3", "CD3EAP", "CD3D", "CD3E", "MT-CD3"];
  assert.deepEqual(genesLike(genes, " cd3 "), ["CD3D", "CD3E", "CD3EAP", "ACD3", "MT-CD3"]);
  assert.deepEqual(genesLike(genes, "cd3", 2), ["CD3D", "CD3E"]);
  assert.deepEqual(genesLike(genes, ""), []);
  assert.deepEqual([geneNamed(genes, "cd3d"), geneNamed(["cd3d", "CD3D"], "CD3D"), geneNamed(genes, "CD3")], ["CD3D", "CD3D", null]);
});

test("cells get whole places of one scale, y upwards, and those without coordinates are left out", () => {
  fill({}, [{ id: "B" }, { id: "T" }]);
  const found = embeddingData({ key: "X_umap", x: [-5, 5, null, 0], y: [1, 2, 3, 6], cluster: [0, 1, 0, 2], clusters: ["T", "B", "gone"] }, 9, "values");
  assert.deepEqual([found.x, found.y, found.cluster, found.at], [[0, 2000, 1000], [1000, 800, 0], [1, 0, -1], [0, 1, 3]]);
  assert.deepEqual([found.name, found.n_cells, found.left_out], ["UMAP", 9, 1]);
  assert.deepEqual(embeddingData({ key: "X_scVI", x: [1], y: [1], cluster: [0], clusters: ["B"] }, undefined, "").name, "scVI");
});

test("values go to the clusters of their cells, where these are the same cells", () => {
  const embedding = { cluster: [0, 1, 0, -1], clusters: ["a", "__proto__"] };
  const clusters = [{ cluster: "a" }, { cluster: "__proto__" }];
  assert.deepEqual([...membersOf({ clusters, values: [1, 2, 3, 4] }, embedding)], [["a", [1, 3]], ["__proto__", [2]]]);
  assert.equal(membersOf({ clusters, values: [1] }, embedding).size, 0);
  assert.equal(membersOf({ clusters, values: [1, 2, 3, 4] }, null).size, 0);
});

test("numbers are short, and what is not known is a dash", () => {
  assert.deepEqual([0, 3.14159, 0.0001, 12345.6, 17, null, undefined, -2.5].map(number), ["0", "3.14", "<0.01", "12,346", "17", "–", "–", "-2.5"]);
  assert.deepEqual([0, 0.001, 0.5, 1].map(percent), ["0%", "<1%", "50%", "100%"]);
});
