// DataTables, for what it is good at: order, pages, columns that come and go. Cells are ours, made of elements.

import { h } from "../shared/dom.js";
import { on } from "../shared/store.js";
import { unpacked } from "../shared/unpack.js";
import { cellFor } from "./cell-content.js";
import { compareValues, sortValues } from "./columns.js";

const PAGE_LENGTH = 100;
const NONE = "No cluster matches. Genes are found by the start of their symbol; a comma asks for both of two terms.";
const NO_LAYOUT = { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null };

// The library, run as an inline script: the policy of the page lets it through by its hash.
export async function tableLibrary() {
  document.head.append(h("script", {}, await unpacked("library")));
  const { DataTable } = globalThis;
  DataTable.type("ours", { order: { asc: (a, b) => compareValues(a, b, 1), desc: (a, b) => compareValues(a, b, -1) } });
  DataTable.ext.errMode = "throw";
  return DataTable;
}

// A row of DataTables is but its place in `rows`, so that no text from outside gets into the library.
export function gridOf(DataTable, element, rows, columns, lineages) {
  return new DataTable(element, {
    data: rows.map((_, place) => [place]),
    columns: columns.map((column) => gridColumn(column, rows, lineages)),
    layout: NO_LAYOUT,
    autoWidth: false,
    order: [[0, "asc"]],
    orderMulti: false,
    pageLength: PAGE_LENGTH,
    language: { zeroRecords: NONE, emptyTable: "The marker table has no clusters." },
    createdRow: (line, [place]) => line.setAttribute("data-place", place),
  });
}

function gridColumn(column, rows, lineages) {
  let values = null;
  on("corrected", () => (values = null));
  return {
    data: 0,
    type: "ours",
    title: column.heading,
    className: `c-${column.key}`,
    visible: Boolean(column.usual),
    orderSequence: ["asc", "desc"],
    cellType: column.key === "id" ? "th" : "td",
    render: (place, use) => {
      if (use === "display") return cellFor(column, rows[place], lineages);
      values ??= sortValues(column, rows, lineages);
      return values[place];
    },
    createdCell: (cell) => column.key === "id" && cell.setAttribute("scope", "row"),
  };
}

// The places of the rows that are left by the filters, in the table's order.
export function shownPlaces(grid) {
  return grid.rows({ order: "applied", search: "applied" }).indexes().toArray();
}
