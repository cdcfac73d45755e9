// Search, filters and links to a card. Without this script the page reads the same: every card opens and closes.
"use strict";
(() => {
  const cards = [...document.querySelectorAll("details.card")];
  const byId = (id) => document.getElementById(id);
  const search = byId("search");
  const chips = [...document.querySelectorAll("[data-show]")];
  let show = "all";
  let index = null;

  // What a card is found by: one line a text, so that no term matches across two of them.
  function textOf(card) {
    const found = card.querySelectorAll("[data-find], tbody th, .gene");
    return [...new Set([...found].map((element) => element.textContent.toLowerCase()))].join("\n");
  }

  // A term matches at the start of a word: "7" finds cluster 7, not every CL id with a 7 in it.
  function matcher(query) {
    const terms = query.toLowerCase().split(",").map((term) => term.trim()).filter(Boolean);
    const tests = terms.map((term) => {
      const literal = term.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
      return new RegExp(`(^|[^\\p{L}\\p{N}])${literal}`, "mu");
    });
    return (text) => tests.every((test) => test.test(text));
  }

  function apply() {
    const query = search.value.trim();
    if (query && !index) index = new Map(cards.map((card) => [card, textOf(card)]));
    const matches = matcher(query);
    let count = 0;
    for (const card of cards) {
      const wanted = show === "all" || card.classList.contains(show);
      card.hidden = !(wanted && (!query || matches(index.get(card))));
      if (!card.hidden) count += 1;
    }
    const noun = cards.length === 1 ? "cluster" : "clusters";
    byId("count").textContent = `${count.toLocaleString("en")} of ${cards.length.toLocaleString("en")} ${noun}`;
    byId("none").hidden = count > 0;
    label();
  }

  function choose(name) {
    show = name;
    for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.dataset.show === name));
    apply();
  }

  function label() {
    const shown = cards.filter((card) => !card.hidden);
    byId("open-all").textContent = shown.length && shown.every((card) => card.open) ? "Close all" : "Open all";
  }

  function openAll() {
    const open = byId("open-all").textContent === "Open all";
    for (const card of cards) if (!card.hidden) card.open = open;
    label();
  }

  // The address names a card: show it, open it, and put the keyboard there.
  function follow() {
    const card = byId(location.hash.slice(1));
    if (!card || !card.matches("details.card")) return;
    if (card.hidden) {
      search.value = "";
      choose("all");
    }
    card.open = true;
    card.scrollIntoView({ block: "start" });
    card.querySelector("summary").focus({ preventScroll: true });
  }

  document.addEventListener("click", (event) => {
    const target = event.target;
    if (target.matches(".more")) {
      const folded = target.previousElementSibling.classList.toggle("fold");
      target.textContent = folded ? target.dataset.more : "Show fewer";
    } else if (target.closest("a") && target.closest("a").hash === location.hash) {
      follow(); // the same link again changes no address, so no hashchange comes
    }
  });
  document.addEventListener("toggle", label, true);
  search.addEventListener("input", apply);
  for (const chip of chips) chip.addEventListener("click", () => choose(chip.dataset.show));
  byId("open-all").addEventListener("click", openAll);
  window.addEventListener("hashchange", follow);

  document.documentElement.classList.add("js");
  byId("tools").hidden = false;
  apply();
  follow();
})();
