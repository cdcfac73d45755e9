// The view of one cluster: its answer, its markers and its conversation.

import { bdi, h, icon, tellFault } from "../shared/dom.js";
import { isOverruled } from "../shared/standing.js";
import { emit, keyOf, on, select, state } from "../shared/store.js";
import { unpacked } from "../shared/unpack.js";
import { answerList, namedList } from "./answer.js";
import { cellsView } from "./cells.js";
import { conversation } from "./conversation.js";
import { genesTable } from "./markers.js";
import { scoringView } from "./offline-scoring.js";

export function startCluster(place) {
  on("select", (id) => {
    if (id === null) closeView(place);
    else openView(place, id).catch(tellFault);
  });
  on("show", () => renew(place));
  on("corrected", (id) => {
    const row = state.byId.get(id);
    if (!isDrawn(place, row)) return;
    place.querySelector("h2").replaceWith(viewTitle(row));
    const before = place.querySelector(".before");
    before.hidden = !("always" in before.dataset) && !isTold(row);
  });
}

async function openView(place, id) {
  if (!place.hidden && isDrawn(place, state.byId.get(id))) {
    showView(place);
    return;
  }
  const index = state.rows.indexOf(state.byId.get(id));
  const [details, markers, texts] = await Promise.all([
    unpacked(`details-${Math.floor(index / state.page.block)}`),
    unpacked("markers"),
    unpacked("texts"),
  ]);
  if (state.selected !== id) return; // another one was opened meanwhile
  drawView(place, index, details[index % state.page.block], { genes: markers.genes, ...markers.clusters[index] }, texts);
}

function isDrawn(place, row) {
  return place.querySelector(".cluster-head")?.dataset.of === row.anchor;
}

function drawView(place, index, detail, markers, texts) {
  const row = state.rows[index];
  const judged = detail.answered ?? row; // what was answered, where a person's label stands in its place
  const note = h("div", { id: "correction-note" });
  const correction = h("div", { id: "correction-form" });
  place.replaceChildren(
    viewHead(row),
    h(
      "div",
      { class: "panel body" },
      note,
      detail.named ? namedList(row, detail.named) : null,
      answeredLine(row, detail.answered),
      reviewFlags(detail.review_flags ?? []),
      h(
        "div",
        { class: "two" },
        h("div", {}, answerList(judged, detail), meaning(judged), genesTable(judged, detail, markers), cellsView(detail.cells), correction),
        detail.scoring ? scoringView(detail.scoring, markers.g.length) : conversation(detail, texts),
      ),
    ),
  );
  place.hidden = false;
  emit("opened", { row, detail, note, place: correction });
  showView(place);
}

// What was answered, where a person's label stands in its place: in the outputs, or in this page.
function answeredLine(row, answered) {
  const words = [`${state.page.before}: `, h("b", {}, bdi((answered ?? row).title))];
  return h("p", { class: "before", "data-always": Boolean(answered), hidden: !answered && !isTold(row) }, words);
}

function isTold(row) {
  return row.outcome === "annotated" && isOverruled(row);
}

function showView(place) {
  place.scrollIntoView({ block: "start" });
  place.querySelector("h2").focus({ preventScroll: true });
}

// The keyboard goes back to the table.
function closeView(place) {
  const inside = place.contains(document.activeElement);
  place.hidden = true;
  if (inside) document.getElementById("clusters").focus();
}

function viewHead(row) {
  return h(
    "div",
    { class: "cluster-head", "data-of": row.anchor },
    h("p", { class: "soft" }, "Cluster ", bdi(row.id)),
    viewTitle(row),
    clusterTools(keyOf(row)),
  );
}

// What was said in this page goes before the outputs', as in the table.
function viewTitle(row) {
  const yours = row.yours?.label;
  const words = yours ? `${yours}, your label` : row.title;
  return h("h2", { tabindex: "-1", "aria-label": `Cluster ${row.id}: ${words}` }, bdi(yours || row.title), yours ? [" ", h("small", {}, "your label")] : null);
}

function clusterTools(id) {
  return h(
    "div",
    { class: "cluster-tools" },
    step("Previous", neighbour(id, -1)),
    step("Next", neighbour(id, 1)),
    h("button", { type: "button", onclick: (event) => copyLink(event.target) }, "Copy link"),
    h("button", { type: "button", onclick: () => select(null) }, "Close"),
  );
}

function step(word, id) {
  return h("button", { type: "button", disabled: id === undefined, onclick: () => select(id) }, word);
}

// The cluster before or after this one in the table as it is shown, or of all where this one is not shown there.
function neighbour(id, by) {
  const ids = state.shown.includes(id) ? state.shown : state.rows.map(keyOf);
  return ids[ids.indexOf(id) + by];
}

// Other clusters are shown, or in another order: before and after are others too.
function renew(place) {
  if (!place.hidden && state.selected !== null) place.querySelector(".cluster-tools").replaceWith(clusterTools(state.selected));
}

async function copyLink(button) {
  try {
    // Not the address as it is: it may name a part of the page by now.
    await navigator.clipboard.writeText(`${location.href.split("#")[0]}#${state.byId.get(state.selected).anchor}`);
    button.textContent = "Link copied";
  } catch {
    button.textContent = "Copy it from the address bar";
  }
}

function meaning(row) {
  return row.confidence ? h("p", { class: "note" }, state.page.score_meaning) : null;
}

function reviewFlags(flags) {
  return flags.map((flag) =>
    h(
      "p",
      { class: `review-flag ${flag.tone}` },
      icon(flag.kind),
      h("span", {}, h("b", {}, `${flag.word[0].toUpperCase()}${flag.word.slice(1)}.`), " ", bdi(flag.detail), flag.remedy ? ` ${flag.remedy}` : ""),
    ),
  );
}
