// Corrections: a form in each cluster's view, and the list of what was said, as a file that cassia takes.

import { toCsv } from "../shared/csv.js";
import { bdi, counted, h, icon, reveal } from "../shared/dom.js";
import { download, fileName } from "../shared/download.js";
import { termLink } from "../shared/links.js";
import { keyOf, on, state } from "../shared/store.js";
import { correct, correctionOf, correctionRows, corrections, isDraft, isKept, keepOnServers, loadDrafts, serverName, unsentReason } from "./drafts.js";
import { correctionForm } from "./form.js";

const KEPT = "They are saved in this browser, for this run only.";
const NOT_KEPT = "This browser saves nothing for this page: they are lost when it is closed. Export them before.";
const ON_SERVER = "They are saved on the server, with who said them and when. The export is a file for cassia collect and its --corrections.";
const NEXT = "Export them, and run the same cassia run (or cassia collect) again with --corrections and the file: nothing is asked again, and all outputs have your labels and who decided.";
const NEXT_IN_PIPELINE = "Export them, give the file in the column corrections of this sample in the samplesheet (or, without a samplesheet, by --corrections), and run the same nextflow run again with -resume: nothing is asked again, and all outputs have your labels and who decided.";

export function startCorrections(section) {
  loadDrafts();
  keepOnServers();
  let view = null; // of the cluster that is open
  on("opened", (opened) => {
    view = opened;
    view.note.replaceChildren(...correctionNote(view.row));
    view.place.replaceChildren(correctionForm(view.row));
  });
  on("corrected", (id) => {
    if (view && keyOf(view.row) === id) renewView(view);
    drawCorrections(section);
  });
  on("kept on a server", () => {
    if (view) renewView(view);
    drawCorrections(section);
  });
  drawCorrections(section);
  reveal(section);
}

// It was said in the form itself, or in the list below, of which the form has to know.
function renewView({ row, note, place }) {
  note.replaceChildren(...correctionNote(row));
  if (!place.contains(document.activeElement)) place.replaceChildren(correctionForm(row, place.querySelector("details").open));
}

// What a person said of a cluster, at the head of its view: by the report, and in this page.
function correctionNote(row) {
  const baked = row.correction;
  const parts = [];
  if (baked) parts.push(baked.label ? [`Label by `, bdi(baked.decided_by), ": ", ...labelWords(baked)] : ["Comment by ", bdi(baked.decided_by), ": ", bdi(baked.comment)]);
  const mine = correctionOf(row);
  if (isDraft(row) && !mine) parts.push(["Removed in this page, not yet in the outputs."]);
  if (isDraft(row) && mine) parts.push([...saidBy(mine), ...(mine.label ? labelWords(mine) : [bdi(mine.comment)]), h("span", { class: "soft" }, " Not yet in the outputs.")]);
  return parts.map((words) => h("p", { class: "review-flag person" }, icon("person"), h("span", {}, words)));
}

// "Your label: ", and of what a server keeps who said it when.
function saidBy({ label, decided_by: who, at }) {
  const what = label ? "label" : "comment";
  return at ? [`${label ? "Label" : "Comment"} by `, bdi(who), `, ${day(at)}: `] : [`Your ${what}: `];
}

function labelWords(said) {
  return [h("b", {}, bdi(said.label)), said.cl_id ? [" ", termLink(said.cl_id)] : null, said.comment ? [". ", bdi(said.comment)] : "."];
}

function drawCorrections(section) {
  const all = corrections();
  const file = fileName(state.page.name, "_corrections.csv");
  const count = all.filter(({ correction }) => correction).length;
  section.classList.toggle("none", !all.length);
  section.replaceChildren(
    h("h2", {}, "Your corrections"),
    h("p", { class: "prose" }, all.length ? nextWords() : `None yet. Open a cluster to give it another label, or to comment on it. ${isKept() || serverName() !== null ? "" : NOT_KEPT}`),
    all.length ? h("div", { class: "panel listed" }, correctionTable(all)) : "",
    all.length ? h("p", { class: "tools" }, h("button", { type: "button", onclick: () => download(file, "text/csv", toCsv(correctionRows())) }, `Export ${counted(count, "correction")} as CSV`), " ", h("bdi", { class: "soft" }, file)) : "",
  );
}

function nextWords() {
  if (serverName() !== null) return ON_SERVER;
  return `${state.page.pipeline ? NEXT_IN_PIPELINE : NEXT} ${isKept() ? KEPT : NOT_KEPT}`;
}

function correctionTable(all) {
  const heads = ["Cluster", "Label", "Comment", "Decided by", "State", ""].map((text) => h("th", { scope: "col" }, text || h("span", { class: "unseen" }, "Remove")));
  return h("table", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, all.map(correctionLine)));
}

function correctionLine({ row, correction, draft }) {
  const said = correction ?? { label: "", comment: "", decided_by: "" };
  const remove = h("button", { type: "button", "aria-label": `Remove the correction of cluster ${row.id}`, onclick: () => correct(row, null) }, "Remove");
  const restore = h("button", { type: "button", "aria-label": `Restore the correction of cluster ${row.id}`, onclick: () => correct(row, row.correction) }, "Restore");
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("a", { href: `#${row.anchor}` }, bdi(row.id))),
    h("td", {}, said.label ? [h("b", {}, bdi(said.label)), said.cl_id ? [" ", termLink(said.cl_id)] : null] : h("span", { class: "soft" }, correction ? "not changed" : "the answer's again")),
    h("td", {}, bdi(said.comment ?? "")),
    h("td", {}, bdi(said.decided_by ?? "")),
    h("td", {}, unsentReason(row) === null ? h("span", { class: "soft" }, placeWords(correction, draft)) : unsentWords(row, correction)),
    h("td", {}, correction ? remove : restore),
  );
}

function placeWords(correction, draft) {
  if (!draft) return "in the outputs";
  if (!correction) return "removed, still in the outputs";
  return correction.at ? `on the server since ${day(correction.at)}` : "not yet in the outputs";
}

function unsentWords(row, correction) {
  const reason = unsentReason(row);
  if (!reason) return h("span", { class: "soft" }, "being sent to the server");
  const again = h("button", { type: "button", "aria-label": `Send the correction of cluster ${row.id} again`, onclick: () => correct(row, correction) }, "Send again");
  return [h("span", { class: "trouble" }, icon("failed"), `not on the server: ${reason}`), " ", again];
}

// A time in the words of the reader's own clock.
function day(at) {
  return new Date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}
