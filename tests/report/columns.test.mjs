import assert from "node:assert/strict";
import { test } from "node:test";

import { COLUMNS, columnsOf, compareValues, csvRows, deciderOf, sortValues } from "../../cassia_engine/report/scripts/table/columns.js";
import { LINEAGES, failed, row } from "./rows.mjs";

const column = (key) => COLUMNS.find((one) => one.key === key);

function sorted(key, rows, direction) {
  const values = sortValues(column(key), rows, LINEAGES);
  const places = rows.map((_, place) => place).sort((a, b) => compareValues(values[a], values[b], direction));
  return places.map((place) => rows[place].id);
}

test("what is missing stands last in either direction", () => {
  const rows = [failed(), row({ id: "a", score: 40 }), row({ id: "b", score: 0 })];
  assert.deepEqual(sorted("score", rows, 1), ["b", "a", "9"]);
  assert.deepEqual(sorted("score", rows, -1), ["a", "b", "9"]);
});

test("ids go in the order of the table, not as numbers", () => {
  const rows = ["10", "9", "007"].map((id) => row({ id }));
  assert.deepEqual(sorted("id", rows, 1), ["10", "9", "007"]);
});

test("checks go from no annotation to no warning", () => {
  const trouble = row({ id: "t", review_flags: [{ kind: "not_validated", word: "not validated", tone: "trouble" }] });
  const quiet = row({ id: "q", review_flags: [{ kind: "low", word: "low confidence", tone: "quiet" }] });
  assert.deepEqual(sorted("checks", [row(), quiet, failed(), trouble], 1), ["9", "t", "q", "0"]);
});

test("seven columns are usual, and others come only with something in them", () => {
  const usual = COLUMNS.filter((one) => one.usual).map((one) => one.key);
  assert.equal(usual.length, 7);
  const shown = (rows) => columnsOf(rows, LINEAGES).filter((one) => one.usual).length;
  assert.equal(shown([row(), failed(), row({ decided_by: "model (no verdict)" })]), 6, "who decided is no column where it is one for all");
  assert.equal(shown([row(), row({ decided_by: "a person" })]), 7);
  const keys = columnsOf([row({ state: "cycling" })], LINEAGES).map((one) => one.key);
  assert.deepEqual(keys, [...usual, "lineage", "types", "state", "calls", "cost"]);
});

test("cells are a column where they are known", () => {
  const [, , cells] = columnsOf([row({ n_cells: 1200 }), row()], LINEAGES);
  assert.deepEqual([cells.key, cells.usual], ["n_cells", true]);
  assert.ok(columnsOf([row()], LINEAGES).every((one) => one.key !== "n_cells"));
});

test("the CSV has a row a cluster, with raw ids and lists apart as in the summary", () => {
  const rows = [row({ id: "[U+202E]a", key_id: "\u202ea" }), failed({ yours: { label: "platelet" } })];
  const [head, first, second] = csvRows([column("id"), column("type"), column("score")], rows, LINEAGES);
  const by = (cells) => Object.fromEntries(head.map((name, at) => [name, cells[at]]));
  assert.equal(by(first)["Cluster ID"], "\u202ea");
  assert.equal(by(first)["Predicted Detailed Cell Type"], "natural killer cell; CD8-positive, alpha-beta T cell");
  assert.equal(by(second)["Your Label"], "platelet");
  assert.equal(by(second).Score, null);
});

test("the types are in the CSV once, with either column that shows them", () => {
  const types = "natural killer cell; CD8-positive, alpha-beta T cell";
  assert.deepEqual(csvRows([column("id"), column("types")], [row()], LINEAGES), [["Cluster ID", "Predicted Detailed Cell Type"], ["0", types]]);
  const [head] = csvRows([column("type"), column("types")], [row()], LINEAGES);
  assert.equal(head.filter((name) => name === "Predicted Detailed Cell Type").length, 1);
});

test("a run without calls has no column of calls or costs", () => {
  const keys = columnsOf([row({ calls: 0, cost: 0 }), failed({ calls: 0, cost: 0 })], LINEAGES).map((one) => one.key);
  assert.ok(!keys.includes("calls") && !keys.includes("cost"));
});

test("the name of a person is whole", () => {
  assert.equal(deciderOf(row({ decided_by: "Lovelace, Ada (PI)", correction: { label: "B cell" } })), "Lovelace, Ada (PI)");
  assert.equal(deciderOf(row({ decided_by: "language model x (a hypothesis)", correction: { comment: "ask" } })), "language model x");
});

test("a label of yours makes good for a cluster without one", () => {
  const yours = failed({ yours: { label: "platelet" } });
  assert.deepEqual(sorted("type", [row(), yours, failed({ id: "8" })], 1), ["0", "9", "8"]);
  assert.deepEqual(sorted("checks", [row(), yours, failed({ id: "8" })], 1), ["8", "9", "0"]);
});
