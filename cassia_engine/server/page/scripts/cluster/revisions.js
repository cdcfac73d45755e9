// Answers of a cluster that was annotated again, beside the one of the report.

import { h } from "../../../../report/scripts/shared/dom.js";
import { keyOf } from "../../../../report/scripts/shared/store.js";
import { ask, ofJob, serverId } from "../shared/server.js";
import { shown } from "../shared/texts.js";

const PAUSE = 2000; // ms between two looks at runs that are at work
const STATES = { pending: "waits for its turn", processing: "is being annotated", failed: "failed" };

let revisions = [];
let problem = "";
let timer = null;
let changed = () => {};

export function onRevisions(listener) {
  changed = listener;
}

// Reads them, and again as long as one is at work.
export async function readRevisions() {
  clearTimeout(timer);
  try {
    ({ revisions } = await ask(ofJob("revisions")));
    problem = "";
  } catch (error) {
    problem = error.message;
  }
  if (problem || revisions.some(isAtWork)) timer = setTimeout(readRevisions, PAUSE);
  changed();
}

function isAtWork({ state }) {
  return state === "pending" || state === "processing";
}

// Those of a cluster, the newest first, as a part of its view; nothing where there is none.
export function revisionsOf(row) {
  const own = revisions.filter(({ cluster }) => cluster === serverId(keyOf(row))).sort((one, other) => other.revision - one.revision);
  if (!own.length) return problem ? [h("p", { class: "soft" }, `Further answers cannot be shown. ${problem}`)] : [];
  return [h("h3", {}, "Annotated again"), h("p", { class: "note" }, "Further hypotheses, by the same model with your feedback. The report and its outputs keep the first answer; correct the cluster to put another one in its place."), h("ul", {}, own.map(item))];
}

function item(one) {
  const answer = one.label ? h("b", {}, shown(one.label)) : h("span", { class: one.state === "failed" ? "trouble" : "soft" }, STATES[one.state] ?? one.state);
  const link = one.report_url && one.state === "completed" ? [" ", h("a", { href: ownLink(one.report_url) }, "its report")] : null;
  const reason = one.reason ? [": ", shown(one.reason)] : null;
  return h("li", {}, h("p", {}, answer, reason, link), h("p", { class: "soft" }, `Revision ${one.revision}, by the feedback: `, shown(one.feedback)));
}

// An address of this server and no other.
function ownLink(address) {
  const link = new URL(address, document.baseURI);
  return link.origin === location.origin ? link.href : "#";
}
