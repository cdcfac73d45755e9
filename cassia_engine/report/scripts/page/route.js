// The address names the open cluster: #cluster=<id>. A link to it can be sent, and "back" goes back.
// Our own links have ids in which all but letters and digits is encoded; by hand they are typed as they are.

import { keyOf, on, select, state } from "../shared/store.js";

const OPENS = "#cluster=";

let byAnchor = new Map();

export function startRoute() {
  byAnchor = new Map(state.rows.map((row) => [row.anchor, keyOf(row)]));
  on("select", (id) => address(id));
  window.addEventListener("hashchange", follow);
  // The same link again changes no address, so no hashchange comes.
  document.addEventListener("click", (event) => {
    const link = event.target.closest(`a[href^='${OPENS}']`);
    if (link && link.hash === location.hash) follow();
  });
  follow();
}

function follow() {
  const names = location.hash.startsWith(OPENS);
  const id = byAnchor.get(location.hash.slice(1)) ?? (names ? typedId() : undefined);
  const unknown = document.getElementById("unknown");
  unknown.hidden = !names || id !== undefined;
  if (!unknown.hidden) unknown.scrollIntoView({ block: "center" });
  if (id !== undefined) select(id);
  else if (names || !location.hash) leave();
}

function typedId() {
  try {
    const id = decodeURIComponent(location.hash.slice(OPENS.length));
    return state.byId.has(id) ? id : undefined;
  } catch {
    return undefined; // a % that starts no code
  }
}

function leave() {
  if (state.selected !== null) select(null);
}

function address(id) {
  const wanted = id === null ? "" : `#${state.byId.get(id).anchor}`;
  if (wanted === location.hash) return;
  if (wanted) history.pushState(null, "", wanted);
  else if (location.hash.startsWith(OPENS)) history.pushState(null, "", location.pathname + location.search);
}
