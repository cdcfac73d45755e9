// The address names the open cluster: #cluster=<id>. A link to it can be sent, and "back" goes back.

import { keyOf, on, select, state } from "./store.js";

let byAnchor = new Map();

export function startRoute() {
  byAnchor = new Map(state.rows.map((row) => [row.anchor, keyOf(row)]));
  on("select", (id) => address(id));
  window.addEventListener("hashchange", follow);
  // The same link again changes no address, so no hashchange comes.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#cluster=']");
    if (link && link.hash === location.hash) follow();
  });
  follow();
}

function follow() {
  const id = byAnchor.get(location.hash.slice(1));
  if (id !== undefined) select(id);
  else if (location.hash.startsWith("#cluster=") || !location.hash) leave();
}

function leave() {
  if (state.selected !== null) select(null);
}

function address(id) {
  const wanted = id === null ? "" : `#${state.byId.get(id).anchor}`;
  if (wanted === location.hash) return;
  if (wanted) history.pushState(null, "", wanted);
  else if (location.hash.startsWith("#cluster=")) history.pushState(null, "", location.pathname + location.search);
}
