// What the cells of a cluster say: how many they are, their quality, metadata and lineages, and what others called them.

import { bdi, counted, genes, h, icon, svg } from "../shared/dom.js";
import { termLink } from "../shared/links.js";
import { DASH, part, worded } from "../shared/numbers.js";
import { state } from "../shared/store.js";

const OPEN_COLUMNS = 3; // of metadata; more are folded
const MEASURES = {
  n_counts: ["Counts per cell", count],
  n_genes: ["Genes per cell", count],
  mitochondrial: ["Mitochondrial counts", (value) => `${(100 * value).toFixed(1)}%`],
  doublet_score: ["Doublet score", (value) => value.toFixed(2)],
};

// "1,234, 3% of all cells in clusters"
export function cellCount(row) {
  if (row.n_cells === null) return null;
  const all = state.page.n_cells;
  return all ? `${row.n_cells.toLocaleString("en")}, ${worded("in", row.n_cells / all)} of the cells of all clusters` : row.n_cells.toLocaleString("en");
}

export function cellsView(cells) {
  if (!cells) return null;
  const blocks = [qualityTable(cells.quality ?? []), witnessTable(cells.witnesses ?? [], cells.n_cells), pairBlocks(cells.lineages ?? []), compositions(cells)];
  const found = blocks.flat().filter(Boolean);
  return found.length ? h("div", { class: "cluster-cells" }, h("h3", {}, "Cells"), found) : null;
}

function count(value) {
  return Math.round(value).toLocaleString("en");
}

function table(kind, name, heads, rows) {
  const body = rows.map(([first, ...others]) => h("tr", {}, h("th", { scope: "row" }, first), others.map((one) => h("td", {}, one))));
  return h(
    "div",
    { class: `wide ${kind}`, tabindex: "0", role: "region", "aria-label": name },
    h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, body)),
  );
}

function qualityTable(measures) {
  if (!measures.length) return null;
  const rows = measures.map(({ kind, value, overall, column }) => {
    const [name, words] = MEASURES[kind] ?? [kind, (one) => String(Number(one.toPrecision(3)))];
    const how = h("small", {}, column ? ["median of ", bdi(column)] : "mean, from the matrix");
    return [[name, " ", how], words(value), words(overall)];
  });
  return table("quality", "Quality of the cells", ["Quality", "here", "all cells"], rows);
}

function witnessTable(witnesses, cells) {
  if (!witnesses.length) return null;
  const rows = witnesses.map((one) => [
    bdi(one.column),
    one.label === null ? h("span", { class: "soft" }, "no label") : [bdi(one.label), one.cl_id ? [" ", termLink(one.cl_id)] : null],
    one.label === null ? DASH : [worded("in", one.purity), h("small", {}, purityWords(one, cells))],
    comparedWords(one),
  ]);
  return table("witnesses", "What others called the cells", ["Others call it", "most often", "in", "beside ours"], rows);
}

function purityWords({ n_cells: labelled, purity, lineage_purity: kin }, cells) {
  const of = labelled < cells ? ` of ${counted(labelled, "labelled cell")}` : "";
  return kin > purity ? `${of}; ${worded("in", kin)} with related types` : of;
}

// Where it contradicts the label, that stands among the reasons for review too.
function comparedWords({ compared, contradicts }) {
  if (!compared) return DASH;
  return contradicts ? h("span", { class: "trouble" }, icon("witness"), compared) : compared;
}

// Where markers of both lineages are in the same cells more often than by chance, these may be doublets.
function pairBlocks(pairs) {
  return pairs.map((pair) => {
    const bars = [
      [[pair.first, " ", named(pair.genes[0])], pair.in_first],
      [[pair.second, " ", named(pair.genes[1])], pair.in_second],
      ["both in one cell", pair.in_both],
    ];
    const chance = `${worded("in", pair.by_chance)} if the two were independent; ${counted(pair.n_cells, "cell")} looked at`;
    return h("div", { class: "shares" }, h("h4", {}, "Markers of ", bdi(pair.first), " and ", bdi(pair.second)), h("ul", {}, bars.map(([name, value]) => bar(name, value, worded("in", value)))), h("p", { class: "note" }, chance));
  });
}

function named(list) {
  return h("small", {}, genes(list));
}

function compositions({ composition = [], n_cells: cells }) {
  const lists = composition.map((one) => compositionList(one, cells));
  const later = lists.slice(OPEN_COLUMNS);
  const folded = later.length ? h("details", { class: "later" }, h("summary", {}, `${counted(later.length, "more column")} of metadata`), later) : null;
  return [...lists.slice(0, OPEN_COLUMNS), folded];
}

function compositionList({ column, shares, n_other: others = 0 }, cells) {
  const words = (n) => `${worded("in", n / cells)} (${n.toLocaleString("en")})`;
  const items = shares.map(({ value, n_cells: n }) => bar(value === null ? h("i", { class: "soft" }, "no value") : bdi(value), n / cells, words(n)));
  const rest = others ? [bar(h("i", { class: "soft" }, "other values"), others / cells, words(others))] : [];
  return h("div", { class: "shares" }, h("h4", {}, bdi(column)), h("ul", {}, [...items, ...rest]));
}

function bar(name, fraction, words) {
  const drawn = svg("svg", { class: "share-bar", viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { class: "rail", width: 100, height: 1 }), svg("rect", { width: part(fraction, 1), height: 1 }));
  return h("li", {}, h("span", { class: "name" }, name), drawn, h("span", { class: "soft" }, words));
}
