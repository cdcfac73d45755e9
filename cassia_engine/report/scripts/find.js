// What the search finds: each term at the start of a word, so that "7" finds cluster 7 and not every CL id with a 7 in it.

const WORD_END = /[\p{L}\p{N}]$/u;

// The terms of a query, in small letters; a comma asks for both.
export function termsOf(query) {
  return query.toLowerCase().split(",").map((term) => term.trim()).filter(Boolean);
}

// Whether a text in small letters has the term at the start of a word.
export function startsWord(text, term) {
  for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + 1)) {
    if (at === 0 || !WORD_END.test(text.slice(Math.max(0, at - 2), at))) return true;
  }
  return false;
}

// A test of texts in small letters: does one have every term?
export function matcher(query) {
  const terms = termsOf(query);
  return (text) => terms.every((term) => startsWord(text, term));
}

// What a row is found by: one line a text, so that no term matches across two of them.
export function textOf(row, genes) {
  const own = [row.id, row.title, row.general, ...row.types, row.cl_id, row.cl_label, row.state, ...row.mixed];
  const all = [...own, ...row.evidence, ...row.conflicting, ...row.unsupported, ...genes];
  return [...new Set(all.filter(Boolean))].join("\n").toLowerCase();
}

// What else it is found by: the label that was given in this page.
export function yoursText(row) {
  return row.yours ? `${row.yours.label}\n${row.yours.cl_id}`.toLowerCase() : "";
}

// The texts of all rows; `markers` is the packed part of that name.
export function searchIndex(rows, markers) {
  return rows.map((row, index) => textOf(row, markers.clusters[index].g.map((gene) => markers.genes[gene])));
}
