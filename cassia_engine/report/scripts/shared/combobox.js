// A field that completes what is typed.

import { bdi, h } from "./dom.js";

// Makes a field complete what is typed: arrows, Enter and Escape as in any combobox. `find` promises what a text may
// mean, each {label, id, synonym} of which the last two may be empty, and `chosen` is told of the one that was taken.
export function completing(input, list, find, chosen) {
  let offered = [];
  let active = -1;
  let latest = 0; // number of the last search: one before it comes too late

  function offer(terms) {
    offered = terms;
    active = -1;
    list.replaceChildren(...terms.map((term, at) => option(term, `${list.id}-${at}`, () => take(at))));
    list.hidden = !terms.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    point(-1);
  }

  function point(at) {
    active = at;
    [...list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === at)));
    if (at < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", list.children[at].id);
      list.children[at].scrollIntoView({ block: "nearest" });
    }
  }

  function close() {
    latest += 1;
    offer([]);
  }

  function take(at) {
    const term = offered[at];
    close();
    chosen(term);
  }

  function pressed(event) {
    if (event.key === "Enter" && active < 0) return close(); // and the form is sent
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !offered.length) search();
    else if (step) point((active + step + offered.length + (active < 0 && step < 0 ? 1 : 0)) % offered.length);
    else if (event.key === "Enter") take(active);
    else if (event.key === "Escape" && offered.length) close();
    else return;
    event.preventDefault();
  }

  async function search() {
    latest += 1;
    const run = latest;
    const terms = await find(input.value);
    if (run === latest) offer(terms);
  }

  input.addEventListener("input", search);
  input.addEventListener("keydown", pressed);
  input.addEventListener("blur", close);
}

function option(term, id, taken) {
  const synonym = term.synonym ? h("small", {}, "also ", bdi(term.synonym)) : null;
  // The field keeps the focus: a press on the list must not take it away.
  const held = (event) => event.preventDefault();
  return h("li", { role: "option", id, "aria-selected": "false", onmousedown: held, onclick: taken }, bdi(term.label), " ", term.id ? h("span", { class: "cl" }, term.id) : null, synonym);
}
