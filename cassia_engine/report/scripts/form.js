// The form by which a person corrects a cluster: a label with its term, a comment, and who says so.

import { completing, completions, termIndex } from "./complete.js";
import { h } from "./dom.js";
import { correct, correctionOf, isKept, lastName } from "./saved.js";
import { state } from "./store.js";
import { unpacked } from "./unpack.js";

let index = null; // of the terms, once one is looked for

async function terms() {
  index ??= termIndex(await unpacked("terms"));
  return index;
}

export function correctionForm(row) {
  const said = correctionOf(row) ?? { label: "", cl_id: "", comment: "", decided_by: lastName() };
  const list = h("ul", { role: "listbox", id: "label-options", "aria-label": "Cell types", hidden: true });
  const label = inputFor("label", said.label, { maxlength: 300, role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list" });
  const clId = inputFor("cl_id", said.cl_id, { maxlength: 20, placeholder: "left empty: looked up by the label" });
  const comment = h("textarea", { id: "correct-comment", rows: 3, maxlength: 2000 });
  comment.value = said.comment ?? "";
  const who = inputFor("decided_by", said.decided_by ?? "", { maxlength: 200, placeholder: "a person" });
  const status = h("p", { class: "soft", role: "status" });

  completing(label, list, async (text) => completions(await terms(), text), (term) => {
    label.value = term.label;
    clId.value = term.id;
  });
  // An id belongs to the label it came with.
  label.addEventListener("input", () => (clId.value = ""));

  async function kept(event) {
    event.preventDefault();
    const correction = Object.fromEntries(Object.entries({ label, cl_id: clId, comment, decided_by: who }).map(([name, field]) => [name, field.value.trim()]));
    const trouble = troubleWith(correction, await terms());
    status.textContent = trouble || (isKept() ? "Kept in this browser." : "Kept until this page is closed.");
    status.className = trouble ? "trouble" : "soft";
    if (trouble) return;
    if (!correction.decided_by) correction.decided_by = "a person";
    correct(row, correction);
    takeBack.hidden = false;
  }

  function takenBack() {
    correct(row, null);
    for (const one of [label, clId, comment]) one.value = "";
    takeBack.hidden = true;
    status.textContent = "Taken back.";
    label.focus();
  }

  const takeBack = h("button", { type: "button", class: "plain", hidden: !correctionOf(row), onclick: takenBack }, "Take back");
  const form = h(
    "form",
    { class: "correct", onsubmit: kept, autocomplete: "off" },
    labelled("Another label", label, list),
    labelled("Cell Ontology id", clId),
    labelled("Comment", comment),
    labelled("Decided by", who),
    h("p", { class: "buttons" }, h("button", { type: "submit", class: "plain" }, "Keep"), " ", takeBack),
    status,
  );
  return h("details", { class: "correction", open: Boolean(correctionOf(row)) }, h("summary", {}, "Correct or comment"), form);
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
function troubleWith({ label, cl_id: clId, comment }, known) {
  if (!label && !clId && !comment) return "Give a label or a comment.";
  if (clId && !known.some((term) => term.id === clId)) return `${clId} is no current term of the Cell Ontology of ${state.page.ontology}: mend it, or leave it empty.`;
  return "";
}
