// Steps through a table of many pages; a table of one page has none of it.

import { h } from "../shared/dom.js";

// `step` is called with "previous" or "next".
export function pager(step) {
  const before = h("button", { type: "button", onclick: () => step("previous") }, "Previous");
  const after = h("button", { type: "button", onclick: () => step("next") }, "Next");
  const words = h("p", { role: "status" });
  const element = h("nav", { class: "pager", "aria-label": "Pages of the table" }, before, words, after);

  // What DataTables says of its page: rows `start` to `end` (from 0, end not in it) of `recordsDisplay`.
  function update({ start, end, recordsDisplay, page, pages }) {
    element.hidden = pages < 2;
    const [first, last, all] = [start + 1, end, recordsDisplay].map((n) => n.toLocaleString("en"));
    words.textContent = `Rows ${first} to ${last} of ${all}`;
    before.disabled = page === 0;
    after.disabled = page >= pages - 1;
  }

  return { element, update };
}
