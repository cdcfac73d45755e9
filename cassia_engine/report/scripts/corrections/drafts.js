// What a person says of clusters in this page, on top of what the report has: kept by the browser for this run alone, or
// by a server where the page comes from one. What a server did not take is kept by the browser until it does.

import { emit, keyOf, on, state } from "../shared/store.js";
import { differs, FIELDS, inOutputs, readDraft } from "./sameness.js";

// By the id of a cluster: a correction, or null for one of the report's that was removed.
let drafts = new Map();
let storage = null;
let server = null;
const unsent = new Map(); // by cluster: why the server did not take it, "" while it is being sent

// True if the browser keeps what is said here after the page is closed.
export function loadDrafts(browsers = ownStorage()) {
  storage = browsers;
  server = null;
  unsent.clear();
  drafts = storedDrafts();
  for (const row of state.rows) noteOn(row);
  return storage !== null;
}

/*
 * Lets a server keep what is said. Its script gives {who: the name it is said under, said: Map by cluster of what is said
 * there, each with `at`, null where that was taken back, save(id, correction): promises what the server has then}.
 */
export function keepOnServers() {
  on("kept on a server", (keeper) => {
    server = keeper;
    for (const [id, correction] of drafts) if (isSame(correction, beneath(state.byId.get(id)))) drafts.delete(id);
    store();
    for (const row of state.rows) noteOn(row);
    for (const id of new Set([...server.said.keys(), ...drafts.keys()])) emit("corrected", id);
  });
}

export function isKept() {
  return storage !== null;
}

// The name under which a server keeps what is said, null where none does.
export function serverName() {
  return server?.who ?? null;
}

// What holds for a cluster: what was said in this page, else what a server keeps, else what the report was made with.
export function correctionOf(row) {
  const stands = beneath(row);
  const mine = drafts.get(keyOf(row));
  return mine === undefined || isSame(mine, stands) ? stands : mine;
}

// Whether something was said of a cluster that is not in the outputs. What is in them stays stored all the same: the
// report before these outputs, opened again, still shows it.
export function isDraft(row) {
  const isSaid = drafts.has(keyOf(row)) || server?.said.has(keyOf(row));
  return Boolean(isSaid) && !inOutputs(correctionOf(row), row.correction ?? null);
}

// Why the server does not have what was said of a cluster: "" while it is being sent, null where there is nothing to send.
export function unsentReason(row) {
  if (!server || !drafts.has(keyOf(row))) return null;
  return unsent.get(keyOf(row)) ?? "It was said while the server was not reached.";
}

// Says it of a cluster; null takes back what was said. Promises the end of sending it.
export async function correct(row, correction) {
  const id = keyOf(row);
  if (storage) drafts = storedDrafts(); // another tab may have said something since
  if (isSame(correction, beneath(row))) drafts.delete(id);
  else drafts.set(id, correction);
  told(id);
  if (server && drafts.has(id)) await send(row, correction);
}

async function send(row, correction) {
  const id = keyOf(row);
  unsent.set(id, "");
  emit("corrected", id);
  try {
    server.said.set(id, await server.save(id, correction));
    unsent.delete(id);
    if (drafts.has(id) && !differs(drafts.get(id), correction)) drafts.delete(id); // else something was said since
  } catch (error) {
    unsent.set(id, error.message);
  }
  told(id);
}

function told(id) {
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
  return server?.who ?? [...drafts.values()].reverse().find((one) => one?.decided_by)?.decided_by ?? "";
}

// What holds where nothing is said in this page.
function beneath(row) {
  return server?.said.has(keyOf(row)) ? server.said.get(keyOf(row)) : (row.correction ?? null);
}

// Without a server what was said is compared with the outputs, which fill in terms; a server has it as it was said.
function isSame(correction, stands) {
  return server ? !differs(correction, stands) : inOutputs(correction, stands);
}

function noteOn(row) {
  row.yours = isDraft(row) ? correctionOf(row) : undefined;
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

function store() {
  try {
    if (drafts.size) storage?.setItem(place(), JSON.stringify([...drafts]));
    else storage?.removeItem(place());
  } catch {
    storage = null; // full, or forbidden meanwhile
  }
}
