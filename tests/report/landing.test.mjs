// The page goes to the place that its address names once all is drawn, if the reader has not moved on meanwhile.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { startLanding } from "../../cassia_engine/report/scripts/page/landing.js";

let seen;

beforeEach(() => {
  seen = [];
  const part = (id, hidden) => ({ hidden, scrollIntoView: () => seen.push(id) });
  const parts = { methods: part("methods", false), "cluster-view": part("cluster-view", false), pictures: part("pictures", true) };
  globalThis.window = new EventTarget();
  globalThis.document = { getElementById: (id) => parts[id] ?? null };
});

for (const [hash, place] of [["#methods", ["methods"]], ["#cluster=T%20cell", ["cluster-view"]], ["#pictures", []], ["#nowhere", []], ["", []]]) {
  test(`the address ends in ${hash || "nothing"}`, () => {
    globalThis.location = { hash };
    startLanding()();
    assert.deepEqual(seen, place);
  });
}

for (const move of ["wheel", "touchstart", "pointerdown", "keydown"]) {
  test(`a reader who moved on stays there: ${move}`, () => {
    globalThis.location = { hash: "#methods" };
    const land = startLanding();
    window.dispatchEvent(new Event(move));
    land();
    assert.deepEqual(seen, []);
  });
}
