// Tables as CSV text, with the guard of cassia_engine/csv_injection.py: a spreadsheet runs no cell as a formula.

const SIGNS = String.raw`=+@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\-`;
const UNSEEN =
  String.raw`\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f` +
  String.raw`\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb`;
const BEFORE = `(?='*[${UNSEEN}]*`;
// Characters that join others stand in the classes one by one, by intent.
// eslint-disable-next-line no-misleading-character-class
const START = new RegExp(`^${BEFORE}[${SIGNS}\\t\\r\\n])`);
// eslint-disable-next-line no-misleading-character-class
const WITHIN = new RegExp(`[;\\t]${BEFORE}[${SIGNS}])|[\\r\\n]${BEFORE}[=@\\uff1d\\uff20\\ufe66\\ufe6b])`, "g");

// The text with a ' wherever a spreadsheet would otherwise run what follows.
export function guarded(text) {
  return `${START.test(text) ? "'" : ""}${text.replace(WITHIN, "$&'")}`;
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
