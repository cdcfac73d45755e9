// Corrections that a server keeps: they go before the report's, and what a server does not take stays in the browser.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { correct, correctionOf, isDraft, keepOnServers, lastName, loadDrafts, serverName, unsentReason } from "../../cassia_engine/report/scripts/corrections/drafts.js";
import { emit, fill, state } from "../../cassia_engine/report/scripts/shared/store.js";

const said = { label: "B cell", cl_id: "", comment: "", decided_by: "Ada" };
const onServer = { ...said, label: "T cell", at: "2026-11-30T18:00:00+00:00" };
const baked = { label: "platelet", cl_id: "CL:0000233", decided_by: "Bob" };

function browser() {
  const items = new Map();
  return { items, getItem: (name) => items.get(name) ?? null, setItem: (name, text) => items.set(name, text), removeItem: (name) => items.delete(name) };
}

// A server that answers each save as `answer` does, and what was sent to it.
function keeper(answer, entries = []) {
  const sent = [];
  const save = async (id, one) => {
    sent.push([id, one]);
    return answer(one);
  };
  return { who: "Ada", said: new Map(entries), save, sent };
}

const takes = (one) => one && { ...one, at: "2026-11-30T19:00:00+00:00" };
const fails = () => {
  throw new Error("The server cannot be reached.");
};

let kept = null;

function open(server) {
  loadDrafts(kept);
  keepOnServers();
  if (server) emit("kept on a server", server);
  return server;
}

beforeEach(() => {
  globalThis.cassiaReport.listeners.clear();
  kept = browser();
  fill({ key: "0123456789abcdef" }, [{ id: "0" }, { id: "__proto__" }, { id: "9", correction: baked }]);
});

test("what the server has goes before the report's, and is not kept by the browser", () => {
  open(keeper(takes, [["0", onServer], ["9", null], ["gone", onServer]]));
  const [zero, , nine] = state.rows;
  assert.deepEqual([correctionOf(zero), isDraft(zero), zero.yours, unsentReason(zero)], [onServer, true, onServer, null]);
  assert.deepEqual([correctionOf(nine), isDraft(nine)], [null, true]);
  assert.deepEqual([serverName(), lastName(), kept.items.size], ["Ada", "Ada", 0]);
});

test("what is saved is sent once, and then the server's", async () => {
  const server = open(keeper(takes));
  const saving = correct(state.rows[1], said);
  assert.deepEqual([unsentReason(state.rows[1]), kept.items.size], ["", 1]);
  await saving;
  assert.deepEqual(server.sent, [["__proto__", said]]);
  assert.deepEqual([correctionOf(state.rows[1]).at, unsentReason(state.rows[1]), kept.items.size], ["2026-11-30T19:00:00+00:00", null, 0]);
  await correct(state.rows[1], said);
  assert.equal(server.sent.length, 1, "the same again is no news");
  await correct(state.rows[1], null);
  assert.deepEqual([server.sent.at(-1), correctionOf(state.rows[1])], [["__proto__", null], null]);
});

test("what the server does not take stays in the browser, says why, and is sent again", async () => {
  open(keeper(fails));
  await correct(state.rows[0], said);
  assert.deepEqual([correctionOf(state.rows[0]), unsentReason(state.rows[0])], [said, "The server cannot be reached."]);
  assert.equal(kept.items.size, 1);
  const later = open(keeper(takes));
  assert.match(unsentReason(state.rows[0]), /while the server was not reached/);
  await correct(state.rows[0], correctionOf(state.rows[0]));
  assert.deepEqual([later.sent, unsentReason(state.rows[0]), kept.items.size], [[["0", said]], null, 0]);
});

test("what a lost answer left in the browser is the server's already", () => {
  loadDrafts(kept);
  correct(state.rows[0], said);
  open(keeper(takes, [["0", { ...said, at: "2026-11-30T18:00:00+00:00" }]]));
  assert.deepEqual([unsentReason(state.rows[0]), kept.items.size], [null, 0]);
});

test("a correction of the report that is taken back is taken back on the server", async () => {
  const server = open(keeper(takes));
  await correct(state.rows[2], null);
  assert.deepEqual([server.sent, correctionOf(state.rows[2]), isDraft(state.rows[2])], [[["9", null]], null, true]);
});
