// The calls of a conversation: who was asked, what it cost, and on demand exactly what was sent and came back.

import { bdi, h } from "../shared/dom.js";

const HEADS = ["Asked", "Tokens in", "Out", "Cost", "Seconds", "Reply"];

export function callsTable(detail, textOf) {
  const { calls, requests = [] } = detail;
  const source = detail.cost_source ? h("p", { class: "note" }, "Cost: ", bdi(detail.cost_source), ".") : null;
  return h(
    "details",
    { class: "calls" },
    h("summary", {}, "Calls ", h("span", { class: "soft" }, String(calls.length))),
    h(
      "div",
      { class: "wide", tabindex: "0", role: "region", "aria-label": "Calls" },
      h("table", {}, h("thead", {}, h("tr", {}, HEADS.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, calls.map(callRow))),
    ),
    source,
    requests.map((request, place) => exactly(calls[place], request, textOf)),
  );
}

function callRow(call) {
  const cells = [call.tokens_in, call.tokens_out, call.cost, call.seconds, call.ended];
  const sent = h("small", {}, bdi(call.model), "; sent: ", bdi(call.sent));
  return h("tr", {}, h("th", { scope: "row" }, bdi(call.who), sent), cells.map((text) => h("td", {}, bdi(text))));
}

// Drawn when it is opened: a request is long.
function exactly(call, request, textOf) {
  const summary = ["Exact request: ", bdi(call.who), `, ${call.tokens_in} tokens in, ${call.tokens_out} out, ${call.cost}, ${call.seconds} s`];
  const folded = h("details", { class: "exact" }, h("summary", {}, summary));
  folded.addEventListener("toggle", () => folded.append(...exactParts(request, textOf)), { once: true });
  return folded;
}

function exactParts(request, textOf) {
  const part = (name, ref) => h("div", {}, h("p", { class: "who" }, bdi(name)), h("pre", { tabindex: "0" }, bdi(textOf(ref))));
  return [
    request.url ? h("p", { class: "note" }, "Sent to ", bdi(request.url)) : null,
    ...request.messages.map(([role, ref]) => part(role, ref)),
    request.rest ? part("the rest of the request", JSON.stringify(JSON.parse(textOf(request.rest)), null, 1)) : null,
    request.reply ? part("the reply", request.reply) : null,
  ].filter(Boolean);
}
