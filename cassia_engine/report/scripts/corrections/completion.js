// Completion of cell types by the Cell Ontology: over labels and synonyms, by the start of words.

import { bdi, h } from "../shared/dom.js";

const MOST_OFFERED = 8;

// Terms as the page has them, [id, label, ...synonyms], ready to be searched.
export function termIndex(terms) {
  return terms.map(([id, label, ...synonyms]) => ({ id, label, names: [label, ...synonyms].map((text) => ({ text, words: wordsIn(text) })) }));
}

// The terms that a text may mean, nearest first: { id, label, synonym }, the synonym being "" where the label fits.
export function completions(index, typed, most = MOST_OFFERED) {
  const wanted = wordsIn(typed);
  if (!wanted.length) return [];
  const found = [];
  for (const term of index) {
    const best = bestName(term, wanted);
    if (best) found.push(best);
  }
  found.sort((one, other) => one.rank - other.rank || one.length - other.length || (one.label < other.label ? -1 : 1));
  return found.slice(0, most).map(({ id, label, synonym }) => ({ id, label, synonym }));
}

function wordsIn(text) {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

// Ranks: 0 the same words, 1 the name starts so, 2 each word starts one of the name's; synonyms stand behind labels.
function bestName(term, wanted) {
  let best = null;
  term.names.forEach((name, place) => {
    const fit = fitOf(name.words, wanted);
    if (fit === null) return;
    const rank = fit * 2 + (place ? 1 : 0);
    if (best && best.rank <= rank) return;
    best = { id: term.id, label: term.label, synonym: place ? name.text : "", rank, length: name.text.length };
  });
  return best ?? (fitOf(wordsIn(term.id), wanted) === 0 ? { id: term.id, label: term.label, synonym: "", rank: 0, length: 0 } : null);
}

function fitOf(words, wanted) {
  const starts = (word, place) => words[place]?.startsWith(word);
  if (wanted.every((word, place) => (place < wanted.length - 1 ? words[place] === word : starts(word, place)))) {
    return words.length === wanted.length && words.at(-1) === wanted.at(-1) ? 0 : 1;
  }
  return wanted.every((word) => words.some((one) => one.startsWith(word))) ? 2 : null;
}

// Makes a field complete what is typed: arrows, Enter and Escape as in any combobox. `find` promises the terms of a
// text, `chosen` is told of the one that was taken.
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
  return h("li", { role: "option", id, "aria-selected": "false", onmousedown: held, onclick: taken }, bdi(term.label), " ", h("span", { class: "cl" }, term.id), synonym);
}
