// The dot plot under the pointer, the finger and the keys: tips, the shared highlight, and steps from dot to dot.

import { svg } from "../shared/dom.js";
import { unpoint } from "../shared/highlight.js";
import { highlight, keyOf } from "../shared/store.js";
import { dotPlace } from "./dot-plot-marks.js";
import { factWords } from "./dot-plot-words.js";
import { cellAt } from "./geometry.js";

export function plotKeys({ picture, plot, tip, status }) {
  const cursor = svg("rect", { class: "cursor", rx: 3, visibility: "hidden" });
  picture.append(cursor);
  const links = [...picture.querySelectorAll("a.row")];
  const rowOf = (link) => plot.clusters[link.dataset.place].row;
  let gene = -1; // where the keys are
  let under = null; // the link that the pointer is on

  function pointed(event) {
    const box = picture.getBoundingClientRect();
    const scale = picture.viewBox.baseVal.width / box.width;
    const at = cellAt(plot.frame, (event.clientX - box.left) * scale, (event.clientY - box.top) * scale);
    const link = event.target.closest("a.row");
    if (under && under !== link) unpoint(rowOf(under));
    if (link) highlight(keyOf(rowOf(link)));
    under = link;
    if (link && at.gene >= 0 && at.cluster >= 0) tell(at.cluster, at.gene);
    else tip.hide();
    return at;
  }
  function tell(place, at) {
    const { x, y } = dotPlace(plot.frame, at, place);
    const words = factWords(plot.clusters[place], plot.genes[at].gene);
    tip.show(x, y, words);
    return words;
  }
  function step(place, by) {
    gene = Math.max(0, Math.min(plot.genes.length - 1, gene + by));
    const { x, y } = dotPlace(plot.frame, gene, place);
    const { pitch, tall } = plot.frame;
    const box = { x: x - pitch / 2, y: y - tall / 2, width: pitch, height: tall, visibility: "visible" };
    for (const [name, value] of Object.entries(box)) cursor.setAttribute(name, value);
    picture.append(cursor);
    status.textContent = tell(place, gene).join("; ");
  }
  function quiet() {
    tip.hide();
    cursor.setAttribute("visibility", "hidden");
  }
  function key(event) {
    const place = Number(event.target.closest("a.row").dataset.place);
    const [back, on, up, down] = plot.frame.across
      ? ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]
      : ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];
    if (event.key === on || event.key === back) step(place, event.key === on ? 1 : -1);
    else if (event.key === up || event.key === down) {
      const next = links[place + (event.key === down ? 1 : -1)];
      if (next) next.focus();
      if (next && gene >= 0) step(Number(next.dataset.place), 0);
    } else if (event.key === "Escape") quiet();
    else return;
    event.preventDefault();
  }

  picture.addEventListener("pointermove", pointed);
  picture.addEventListener("pointerleave", () => {
    tip.hide();
    if (under) unpoint(rowOf(under));
    under = null;
  });
  picture.addEventListener("click", (event) => {
    // A finger has no other way to read a dot than to tap it: the name of the cluster opens it.
    const at = pointed(event);
    if (event.pointerType === "touch" && at.gene >= 0 && at.cluster >= 0) event.preventDefault();
  });
  for (const link of links) {
    link.addEventListener("focus", () => highlight(keyOf(rowOf(link))));
    link.addEventListener("blur", () => {
      quiet();
      unpoint(rowOf(link));
    });
    link.addEventListener("keydown", key);
  }
}
