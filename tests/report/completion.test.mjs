// A label is completed by the start of words, over labels and synonyms, the nearest first.

import assert from "node:assert/strict";
import { test } from "node:test";

import { completions, termIndex } from "../../cassia_engine/report/scripts/corrections/completion.js";

const index = termIndex([
  ["CL:0000084", "T cell", "T lymphocyte", "T-lymphocyte"],
  ["CL:0000236", "B cell", "B lymphocyte"],
  ["CL:0000542", "lymphocyte"],
  ["CL:0000623", "natural killer cell", "NK cell", "large granular lymphocyte"],
  ["CL:0000624", "CD4-positive, alpha-beta T cell", "CD4+ T cell"],
  ["CL:0000813", "memory T cell"],
]);
const labels = (typed, most) => completions(index, typed, most).map((term) => term.label);

test("the very name comes first, then names that start so, labels before synonyms", () => {
  assert.deepEqual(labels("t cell"), ["T cell", "memory T cell", "CD4-positive, alpha-beta T cell"]);
  assert.deepEqual(labels("lympho"), ["lymphocyte", "B cell", "T cell", "natural killer cell"]);
});

test("a synonym leads to its term, and is said", () => {
  assert.deepEqual(completions(index, "NK"), [{ id: "CL:0000623", label: "natural killer cell", synonym: "NK cell" }]);
  assert.equal(completions(index, "natural")[0].synonym, "");
});

test("signs do not matter, nor the order of words, and an id is found", () => {
  assert.deepEqual(labels("cd4+ t"), ["CD4-positive, alpha-beta T cell"]);
  assert.deepEqual(labels("cell memory"), ["memory T cell"]);
  assert.deepEqual(labels("CL:0000813"), ["memory T cell"]);
});

test("nothing is offered for nothing, and no more than wanted", () => {
  assert.deepEqual([labels(""), labels("+- "), labels("platelet"), labels("ocyte")], [[], [], [], []]);
  assert.equal(labels("cell", 2).length, 2);
});
