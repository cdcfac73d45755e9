// Shows where the search matched: a line in each row that is shown, and the words themselves marked.

import { bdi, h } from "../shared/dom.js";
import { matchPlaces, matchesOf } from "./search.js";

const MARKED = "found"; // as styles/table.css names it

// `fieldsAt` gives the fields that a row is found by, from its place among all rows.
export function showMatches(body, terms, fieldsAt) {
  for (const note of body.querySelectorAll(".matched")) note.remove();
  if (terms.length) {
    for (const line of body.rows) {
      if (!line.dataset.place) continue;
      const cell = line.querySelector(".c-type > div") ?? line.querySelector(".c-id > div");
      cell.append(matchLine(matchesOf(fieldsAt(Number(line.dataset.place)), terms)));
    }
  }
  markWords(body, terms);
}

function matchLine(matches) {
  const words = matches.map(({ kind, text }, place) => [place ? "; " : "", `${kind} `, bdi(text)]);
  return h("small", { class: "matched" }, "matched: ", words);
}

// Without a change of the page's elements, where the browser can do that.
function markWords(body, terms) {
  if (!globalThis.Highlight) return;
  const ranges = [];
  const texts = document.createTreeWalker(body, 4); // text nodes
  while (terms.length && texts.nextNode()) {
    const node = texts.currentNode;
    const text = node.data.toLowerCase();
    if (text.length !== node.data.length) continue; // a letter that has more than one small one
    for (const term of terms) {
      for (const at of matchPlaces(text, term)) {
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + term.length);
        ranges.push(range);
      }
    }
  }
  CSS.highlights.set(MARKED, new globalThis.Highlight(...ranges));
}
