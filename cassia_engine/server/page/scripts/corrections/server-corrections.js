// The server keeps corrections: those of the job are read, and new ones are sent to it.

import { h, icon } from "../../../../report/scripts/shared/dom.js";
import { emit, keyOf, on } from "../../../../report/scripts/shared/store.js";
import { ask, ofJob, posting, pageContext } from "../shared/server.js";
import { fault } from "../shared/sections.js";
import { moment, shown } from "../shared/texts.js";

const entries = new Map(); // by cluster, the newest first

export async function startServerCorrections() {
  showEarlier();
  const section = document.getElementById("corrections");
  const place = h("div", {});
  section.after(place);
  try {
    for (const one of await ask(ofJob("corrections"))) push(one);
    emit("kept on a server", { who: pageContext().who, said: newest(), save });
  } catch (error) {
    place.replaceChildren(fault(`The corrections on the server cannot be shown. ${error.message}`, () => {
      place.remove();
      startServerCorrections();
    }));
  }
}

function push(one) {
  if (!entries.has(one.cluster)) entries.set(one.cluster, []);
  entries.get(one.cluster).push(one);
}

function newest() {
  return new Map([...entries].map(([cluster, [first]]) => [cluster, correction(first)]));
}

// As the page has corrections; null for one that takes back what was said before.
function correction({ label, cl_id: clId, comment, who, at }) {
  return label || clId || comment ? { label, cl_id: clId, comment, decided_by: who, at } : null;
}

async function save(cluster, now) {
  const { label, cl_id: clId, comment } = now ?? {};
  const one = await ask(ofJob("corrections"), posting({ cluster, label: label ?? "", cl_id: clId ?? "", comment: comment ?? "" }));
  entries.set(cluster, [one, ...(entries.get(cluster) ?? [])]);
  return correction(one);
}

let isListening = false;

// What was said of the open cluster before, below the form.
function showEarlier() {
  if (isListening) return;
  isListening = true;
  let view = null;
  const place = h("div", { class: "earlier" });
  const renew = () => view && place.replaceChildren(...earlier(entries.get(keyOf(view)) ?? []));
  on("opened", ({ row, place: form }) => {
    view = row;
    form.after(place);
    renew();
  });
  on("corrected", renew);
}

function earlier([, ...before]) {
  if (!before.length) return [];
  const items = before.map((one) => h("li", {}, icon("person"), h("span", {}, said(one), " ", h("span", { class: "soft" }, shown(one.who), `, ${moment(one.at)}`))));
  return [h("details", {}, h("summary", {}, `Earlier corrections (${before.length})`), h("ul", {}, items))];
}

function said({ label, cl_id: clId, comment }) {
  if (!label && !comment) return "Taken back.";
  return [label ? h("b", {}, shown(label)) : "Comment", clId ? [" ", h("span", { class: "cl" }, shown(clId))] : null, comment ? [": ", shown(comment)] : null];
}
