// The form by which a person corrects a cluster: a label with its term, a comment, and who says so.

import { completing } from "../shared/combobox.js";
import { h } from "../shared/dom.js";
import { keyOf, state } from "../shared/store.js";
import { unpacked } from "../shared/unpack.js";
import { completions, termIndex } from "./completion.js";
import { correct, correctionOf, isDraft, isKept, lastName, serverName, unsentReason } from "./drafts.js";

let index = null; // of the terms, once one is looked for

const typed = new Map(); // by cluster: what was typed and not saved, so that no look at another cluster loses it

async function terms() {
  index ??= termIndex(await unpacked("terms"));
  return index;
}

export function correctionForm(row, open = false) {
  const id = keyOf(row);
  const signed = serverName();
  let stands = { label: "", cl_id: "", comment: "", decided_by: lastName(), ...correctionOf(row), ...(signed === null ? {} : { decided_by: signed }) };
  const said = typed.get(id) ?? stands;
  const list = h("ul", { role: "listbox", id: "label-options", "aria-label": "Cell types", hidden: true });
  const label = inputFor("label", said.label, { maxlength: 300, role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list" });
  const clId = inputFor("cl_id", said.cl_id, { maxlength: 20, placeholder: "left empty: looked up by the label" });
  const comment = h("textarea", { id: "correct-comment", rows: 3, maxlength: 2000 });
  comment.value = said.comment;
  const who = inputFor("decided_by", said.decided_by, { maxlength: 200, placeholder: "a person", readonly: signed !== null });
  const fields = { label, cl_id: clId, comment, decided_by: who };
  const status = h("p", { class: toneOf(row), role: "status" }, stateOf(row));

  completing(label, list, async (text) => completions(await terms(), text), (term) => {
    label.value = term.label;
    clId.value = term.id;
    changed();
  });
  // An id belongs to the label it came with.
  label.addEventListener("input", () => (clId.value = ""));

  function tell(words, tone = "soft") {
    if (status.textContent !== words) status.textContent = words;
    status.className = tone;
  }

  function changed() {
    const now = valuesOf(fields);
    if (Object.keys(now).every((name) => now[name] === stands[name])) typed.delete(id);
    else typed.set(id, now);
    tell(stateOf(row));
  }

  // The fields have what was said now; nothing in them waits to be saved.
  function settle(values) {
    for (const [name, field] of Object.entries(fields)) field.value = values[name];
    stands = valuesOf(fields);
    typed.delete(id);
  }

  async function saved(event) {
    event.preventDefault();
    if (unsentReason(row) === "") return; // it is being sent
    const known = await terms();
    const correction = completed(valuesOf(fields), known);
    const problem = problemOf(correction, known);
    if (problem) return tell(problem, "trouble");
    settle(correction);
    remove.hidden = false;
    await say(correction);
  }

  async function say(correction) {
    const sent = correct(row, correction);
    tell(stateOf(row), toneOf(row));
    await sent;
    tell(stateOf(row), toneOf(row));
  }

  async function removed() {
    settle({ label: "", cl_id: "", comment: "", decided_by: who.value });
    remove.hidden = true;
    label.focus();
    await say(null);
    if (unsentReason(row) === null) tell("Removed.");
  }

  const remove = h("button", { type: "button", hidden: !correctionOf(row), onclick: removed }, "Remove");
  const form = h(
    "form",
    { class: "correct", onsubmit: saved, oninput: changed, autocomplete: "off" },
    labelled("Another label", label, list),
    labelled("Cell Ontology id", clId),
    labelled("Comment", comment),
    labelled("Decided by", who),
    h("p", { class: "buttons" }, h("button", { type: "submit" }, "Save"), " ", remove),
    status,
  );
  return h("details", { class: "correction", open: open || typed.has(id) || Boolean(correctionOf(row)) }, h("summary", {}, "Correct or comment"), form);
}

function valuesOf(fields) {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value.trim()]));
}

function stateOf(row) {
  if (typed.has(keyOf(row))) return "Not saved yet.";
  const reason = unsentReason(row);
  if (reason !== null) return reason ? `Not saved on the server: ${reason} ${isKept() ? "It is kept in this browser" : "It is kept until this page is closed"}; save again to send it.` : "Saving on the server\u2026";
  if (!isDraft(row)) return correctionOf(row) ? "In the outputs." : "";
  if (!correctionOf(row)) return "Removed.";
  if (serverName() !== null) return "Saved on the server.";
  return isKept() ? "Saved in this browser." : "Saved until this page is closed.";
}

function toneOf(row) {
  return unsentReason(row) ? "trouble" : "soft";
}

// An id alone, in either field, brings its label; nobody who gives no name is "a person".
function completed(said, known) {
  const named = !said.label || known.some((term) => term.id === said.label);
  const term = named ? known.find((one) => one.id === (said.cl_id || said.label)) : null;
  return { ...said, ...(term ? { label: term.label, cl_id: term.id } : {}), decided_by: serverName() ?? (said.decided_by || "a person") };
}

function inputFor(name, value, more) {
  const input = h("input", { type: "text", id: `correct-${name}`, autocomplete: "off", spellcheck: "false", ...more });
  input.value = value ?? "";
  return input;
}

function labelled(words, input, list) {
  return h("div", { class: "field" }, h("label", { for: input.id }, words), input, list);
}

// What is wrong with a correction, and what to do; "" for none.
function problemOf({ label, cl_id: clId, comment }, known) {
  if (!label && !clId && !comment) return "Give a label or a comment.";
  if (clId && !known.some((term) => term.id === clId)) return `${clId} is no current term of the Cell Ontology of ${state.page.ontology}: correct it, or leave it empty.`;
  return "";
}
