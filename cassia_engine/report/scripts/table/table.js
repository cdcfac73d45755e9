// The clusters as a table, and what it shares with the rest of the page: which are shown, pointed at and open.

import { toCsv } from "../shared/csv.js";
import { h, reveal } from "../shared/dom.js";
import { download, fileName } from "../shared/download.js";
import { highlight, keyOf, on, select, show, state } from "../shared/store.js";
import { unpacked } from "../shared/unpack.js";
import { columnsOf, csvRows } from "./columns.js";
import { NO_FILTER, countWords, passes } from "./filters.js";
import { gridOf, shownPlaces, tableLibrary } from "./grid.js";
import { pager } from "./pager.js";
import { showMatches } from "./search-marks.js";
import { fieldsOf, markerNames, matcher, searchIndex, termsOf, yoursText } from "./search.js";
import { tableTools } from "./toolbar.js";

const LONGEST_NUMBER = 8; // characters; longer ids are names, which need room

export async function startTable(place) {
  const [lineages, DataTable] = await Promise.all([unpacked("lineages"), tableLibrary()]);
  const columns = columnsOf(state.rows, lineages);
  const named = state.rows.some((row) => row.id.length > LONGEST_NUMBER);
  const element = h("table", { class: named ? "clusters named" : "clusters", "aria-label": "Clusters" });
  const pages = pager((step) => grid.page(step).draw("page"));
  const filtered = rowFilter(() => grid.draw());
  const tools = tableTools(state.rows, lineages, columns, {
    changed: filtered.apply,
    sorted: (key) => grid.order([columns.findIndex((column) => column.key === key), "asc"]).draw(),
    turned: () => turnOrder(grid),
    toggled: (column, wanted) => grid.column(columns.indexOf(column)).visible(wanted),
    exported: () => exportShown(grid, columns, lineages),
  });
  place.append(tools.element, h("div", { class: "panel" }, element, pages.element));
  const grid = gridOf(DataTable, element, state.rows, columns, lineages);
  grid.search.fixed("ours", (_text, _data, at) => filtered.wants(at));
  const redrawn = () => {
    drawn(grid, tools, pages);
    filtered.showFound(grid.table().body());
  };
  grid.on("draw", redrawn);
  redrawn();
  shareRows(element, grid);
  printWhole(grid);
  turnTo(grid, state.selected);
  reveal(place);
}

// Which rows the tools ask for. The first search unpacks the markers, so a later one may be there before it.
function rowFilter(redraw) {
  let [last, passed, matches, index, markers] = [null, NO_FILTER, null, null, null];

  async function apply(filter) {
    last = filter;
    if (filter.query.trim()) {
      markers = await unpacked("markers");
      index ??= searchIndex(state.rows, markers);
    }
    if (last !== filter) return;
    passed = filter;
    matches = filter.query.trim() ? matcher(filter.query) : null;
    redraw();
  }

  // What was said in this page comes and goes, so it is in no index.
  function wants(at) {
    const row = state.rows[at];
    return passes(row, passed) && (!matches || matches(`${index[at]}\n${yoursText(row)}`));
  }

  function showFound(body) {
    const terms = matches ? termsOf(passed.query) : [];
    showMatches(body, terms, (at) => fieldsOf(state.rows[at], markerNames(markers, at)));
  }

  return { apply, wants, showFound };
}

function drawn(grid, tools, pages) {
  const info = grid.page.info();
  tools.count.textContent = countWords(info.recordsDisplay, state.rows.length);
  pages.update(info);
  markRows(grid);
  const ids = shownPlaces(grid).map((at) => keyOf(state.rows[at]));
  if (ids.length !== state.shown.length || ids.some((id, at) => id !== state.shown[at])) show(ids);
}

function exportShown(grid, columns, lineages) {
  const visible = columns.filter((_, at) => grid.column(at).visible());
  const rows = shownPlaces(grid).map((at) => state.rows[at]);
  download(fileName(state.page.name, "_clusters.csv"), "text/csv", toCsv(csvRows(visible, rows, lineages)));
}

// A row is a link to its cluster as a whole, and points at it in the pictures, by pointer and by keyboard.
function shareRows(element, grid) {
  const rowAt = (target) => state.rows[target.closest("tbody tr[data-place]")?.dataset.place];
  const point = ({ target }) => highlight(rowAt(target) ? keyOf(rowAt(target)) : null);
  element.addEventListener("mouseover", point);
  element.addEventListener("focusin", point);
  element.addEventListener("mouseleave", () => highlight(null));
  element.addEventListener("focusout", () => highlight(null));
  element.addEventListener("click", ({ target }) => {
    if (rowAt(target) && !target.closest("a") && !String(getSelection())) select(keyOf(rowAt(target)));
  });
  on("highlight", () => markRows(grid));
  on("select", (id) => {
    turnTo(grid, id);
    markRows(grid);
  });
  on("corrected", (id) => {
    const row = state.byId.get(id);
    grid.row(state.rows.indexOf(row)).invalidate().draw(false);
  });
}

// What stands first goes last; what has nothing in the column stays last.
function turnOrder(grid) {
  const [[column, direction]] = grid.order();
  grid.order([column, direction === "asc" ? "desc" : "asc"]).draw();
}

// Turns to the page of the table that the open cluster is on, if the filters leave it.
function turnTo(grid, id) {
  const at = shownPlaces(grid).findIndex((place) => keyOf(state.rows[place]) === id);
  const { length, page } = grid.page.info();
  if (at >= 0 && length > 0 && Math.floor(at / length) !== page) grid.page(Math.floor(at / length)).draw("page");
}

function markRows(grid) {
  for (const line of grid.table().body().rows) {
    if (!line.dataset.place) continue;
    const id = keyOf(state.rows[line.dataset.place]);
    line.classList.toggle("lit", id === state.highlighted);
    if (id === state.selected) line.setAttribute("aria-current", "true");
    else line.removeAttribute("aria-current");
  }
}

// Paper has no pages to turn: all rows that the filters leave are printed.
function printWhole(grid) {
  const length = grid.page.len();
  let page = 0;
  window.addEventListener("beforeprint", () => {
    page = grid.page();
    grid.page.len(-1).draw(false);
  });
  window.addEventListener("afterprint", () => grid.page.len(length).page(page).draw(false));
}
