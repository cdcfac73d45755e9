// What all parts of the page share: the clusters, which are shown, which is open, which is pointed at.
// Clusters go by their id as it is (`keyOf`), not by the one that is shown, in which unseen characters are named.

// A second script, which a server puts into the page, has the same: so it stands outside of both.
globalThis.cassiaReport ??= {
  state: { page: null, links: null, rows: [], byId: new Map(), shown: [], selected: null, highlighted: null },
  listeners: new Map(),
};

export const state = globalThis.cassiaReport.state;
const listeners = globalThis.cassiaReport.listeners;

export function keyOf(row) {
  return row.key_id ?? row.id;
}

export function fill(page, rows, links = null) {
  for (const row of rows) if (row.key_id) row.key_id = String.fromCodePoint(...row.key_id);
  state.page = page;
  state.links = links;
  state.rows = rows;
  state.byId = new Map(rows.map((row) => [keyOf(row), row]));
  state.shown = rows.map(keyOf);
}

// Events: "select", "highlight", "show", "opened" (a cluster's view is drawn), "corrected"; for a server's script "filled"
// (the clusters are known), and from it "kept on a server" (corrections/drafts.js says what that gives).
export function on(event, listener) {
  if (!listeners.has(event)) listeners.set(event, []);
  listeners.get(event).push(listener);
}

export function emit(event, detail) {
  for (const listener of listeners.get(event) ?? []) listener(detail);
}

// Opens a cluster's view; null closes it.
export function select(id) {
  state.selected = state.byId.has(id) ? id : null;
  emit("select", state.selected);
}

// Points at a cluster in all pictures and in the table; null at none.
export function highlight(id) {
  if (state.highlighted === id) return;
  state.highlighted = id;
  emit("highlight", id);
}

// The clusters that the table shows, in its order.
export function show(ids) {
  state.shown = ids;
  emit("show", ids);
}
