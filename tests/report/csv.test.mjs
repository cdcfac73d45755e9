import assert from "node:assert/strict";
import { test } from "node:test";

import { guarded, toCsv } from "../../cassia_engine/report/scripts/shared/csv.js";
import { fileName } from "../../cassia_engine/report/scripts/shared/download.js";

test("what a spreadsheet would run gets a leading quotation mark", () => {
  for (const text of ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "'=1", "''=1", " =1", "\u200b=1", "＝1"]) {
    assert.equal(guarded(text), `'${text}`);
  }
  // Wherever a cell begins for a reader that takes ; or a tab for the separator, or no quotes for what holds lines together.
  for (const [text, expected] of [["\t=1", "'\t'=1"], ["\r=1", "'\r'=1"], ["\n=1", "'\n'=1"], ["a;=1", "a;'=1"]]) {
    assert.equal(guarded(text), expected);
  }
  for (const text of ["1+1", "CD4+ T cell", "", "'quoted'", "a=b", "a\n- b"]) assert.equal(guarded(text), text);
});

test("cells are quoted where a reader could take them apart", () => {
  assert.equal(toCsv([["a", "b"], ["x,y", 'say "hi"'], ["two\nlines", " lead"]]), 'a,b\n"x,y","say ""hi"""\n"two\nlines"," lead"\n');
});

test("numbers stay numbers and nothing stays empty", () => {
  assert.equal(toCsv([[0.011, -2, null, undefined, ""]]), "0.011,-2,,,\n");
});

test("a file name has nothing that file systems trip over", () => {
  assert.equal(fileName("../../etc/pass wd", ".csv"), "etc_pass_wd.csv");
  assert.equal(fileName("\u202e<>", ".csv"), "cassia.csv");
  assert.equal(fileName("Leber_ä.2", "_clusters.csv"), "Leber_ä.2_clusters.csv");
  assert.ok(fileName("x".repeat(500), ".csv").length < 100);
});
