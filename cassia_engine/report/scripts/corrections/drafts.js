// What a person says of clusters in this page: kept by the browser for this run alone, on top of what the report has.

import { emit, keyOf, state } from "../shared/store.js";

const FIELDS = { label: 300, cl_id: 20, comment: 2000, decided_by: 200 };

// By the id of a cluster: a correction, or null for one of the report's that was removed.
let drafts = new Map();
let storage = null;

// True if the browser keeps what is said here after the page is closed.
export function loadDrafts(browsers = ownStorage()) {
  storage = browsers;
  drafts = storedDrafts();
  for (const row of state.rows) noteOn(row);
  return storage !== null;
}

export function isKept() {
  return storage !== null;
}

// What holds for a cluster: what was said in this page, else what the report was made with, else null.
export function correctionOf(row) {
  return isDraft(row) ? drafts.get(keyOf(row)) : (row.correction ?? null);
}

// Whether something was said in this page that is not in the outputs. What is in them stays stored all the same: the
// report before these outputs, opened again, still shows it.
export function isDraft(row) {
  return drafts.has(keyOf(row)) && !inOutputs(drafts.get(keyOf(row)), row.correction ?? null);
}

// Says it of a cluster; null takes back what was said.
export function correct(row, correction) {
  const id = keyOf(row);
  if (storage) drafts = storedDrafts(); // another tab may have said something since
  if (inOutputs(correction, row.correction ?? null)) drafts.delete(id);
  else drafts.set(id, correction);
  store();
  for (const one of state.rows) noteOn(one);
  emit("corrected", id);
}

// Every cluster that has a correction, or has lost the one of the report.
export function corrections() {
  return state.rows.filter((row) => isDraft(row) || row.correction).map((row) => ({ row, correction: correctionOf(row), draft: isDraft(row) }));
}

// The rows of the file that cassia takes, header first.
export function correctionRows() {
  const said = corrections().filter(({ correction }) => correction);
  return [
    ["cluster", ...Object.keys(FIELDS)],
    ...said.map(({ row, correction }) => [keyOf(row), ...Object.keys(FIELDS).map((name) => correction[name] ?? "")]),
  ];
}

// The name that was given last, so that it is typed once.
export function lastName() {
  return [...drafts.values()].reverse().find((one) => one?.decided_by)?.decided_by ?? "";
}

function noteOn(row) {
  row.yours = isDraft(row) ? drafts.get(keyOf(row)) : undefined;
}

// Whether the report was made with what was said. It names the term of a label that came without an id, and the label
// of an id; a match "id" is of an id that was given.
function inOutputs(said, made) {
  if (said === null || made === null) return said === made;
  const label = said.label || (said.cl_id ? made.label : "");
  const clId = said.cl_id || (made.cl_match === "id" ? "" : made.cl_id);
  const filled = { ...said, label, cl_id: clId };
  return Object.keys(FIELDS).every((name) => (filled[name] ?? "") === (made[name] ?? ""));
}

function ownStorage() {
  try {
    localStorage.setItem("cassia-probe", "1");
    localStorage.removeItem("cassia-probe");
    return localStorage;
  } catch {
    return null;
  }
}

function place() {
  return `cassia-corrections-${state.page.key}`;
}

function storedDrafts() {
  try {
    return new Map(JSON.parse(storage?.getItem(place()) ?? "[]").filter(([id]) => state.byId.has(id)).map(readDraft));
  } catch {
    return new Map(); // not ours
  }
}

function readDraft([id, said]) {
  if (said === null) return [id, null];
  return [id, Object.fromEntries(Object.entries(FIELDS).map(([name, most]) => [name, String(said[name] ?? "").slice(0, most)]))];
}

function store() {
  try {
    if (drafts.size) storage?.setItem(place(), JSON.stringify([...drafts]));
    else storage?.removeItem(place());
  } catch {
    storage = null; // full, or forbidden meanwhile
  }
}
