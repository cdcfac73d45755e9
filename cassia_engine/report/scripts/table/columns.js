// The table's columns: what sorts each, and what it is as CSV. Headings of the CSV are those of the summary.

import { isAnswered, standing } from "../shared/standing.js";

// Names of the Cell Ontology have commas in them, genes have none.
const geneList = (name) => (row) => row[name].join(", ");
const typeList = (name) => (row) => row[name].join("; ");
const TYPES = ["Predicted Detailed Cell Type", typeList("types")]; // of two columns of the table

// Worst first: no annotation, trouble, a doubt, nothing.
function severityOf(row) {
  const [first] = row.review_flags;
  const level = !isAnswered(row) ? 0 : !first ? 3 : first.tone === "trouble" ? 1 : 2;
  return `${level} ${first ? first.word : ""}`;
}

// `usual` columns are shown at first; `known` ones too, but are there only where a row has something in them; the others
// are offered where a row has.
// `sorts` is a number or text, null where there is nothing: that stands last in either direction. Ids have none: they are
// names, not numbers, and go in the order of the marker table.
export const COLUMNS = [
  { key: "id", heading: "Cluster", usual: true, csv: [["Cluster ID", (row) => row.key_id ?? row.id]] },
  {
    key: "type",
    heading: "Cell type",
    usual: true,
    sorts: (row) => row.yours?.label || (isAnswered(row) ? row.title : null),
    csv: [
      TYPES,
      ["Predicted General Cell Type", (row) => row.general],
      ["CL ID", (row) => row.cl_id],
      ["CL Label", (row) => row.cl_label],
      ["Status", (row) => row.outcome],
      ["Your Label", (row) => row.yours?.label ?? ""],
    ],
  },
  {
    key: "n_cells",
    heading: "Cells",
    known: true,
    sorts: (row) => row.n_cells,
    csv: [["Cells", (row) => row.n_cells]],
  },
  {
    key: "evidence",
    heading: "Evidence genes",
    usual: true,
    sorts: (row) => row.evidence.length || null,
    csv: [["Evidence Genes", geneList("evidence")]],
  },
  {
    key: "confidence",
    heading: "Confidence",
    usual: true,
    sorts: (row) => row.pips || null,
    csv: [["Confidence", (row) => row.confidence]],
  },
  { key: "score", heading: "Score", usual: true, sorts: (row) => row.score, csv: [["Score", (row) => row.score]] },
  {
    key: "checks",
    heading: "Checks",
    usual: true,
    sorts: severityOf,
    csv: [
      ["Validated", (row) => (row.validated === null ? "" : row.validated ? "yes" : "no")],
      ["Needs Review", (row) => (row.review_flags.length ? "yes" : "no")],
      ["Review Reason", (row) => row.review_flags.map((flag) => flag.word).join("; ")],
    ],
  },
  textColumn("decided_by", "Decided by", "Decided By", true),
  {
    key: "lineage",
    heading: "Lineage",
    sorts: (row, lineages) => lineageName(row, lineages) || null,
    csv: [["Lineage", lineageName]],
  },
  { key: "types", heading: "Ranked types", sorts: (row) => typeList("types")(row) || null, csv: [TYPES] },
  textColumn("state", "State", "Cell State"),
  listColumn("mixed", "Possible mixture", "Possible Mixed Cell Types", typeList),
  listColumn("conflicting", "Conflicting genes", "Conflicting Genes", geneList),
  listColumn("unsupported", "Unsupported genes", "Unsupported Genes", geneList),
  { key: "calls", heading: "Calls", sorts: (row) => row.calls || null, csv: [["Calls", (row) => row.calls]] },
  { key: "cost", heading: "Cost", sorts: (row) => (row.calls ? row.cost : null), csv: [["Cost (USD)", (row) => row.cost]] },
];

function textColumn(key, heading, name, usual = false) {
  return { key, heading, usual, sorts: (row) => row[key] || null, csv: [[name, (row) => row[key]]] };
}

function listColumn(key, heading, name, joined) {
  return { key, heading, sorts: (row) => joined(key)(row) || null, csv: [[name, joined(key)]] };
}

export function lineageName(row, lineages) {
  return row.lineage === null ? "" : lineages[row.lineage].name;
}

// Who decided, without what is said of it: "language model x (a hypothesis; the same model validated it)". A person's
// name is whole: "Lovelace, Ada".
export function deciderOf(row) {
  return row.correction?.label ? row.decided_by : row.decided_by.split(/ \(|, /)[0];
}

// The columns that this run has something for; the usual ones are always there. Who decided is not shown at first where
// it was the same for all: it stands among the facts of the run.
export function columnsOf(rows, lineages) {
  const found = COLUMNS.filter((column) => column.usual || rows.some((row) => column.sorts(row, lineages) !== null));
  const deciders = new Set(rows.map(deciderOf).filter(Boolean));
  const usual = (column) => (column.key === "decided_by" ? deciders.size > 1 : column.usual || column.known);
  return found.map((column) => ({ ...column, usual: Boolean(usual(column)) }));
}

// What each row is sorted by in a column.
export function sortValues(column, rows, lineages) {
  return rows.map((row, place) => (column.sorts ? column.sorts(standing(row), lineages) : place));
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

// Orders two values of `sorts`; `direction` is 1 or -1, and null stands last in both.
export function compareValues(a, b, direction) {
  if (a === null || b === null) return (a === null) - (b === null);
  const order = typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b));
  return order * direction;
}

// The header and rows of the CSV of these columns; what two of them have stands there once.
export function csvRows(columns, rows, lineages) {
  const cells = [...new Set(columns.flatMap((column) => column.csv))];
  return [cells.map(([heading]) => heading), ...rows.map((row) => cells.map(([, value]) => value(row, lineages)))];
}
