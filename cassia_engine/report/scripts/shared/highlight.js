// The shared highlight of a cluster: who points at one in the table or a picture, points at it in all of them.

import { highlight, keyOf, on, state } from "./store.js";

// Listeners of an element that stands for a cluster. To leave it takes away its own highlight and no other: a page that
// scrolls to the next link moves the old one from under a pointer that rests.
export function pointing(row) {
  const point = () => highlight(keyOf(row));
  const leave = () => unpoint(row);
  return { onpointerenter: point, onpointerleave: leave, onfocus: point, onblur: leave };
}

export function unpoint(row) {
  if (state.highlighted === keyOf(row)) highlight(null);
}

// Marks what belongs to the cluster that is pointed at, and to the one that is open. Elements carry their row's number.
export function shareHighlight(place) {
  const mark = (name, id) => {
    for (const element of place.querySelectorAll(`.${name}`)) element.classList.remove(name);
    if (id === null) return;
    const index = state.rows.findIndex((row) => keyOf(row) === id);
    for (const element of place.querySelectorAll(`[data-row="${index}"]`)) element.classList.add(name);
  };
  const again = () => {
    mark("pointed", state.highlighted);
    mark("chosen", state.selected);
  };
  on("highlight", (id) => mark("pointed", id));
  on("select", (id) => mark("chosen", id));
  return again;
}
