// Tables as CSV text, with the guard of cassia_engine/cells.py: a spreadsheet runs no cell as a formula.

const FORMULA = /^'*[=+\-@\t\r\n]/;

// The text with a leading ' where a spreadsheet would otherwise run it.
export function guarded(text) {
  return FORMULA.test(text) ? `'${text}` : text;
}

// A cell: numbers as they are, nothing for null, and quoted where a reader could take it apart.
function cellOf(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = guarded(String(value));
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// Rows, each a list of texts, numbers and nulls, the first being the header.
export function toCsv(rows) {
  return rows.map((row) => `${row.map(cellOf).join(",")}\n`).join("");
}
