// The view of one cluster: its answer, its markers and its conversation.

import { answerList } from "./answer.js";
import { bdi, h, icon } from "./dom.js";
import { genesTable } from "./markers.js";
import { emit, keyOf, on, select, state } from "./store.js";
import { conversation } from "./talk.js";
import { unpacked } from "./unpack.js";

export function startCluster(place) {
  on("select", (id) => {
    if (id === null) place.hidden = true;
    else open(place, id);
  });
}

async function open(place, id) {
  const index = state.rows.indexOf(state.byId.get(id));
  const [details, markers, texts] = await Promise.all([
    unpacked(`details-${Math.floor(index / state.page.block)}`),
    unpacked("markers"),
    unpacked("texts"),
  ]);
  if (state.selected !== id) return; // another one was opened meanwhile
  draw(place, index, details[index % state.page.block], { genes: markers.genes, ...markers.clusters[index] }, texts);
}

function draw(place, index, detail, markers, texts) {
  const row = state.rows[index];
  const judged = detail.answered ?? row; // what was answered, where a person's label stands in its place
  const note = h("div", { id: "correction-note" });
  const correction = h("div", { id: "correction-form" });
  place.replaceChildren(
    heading(row, index),
    h(
      "div",
      { class: "panel body" },
      note,
      detail.answered ? h("p", { class: "before" }, `${detail.before}: `, h("b", {}, bdi(judged.title))) : null,
      concernList(detail.concerns ?? []),
      h(
        "div",
        { class: "two" },
        h("div", {}, answerList(judged, detail), genesTable(judged, detail, markers), correction),
        conversation(detail, texts, state.page.offline),
      ),
    ),
  );
  place.hidden = false;
  emit("opened", { row, detail, note, place: correction });
  place.scrollIntoView({ block: "start" });
  place.querySelector("h2").focus({ preventScroll: true });
}

function heading(row, index) {
  return h(
    "div",
    { class: "cluster-head", "data-of": row.anchor },
    h("p", { class: "soft" }, "Cluster ", bdi(row.id)),
    h("h2", { tabindex: "-1", "aria-label": `Cluster ${row.id}: ${row.title}` }, bdi(row.title)),
    h(
      "div",
      { class: "cluster-tools" },
      step("Previous", index - 1),
      step("Next", index + 1),
      h("button", { type: "button", class: "plain", onclick: (event) => copyLink(event.target) }, "Copy link"),
      h("button", { type: "button", class: "plain", onclick: () => select(null) }, "Close"),
    ),
  );
}

function step(word, index) {
  const row = state.rows[index];
  return h("button", { type: "button", class: "plain", disabled: !row, onclick: () => select(keyOf(row)) }, word);
}

async function copyLink(button) {
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Link copied";
  } catch {
    button.textContent = "Copy it from the address bar";
  }
}

function concernList(concerns) {
  return concerns.map((concern) =>
    h(
      "p",
      { class: `concern ${concern.tone}` },
      icon(concern.kind),
      h("span", {}, h("b", {}, `${concern.word[0].toUpperCase()}${concern.word.slice(1)}.`), " ", bdi(concern.detail), concern.remedy ? ` ${concern.remedy}` : ""),
    ),
  );
}
