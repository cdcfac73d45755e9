// A small chat about the cluster that is open.

import { h } from "../../../../report/scripts/shared/dom.js";
import { keyOf } from "../../../../report/scripts/shared/store.js";
import { shown } from "../shared/texts.js";
import { answer, newChat, say } from "./chat.js";

const NOTE = "The model is told the cluster's markers and its answer. What it says is a hypothesis too. This chat is not kept: it is gone when the page is closed.";

const chats = new Map(); // by cluster, so that a look at another one loses none

export function chatOf(row) {
  const id = keyOf(row);
  if (!chats.has(id)) chats.set(id, newChat(id));
  const chat = chats.get(id);
  const log = h("div", { class: "chat-log", role: "log", "aria-label": `Chat about cluster ${row.id}` });
  const field = h("textarea", { id: "chat-text", rows: 2, maxlength: 4000 });
  const ask = h("button", { type: "submit" }, "Ask");
  const stop = h("button", { type: "button", onclick: () => chat.stop?.() }, "Stop");
  const status = h("p", { role: "status", class: "soft" });
  const again = h("button", { type: "button", onclick: () => answer(chat, () => chat.draw()) }, "Ask again");

  function draw() {
    const isBusy = chat.partial !== null;
    log.setAttribute("aria-busy", String(isBusy));
    log.replaceChildren(...chat.messages.map(turn), ...(chat.partial ? [turn({ role: "assistant", content: chat.partial })] : []));
    [ask.disabled, stop.hidden, again.hidden] = [isBusy, !isBusy, isBusy || !chat.problem || chat.messages.at(-1)?.role !== "user"];
    status.className = chat.problem ? "trouble" : "soft";
    const words = chat.problem || (isBusy ? "The model is answering\u2026" : "");
    if (status.textContent !== words) status.replaceChildren(shown(words));
  }

  function sent(event) {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || chat.partial !== null) return;
    field.value = "";
    say(chat, text, () => chat.draw());
  }

  chat.draw = draw; // the view that is open, where another one was when it was asked
  draw();
  const form = h("form", { class: "chat", onsubmit: sent, autocomplete: "off" }, h("div", { class: "field" }, h("label", { for: field.id }, "Your question"), field), h("p", { class: "buttons" }, ask, " ", stop, " ", again), status);
  return h("details", { class: "asking ask-model", open: chat.messages.length > 0 }, h("summary", {}, "Ask about this cluster"), h("p", { class: "note" }, NOTE), log, form);
}

function turn({ role, content }) {
  const own = role === "user";
  return h("div", { class: `turn ${own ? "validator" : ""}` }, h("p", { class: "who" }, own ? "You" : "Model"), h("p", { class: "message" }, shown(content)));
}
