// Parts of the page that need the server, with a link in the head of the page; started when they come near to view.

import { h } from "../../../../report/scripts/shared/dom.js";

const NEAR = "600px";

// A section before the corrections: {section, body}.
export function addSection(id, title, lead) {
  const body = h("div", {});
  const section = h("section", { id, class: "served" }, h("h2", {}, title), h("p", { class: "note" }, lead), body);
  document.getElementById("corrections").before(section);
  document.querySelector("nav a[href='#corrections']").before(h("a", { href: `#${id}` }, title), " ");
  return { section, body };
}

export function whenNear(section, start) {
  const watch = new IntersectionObserver((seen) => {
    if (!seen.some((one) => one.isIntersecting)) return;
    watch.disconnect();
    start();
  }, { rootMargin: NEAR });
  watch.observe(section);
}

// What went wrong, and a button that tries it again.
export function fault(words, again = null) {
  const retry = again ? [" ", h("button", { type: "button", onclick: again }, "Try again")] : null;
  return h("p", { class: "notice trouble", role: "alert" }, h("span", {}, words), retry);
}

export function waiting(words) {
  return h("p", { class: "soft", role: "status" }, words);
}

// Puts into a place what is promised, and says meanwhile what it waits for; a failure has a button to try again.
export async function fillWith(place, words, load) {
  place.replaceChildren(waiting(words));
  try {
    place.replaceChildren(...[await load()].flat());
  } catch (error) {
    place.replaceChildren(fault(error.message, () => fillWith(place, words, load)));
  }
}
