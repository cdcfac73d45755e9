// The conversation about a cluster as a dialogue: annotator, checks in code, validator, by rounds.

import { bdi, genes, h, icon } from "../shared/dom.js";
import { callsTable } from "./calls.js";

export function conversation(detail, texts) {
  const turns = detail.turns ?? [];
  const calls = detail.calls ?? [];
  if (!turns.length && !calls.length) return h("p", { class: "note" }, "No message was exchanged about this cluster.");
  const textOf = reader(texts, detail.texts ?? []);
  const shown = detail.answer?.votes ? "this is the one whose answer stands, or is the most probable" : "this is the last one";
  const several = `There were ${detail.conversations} conversations on this cluster; ${shown}. Its calls hold them all.`;
  return h(
    "div",
    { class: "conversation" },
    h("h3", {}, "Conversation ", h("span", { class: "soft" }, detail.dialogue ?? "")),
    detail.conversations > 1 ? h("p", { class: "note" }, several) : null,
    turns.map((turn) => turnElement(turn, textOf)),
    calls.length ? callsTable(detail, textOf) : null,
  );
}

// A text is there itself, or by its place in the list of the page or of the cluster.
export function reader(texts, own) {
  return (ref) => (typeof ref === "string" ? ref : "text" in ref ? texts[ref.text] : own[ref.own]);
}

function turnElement(turn, textOf) {
  const round = turn.round ? [" ", h("span", { class: "soft" }, `round ${turn.round}`)] : null;
  const told = (turn.notes ?? []).map((note) => [" ", h("span", { class: "soft turn-note" }, bdi(note))]);
  return [
    turn.opens ? h("p", { class: "round" }, turn.opens) : null,
    h("div", { class: `turn ${turn.side ?? ""}` }, h("p", { class: "who" }, turn.speaker, round, told), message(turn, textOf)),
  ];
}

function message(turn, textOf) {
  const text = textOf(turn.text);
  if (turn.side === "checks") {
    const found = (turn.lines ?? []).map((line) => h("li", { class: line.mark }, mark(line), h("span", {}, bdi(line.text ?? ""))));
    return h("ul", { class: "message marked" }, found.length ? found : h("li", {}, "No check was made."));
  }
  if (!turn.points) return h("p", { class: "message" }, bdi(text || "(an empty message)"));
  const said = h("dl", { class: "message" }, turn.points.map(point));
  if (turn.side === "lookup") return said;
  const written = h("details", { class: "raw" }, h("summary", {}, "Reply as written"), h("p", { class: "message" }, bdi(text)));
  return [said, written];
}

function point(said) {
  return h("div", {}, h("dt", {}, bdi(said.heading)), h("dd", {}, pointLines(said)));
}

function pointLines(said) {
  if (said.lines[0].mark) return h("ul", { class: "marked" }, said.lines.map(answeredQuestion));
  if (said.numbered) return h("ol", {}, said.lines.map((line) => h("li", {}, saidWords(line))));
  return said.lines.map((line) => h("p", {}, saidWords(line)));
}

function answeredQuestion(line) {
  const named = line.genes ? [" ", h("span", { class: "soft" }, genes(line.genes))] : null;
  return h("li", { class: line.mark }, mark(line), h("span", {}, bdi(line.text ?? ""), " ", h("b", {}, line.strong ?? ""), named));
}

function saidWords(line) {
  return [
    line.strong ? [h("b", {}, bdi(line.strong)), " "] : null,
    line.text ? [bdi(line.text), " "] : null,
    line.genes ? genes(line.genes) : null,
    line.after ? bdi(line.after) : null,
  ];
}

function mark(line) {
  if (!line.mark) return null;
  return [icon(line.mark === "passed" ? "agreed" : "failed"), h("span", { class: "unseen" }, `${line.mark}: `)];
}
