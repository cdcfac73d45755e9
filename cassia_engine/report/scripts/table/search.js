// What the search finds: each term at the start of a word, so that "7" finds cluster 7 and not every CL id with a 7 in it.

const WORD_END = /[\p{L}\p{N}]$/u;

// The terms of a query, in small letters; a comma asks for both.
export function termsOf(query) {
  return query.toLowerCase().split(",").map((term) => term.trim()).filter(Boolean);
}

// Where in a text in small letters the term stands at the start of a word.
export function matchPlaces(text, term) {
  const found = [];
  for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + 1)) if (isWordStart(text, at)) found.push(at);
  return found;
}

// Whether a text in small letters has the term at the start of a word.
export function startsWord(text, term) {
  for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + 1)) if (isWordStart(text, at)) return true;
  return false;
}

function isWordStart(text, at) {
  return at === 0 || !WORD_END.test(text.slice(Math.max(0, at - 2), at));
}

// A test of texts in small letters: does one have every term?
export function matcher(query) {
  const terms = termsOf(query);
  return (text) => terms.every((term) => startsWord(text, term));
}

// What a row is found by: [kind, texts], what a reader looks for first before the rest.
export function fieldsOf(row, genes) {
  const fields = [
    ["cluster", [row.id]],
    ["your label", row.yours ? [row.yours.label, row.yours.cl_id] : []],
    ["cell type", [row.title]],
    ["general type", [row.general]],
    ["candidate", row.types],
    ["Cell Ontology", [row.cl_id, row.cl_label]],
    ["state", [row.state]],
    ["possible mixture", row.mixed],
    ["evidence gene", row.evidence],
    ["conflicting gene", row.conflicting],
    ["unsupported gene", row.unsupported],
    ["marker", genes],
  ];
  return fields.map(([kind, texts]) => [kind, texts.filter(Boolean)]).filter(([, texts]) => texts.length);
}

// For each term where it matched first: {kind, text}.
export function matchesOf(fields, terms) {
  return terms.flatMap((term) => {
    for (const [kind, texts] of fields) {
      const text = texts.find((one) => startsWord(one.toLowerCase(), term));
      if (text !== undefined) return [{ kind, text }];
    }
    return [];
  });
}

// All of it but your label, one line for each text, so that no term matches across two of them. Of all rows at once, so
// made in one go and not from the fields.
export function textOf(row, genes) {
  const own = [row.id, row.title, row.general, ...row.types, row.cl_id, row.cl_label, row.state, ...row.mixed];
  const all = [...own, ...row.evidence, ...row.conflicting, ...row.unsupported, ...genes];
  return [...new Set(all.filter(Boolean))].join("\n").toLowerCase();
}

// What else it is found by: the label that was given in this page.
export function yoursText(row) {
  return row.yours ? `${row.yours.label}\n${row.yours.cl_id}`.toLowerCase() : "";
}

// The names of a row's markers, and what the marker table calls them; `markers` is the packed part of that name.
export function markerNames(markers, index) {
  const { g, given = [] } = markers.clusters[index];
  return [...g.map((gene) => markers.genes[gene]), ...given.filter(Boolean)];
}

// The texts of all rows.
export function searchIndex(rows, markers) {
  return rows.map((row, index) => textOf(row, markerNames(markers, index)));
}
