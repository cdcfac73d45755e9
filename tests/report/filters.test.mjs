import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_FILTER, choicesOf, countWords, isFiltered, passes, showsOf } from "../../cassia_engine/report/scripts/table/filters.js";
import { LINEAGES, failed, row } from "./rows.mjs";

const low = row({ id: "1", confidence: "Low", pips: 1, lineage: 1, review_flags: [{ kind: "low", word: "low confidence", tone: "quiet" }] });
const ROWS = [row(), low, failed()];

function left(filter) {
  return ROWS.filter((one) => passes(one, { ...NO_FILTER, ...filter })).map((one) => one.id);
}

test("every filter leaves its rows", () => {
  assert.deepEqual(left({}), ["0", "1", "9"]);
  assert.deepEqual(left({ show: "review" }), ["1", "9"]);
  assert.deepEqual(left({ show: "without" }), ["9"]);
  assert.deepEqual(left({ outcome: "failed" }), ["9"]);
  assert.deepEqual(left({ confidence: "Low" }), ["1"]);
  assert.deepEqual(left({ lineage: "0" }), ["0"]);
  assert.deepEqual(left({ lineage: "none" }), ["9"]);
  assert.deepEqual(left({ show: "review", confidence: "High" }), []);
});

test("a failed cluster that a person has named is not without an annotation", () => {
  assert.ok(!passes(failed({ has_type: true }), { ...NO_FILTER, show: "without" }));
});

test("a label of yours counts, and the button that is pressed stays", () => {
  const rows = [row(), failed({ yours: { label: "platelet", cl_id: "" } })];
  assert.ok(!passes(rows[1], { ...NO_FILTER, show: "without" }));
  assert.deepEqual(showsOf(rows).map(({ value, count }) => [value, count]), [["all", 2], ["review", 1]]);
  assert.deepEqual(showsOf(rows, "without").map(({ value, count }) => [value, count]), [["all", 2], ["review", 1], ["without", 0]]);
});

test("choices come with their counts, and only where they part the rows", () => {
  const choices = choicesOf(ROWS, LINEAGES);
  assert.deepEqual(choices.shows.map((one) => one.count), [3, 2, 1]);
  assert.deepEqual(choices.confidence.map(({ word, count }) => [word, count]), [["High", 1], ["Low", 1]]);
  assert.deepEqual(choices.lineage.map((one) => one.word), ["T and innate lymphoid", "B and plasma", "Not placed"]);
  assert.deepEqual(Object.keys(choicesOf([row(), row()], LINEAGES)), ["shows"]);
  assert.deepEqual(choicesOf([row()], LINEAGES).shows.map((one) => one.value), ["all"]);
});

test("counts are words", () => {
  assert.equal(countWords(7, 1000), "7 of 1,000 clusters");
  assert.equal(countWords(1, 1), "1 of 1 cluster");
  assert.ok(!isFiltered({ ...NO_FILTER, query: "  " }));
  assert.ok(isFiltered({ ...NO_FILTER, show: "review" }));
});
