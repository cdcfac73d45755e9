// The cell types on the first screen, which stand in the page already: kept in step with the pictures and with what a
// person says in this page.

import { bdi, counted, h, icon } from "../shared/dom.js";
import { shareHighlight } from "../shared/highlight.js";
import { isOverruled } from "../shared/standing.js";
import { highlight, keyOf, on, state } from "../shared/store.js";

export function startOverview(place) {
  if (!place) return;
  const lines = [...place.querySelectorAll("tr[data-row]")];
  shareHighlight(place);
  for (const line of lines) {
    const row = state.rows[line.dataset.row];
    line.addEventListener("mouseenter", () => highlight(keyOf(row)));
    line.addEventListener("mouseleave", () => highlight(null));
    keepWritten(line);
  }
  const renew = () => {
    for (const line of lines) fillLine(line, state.rows[line.dataset.row]);
    if (!lines.length) tellNumber(place.querySelector("#types-note"));
  };
  on("corrected", renew);
  renew();
}

const written = new WeakMap(); // what a cell had in it when the page came

function keepWritten(line) {
  for (const cell of line.querySelectorAll("td")) written.set(cell, [...cell.childNodes]);
}

function fillLine(line, row) {
  const cells = line.querySelectorAll("td");
  for (const cell of cells) cell.replaceChildren(...written.get(cell));
  if (!row.yours?.label) return;
  const [type, genes, sure, review] = ["type", "genes", "sure", "review"].map((name) => line.querySelector(`td.g-${name}`));
  const yours = h("small", {}, icon("person"), "your label");
  if (review) review.replaceChildren(yours);
  else type.append(" ", yours);
  if (!isOverruled(row)) return;
  type.querySelector("a").replaceWith(h("a", { href: `#${row.anchor}` }, bdi(row.yours.label)));
  type.querySelector(".hue").replaceWith(h("span", { class: "hue", "aria-hidden": "true" }));
  genes.replaceChildren();
  sure.replaceChildren();
}

function tellNumber(note) {
  const count = state.rows.filter((row) => row.yours?.label).length;
  note.hidden = !count;
  note.textContent = `${counted(count, "label")} that you gave in this page ${count === 1 ? "is" : "are"} not counted here yet.`;
}
