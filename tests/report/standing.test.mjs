import assert from "node:assert/strict";
import { test } from "node:test";

import { isOverruled, standing } from "../../cassia_engine/report/scripts/shared/standing.js";
import { failed, row } from "./rows.mjs";

const review_flags = [{ kind: "low", word: "low confidence", tone: "quiet" }];
const said = (label, clId = "") => ({ label, cl_id: clId, comment: "", decided_by: "Ada" });

test("a row of which nothing was said stands as it is", () => {
  const plain = row({ review_flags });
  assert.equal(standing(plain), plain);
  assert.equal(standing(row({ yours: said("") })).title, "natural killer cell");
});

test("another label takes nothing over from the answer", () => {
  const now = standing(row({ review_flags, conflicting: ["CD3D"], yours: said("B cell", "CL:0000236") }));
  assert.deepEqual([now.title, now.cl_id, now.decided_by, now.types], ["B cell", "CL:0000236", "Ada", ["B cell"]]);
  assert.deepEqual([now.confidence, now.score, now.validated, now.lineage], ["", null, null, null]);
  assert.deepEqual([now.evidence, now.conflicting], [[], []]);
  assert.equal(now.review_flags, review_flags, "it counts among those that need review until the outputs are new");
});

test("the answer's own label confirms it and leaves what was found", () => {
  for (const yours of [said("Natural Killer Cell"), said("natural killer cell", "CL:0000623")]) {
    const now = standing(row({ review_flags, yours }));
    assert.ok(!isOverruled(row({ yours })));
    assert.deepEqual([now.score, now.evidence], [91, ["GNLY", "GZMB"]]);
  }
  assert.ok(isOverruled(row({ yours: said("natural killer cell", "CL:0000236") })), "another term");
});

test("a label makes good what failed", () => {
  assert.equal(standing(failed({ yours: said("platelet") })).has_type, true);
});
