import assert from "node:assert/strict";
import { test } from "node:test";

import { fieldsOf, matchPlaces, matcher, matchesOf, searchIndex, startsWord, termsOf, textOf } from "../../cassia_engine/report/scripts/table/search.js";
import { failed, row } from "./rows.mjs";

const MARKERS = { genes: ["GNLY", "PPBP", "HLA-DRA"], clusters: [{ g: [0, 2] }, { g: [1] }] };

function found(query) {
  const matches = matcher(query);
  return searchIndex([row(), failed({ id: "7_0" })], MARKERS).map(matches);
}

test("a term is found at the start of a word only", () => {
  assert.ok(startsWord("cl:0000623\nt cell", "0000623"));
  assert.ok(startsWord("xcd4 cd4", "cd4"));
  assert.ok(!startsWord("xcd4 ycd4", "cd4"));
  assert.ok(!startsWord("10", "0"));
  assert.ok(startsWord("7_0", "0"), "an underscore parts words");
  assert.ok(!startsWord("\u{1d49c}b", "b"), "a letter outside the basic plane is a letter");
  assert.ok(startsWord("\u{1f9ec}b", "b"), "a sign is none");
});

test("signs of patterns are signs", () => {
  assert.deepEqual(found("(.*"), [false, false]);
  assert.deepEqual(found("["), [false, false]);
});

test("a comma asks for both terms, and empty terms for nothing", () => {
  assert.deepEqual(termsOf(" GNLY, ,hla-d,"), ["gnly", "hla-d"]);
  assert.deepEqual(found("gnly, hla"), [true, false]);
  assert.deepEqual(found("gnly, ppbp"), [false, false]);
  assert.deepEqual(found(" , "), [true, true]);
});

test("all markers are found, also of a cluster that nobody judged", () => {
  assert.deepEqual(found("ppbp"), [false, true]);
  assert.deepEqual(found("hla-dra"), [true, false]);
  assert.deepEqual(found("7"), [false, true]);
});

test("no term matches across two texts", () => {
  assert.deepEqual(found("gnly gzmb"), [false, false]);
});

test("each term says where it matched first", () => {
  const fields = fieldsOf(row({ yours: { label: "my cell", cl_id: "" } }), ["GNLY", "PPBP"]);
  const kinds = (query) => matchesOf(fields, termsOf(query)).map(({ kind, text }) => `${kind} ${text}`);
  assert.deepEqual(kinds("gnly, ppbp"), ["evidence gene GNLY", "marker PPBP"]);
  assert.deepEqual(kinds("killer"), ["cell type natural killer cell"]);
  assert.deepEqual(kinds("my"), ["your label my cell"]);
  assert.deepEqual(kinds("none"), []);
});

test("all places of a term are found", () => {
  assert.deepEqual(matchPlaces("cd4 xcd4 cd4", "cd4"), [0, 9]);
});

test("the text of a row is that of its fields", () => {
  const full = row({ state: "cycling", mixed: ["platelet"], conflicting: ["CD3D"], unsupported: ["NCAM1"] });
  const texts = fieldsOf(full, ["PPBP"]).flatMap(([, some]) => some);
  assert.equal(textOf(full, ["PPBP"]), [...new Set(texts)].join("\n").toLowerCase());
});

test("a gene is found by its name in the marker table too", () => {
  const markers = { genes: ["CD3D", "CD3E"], clusters: [{ g: [0, 1], given: ["rna_CD3D", ""] }] };
  assert.deepEqual(searchIndex([row()], markers).map(matcher("rna_cd3d")), [true]);
});
