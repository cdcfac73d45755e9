// What a person says of clusters is kept, taken back, and written as the file that cassia takes.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { correct, correctionOf, correctionRows, corrections, isDraft, isKept, lastName, loadDrafts } from "../../cassia_engine/report/scripts/corrections/drafts.js";
import { fill, on, state } from "../../cassia_engine/report/scripts/shared/store.js";

const HEAD = ["cluster", "label", "cl_id", "comment", "decided_by"];
const said = { label: "B cell", cl_id: "CL:0000236", comment: "", decided_by: "Ada" };
const baked = { label: "platelet", general_type: "platelet", cl_id: "CL:0000233", decided_by: "Bob" };

function browser(full = false) {
  const items = new Map();
  return {
    items,
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, text) => {
      if (full) throw new Error("QuotaExceededError");
      items.set(name, text);
    },
    removeItem: (name) => items.delete(name),
  };
}

beforeEach(() => fill({ key: "0123456789abcdef" }, [{ id: "0" }, { id: "__proto__" }, { id: "[U+202E]", key_id: [0x202e] }, { id: "9", correction: baked }]));

test("what is said is there after the page is opened again, and for this run alone", () => {
  const kept = browser();
  assert.equal(loadDrafts(kept), true);
  correct(state.rows[1], said);
  assert.equal(loadDrafts(kept), true);
  assert.deepEqual(correctionOf(state.rows[1]), said);
  assert.deepEqual(state.rows[1].yours, said);
  assert.equal(correctionOf(state.rows[0]), null);
  assert.equal(lastName(), "Ada");
  state.page.key = "another";
  loadDrafts(kept);
  assert.equal(correctionOf(state.rows[1]), null);
});

test("every change is told, and nothing is kept where all is taken back", () => {
  const kept = browser();
  const told = [];
  on("corrected", (id) => told.push(id));
  loadDrafts(kept);
  correct(state.rows[2], said);
  correct(state.rows[2], null);
  assert.deepEqual(told, ["\u202e", "\u202e"]);
  assert.equal(kept.items.size, 0);
});

test("the report's own corrections are there, can be taken back, and kept after all", () => {
  loadDrafts(browser());
  const row = state.rows[3];
  assert.deepEqual([correctionOf(row), isDraft(row)], [baked, false]);
  correct(row, null);
  assert.deepEqual([correctionOf(row), isDraft(row), corrections().length], [null, true, 1]);
  assert.deepEqual(correctionRows(), [HEAD]);
  correct(row, baked);
  assert.deepEqual([correctionOf(row), isDraft(row)], [baked, false]);
});

test("what is in the outputs is said once, also where these filled in its term or its label", () => {
  const kept = browser();
  const row = state.rows[3];
  const filled = { cluster: "9", comment: "", decided_by: "Bob" };
  for (const one of [{ label: "platelet", cl_id: "CL:0000233" }, { label: "platelet", cl_id: "" }, { label: "", cl_id: "CL:0000233" }]) {
    kept.items.set("cassia-corrections-0123456789abcdef", JSON.stringify([["9", { ...filled, ...one }], ["0", null]]));
    loadDrafts(kept);
    assert.deepEqual([isDraft(row), row.yours, correctionOf(row), corrections().length], [false, undefined, baked, 1]);
  }
  assert.equal(JSON.parse(kept.items.values().next().value).length, 2, "the report before these outputs still has it");
});

test("what is not in the outputs is a draft: other words, another person, an id that was taken out", () => {
  const kept = browser();
  const row = state.rows[3];
  row.correction = { ...baked, cl_match: "id" };
  const others = [{ label: "B cell" }, { decided_by: "Ada" }, { comment: "x" }, { cl_id: "" }, { label: "", cl_id: "" }];
  for (const one of others) {
    kept.items.set("cassia-corrections-0123456789abcdef", JSON.stringify([["9", { ...row.correction, ...one }]]));
    loadDrafts(kept);
    assert.equal(isDraft(row), true, JSON.stringify(one));
  }
});

test("the file has ids as they are, in the table's order, with those of the report", () => {
  loadDrafts(browser());
  correct(state.rows[2], said);
  correct(state.rows[0], { label: "", cl_id: "", comment: "two\nlines", decided_by: "Ada" });
  assert.deepEqual(correctionRows(), [
    HEAD,
    ["0", "", "", "two\nlines", "Ada"],
    ["\u202e", "B cell", "CL:0000236", "", "Ada"],
    ["9", "platelet", "CL:0000233", "", "Bob"],
  ]);
});

test("what another tab says of other clusters stays", () => {
  const kept = browser();
  loadDrafts(kept);
  correct(state.rows[0], said);
  const other = JSON.parse(kept.items.get("cassia-corrections-0123456789abcdef"));
  kept.items.set("cassia-corrections-0123456789abcdef", JSON.stringify([...other, ["__proto__", { ...said, label: "T cell" }]]));
  correct(state.rows[2], said);
  assert.deepEqual(corrections().map(({ row }) => row.id), ["0", "__proto__", "[U+202E]", "9"]);
});

test("a browser that keeps nothing still works until the page is closed", () => {
  assert.equal(loadDrafts(null), false);
  correct(state.rows[0], said);
  assert.deepEqual([correctionOf(state.rows[0]), isKept()], [said, false]);
  loadDrafts(browser(true));
  assert.equal(isKept(), true);
  correct(state.rows[0], said);
  assert.deepEqual([correctionOf(state.rows[0]), isKept()], [said, false]);
});

for (const text of ["{", "{}", "[1]", '[["0",{"label":{"x":1}}]]', `[["7",{"label":"B cell"}]]`, `[["0",{"label":"${"x".repeat(9000)}"}]]`]) {
  test(`what is not ours in the browser's store harms nothing: ${text.slice(0, 30)}`, () => {
    const kept = browser();
    kept.items.set("cassia-corrections-0123456789abcdef", text);
    loadDrafts(kept);
    for (const row of correctionRows().slice(1)) assert.ok(row.every((cell) => typeof cell === "string" && cell.length <= 2000));
  });
}
