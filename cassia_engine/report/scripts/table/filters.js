// Which rows are wanted, and how many each choice has.

import { isAnswered, standing } from "../shared/standing.js";

export const NO_FILTER = Object.freeze({ query: "", show: "all", outcome: "", confidence: "", lineage: "" });
const CONFIDENCES = ["High", "Moderate", "Low"];
const NOT_PLACED = "none";

const SHOWS = [
  { value: "all", word: "All", test: () => true },
  { value: "review", word: "Needs review", test: (row) => row.review_flags.length > 0 },
  { value: "without", word: "No annotation", test: (row) => !isAnswered(row) },
];

// The choices that part these rows, each with its count: `shows` for buttons, the others for lists.
export function choicesOf(rows, lineages) {
  const outcomes = [...new Map(rows.map((row) => [row.outcome, row.outcome_word]))];
  const named = lineages.map((lineage, index) => ({ value: String(index), word: lineage.name }));
  const lists = {
    outcome: outcomes.map(([value, word]) => ({ value, word })),
    confidence: CONFIDENCES.map((word) => ({ value: word, word })),
    lineage: [...named, { value: NOT_PLACED, word: "Not placed" }],
  };
  return { shows: showsOf(rows), ...parting(lists, rows) };
}

// The buttons alone; the one that is pressed stays, also with no row.
export function showsOf(rows, pressed = "all") {
  const shows = SHOWS.map(({ value, word, test }) => ({ value, word, count: rows.filter(test).length }));
  return shows.filter((one) => one.count || one.value === "all" || one.value === pressed);
}

// A list that does not part the rows is no choice, and is left out.
function parting(lists, rows) {
  const found = {};
  for (const [name, choices] of Object.entries(lists)) {
    const counts = new Map();
    for (const row of rows) counts.set(valueOf(row, name), (counts.get(valueOf(row, name)) ?? 0) + 1);
    const there = choices.filter((choice) => counts.has(choice.value));
    if (there.length > 1) found[name] = there.map((choice) => ({ ...choice, count: counts.get(choice.value) }));
  }
  return found;
}

function valueOf(row, name) {
  const now = standing(row);
  if (name === "lineage") return now.lineage === null ? NOT_PLACED : String(now.lineage);
  return now[name];
}

// Whether a row passes everything but the search.
export function passes(row, filter) {
  if (!SHOWS.find((one) => one.value === filter.show).test(row)) return false;
  return ["outcome", "confidence", "lineage"].every((name) => !filter[name] || valueOf(row, name) === filter[name]);
}

export function isFiltered(filter) {
  return Object.keys(NO_FILTER).some((name) => filter[name].trim() !== NO_FILTER[name]);
}

// "7 of 1,000 clusters"
export function countWords(shown, all) {
  return `${shown.toLocaleString("en")} of ${all.toLocaleString("en")} ${all === 1 ? "cluster" : "clusters"}`;
}
