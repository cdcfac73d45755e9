// How offline marker scoring came to its answer: the scored types, what each gene weighed for them, tissue and checks.

import { bdi, h, icon, scoreBar, svg } from "../shared/dom.js";
import { geneLink, geneLinks, termLink } from "../shared/links.js";
import { DASH, part } from "../shared/numbers.js";
import { state } from "../shared/store.js";

const WEIGHTS_SHOWN = 14;
const WEIGHTS_FOLD_FROM = 18;

export function scoringView(found, nMarkers) {
  const types = found.types ?? [];
  return h(
    "div",
    { class: "scoring" },
    h("h3", {}, "How the score came about"),
    h("p", { class: "note" }, `No language model was asked. ${found.known_genes} of ${nMarkers} markers are in the marker knowledge. `, tissueWords(found)),
    types.length ? [weightsTable(types), sumWords(found, types[0]), checkList(found.checks ?? [])] : h("p", {}, "No cell type could be scored."),
  );
}

function tissueWords(found) {
  const { tissue } = state.page;
  if (!found.tissues) return tissue ? ["The tissue (", bdi(tissue), ") did not count."] : "No tissue counted.";
  return ["Tissue: ", bdi(tissue), ", read as ", found.tissues.join(", "), "."];
}

// A row for each gene, a column for each type: what the gene adds to it.
function weightsTable(types) {
  const genes = [...new Set(types.flatMap((type) => type.genes.map(([gene]) => gene)))];
  const weights = types.map((type) => new Map(type.genes));
  const most = Math.max(...types.flatMap((type) => type.genes.map(([, weight]) => weight)));
  const lines = genes.map((gene) => h("tr", {}, h("th", { scope: "row" }, geneLink(gene)), weights.map((of) => weightCell(of.get(gene), most))));
  const folds = genes.length >= WEIGHTS_FOLD_FROM;
  const table = h(
    "table",
    { class: folds ? "weights fold" : "weights" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Weight of each gene"), types.map(typeHead))),
    h("tbody", {}, lines),
    h("tfoot", {}, footLine("Strength", types.map((type) => type.strength.toFixed(2))), footLine("Score", types.map((type) => [h("b", {}, type.score.toFixed(1)), " ", scoreBar(type.score)]))),
  );
  return [h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Weights of the genes" }, table), folds ? unfoldButton(table, genes.length) : null];
}

function typeHead(type, place) {
  const elsewhere = type.expected === false ? h("small", {}, " not of this tissue") : null;
  if (place === 0) return h("th", { scope: "col" }, h("b", {}, "The answer"), elsewhere);
  return h("th", { scope: "col" }, bdi(type.label), type.cl_id ? [" ", termLink(type.cl_id)] : null, elsewhere);
}

function weightCell(weight, most) {
  if (weight === undefined) return h("td", { class: "nothing" }, DASH);
  const bar = svg("svg", { class: "change", viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { width: part(weight, most), height: 1 }));
  return h("td", {}, weight.toFixed(2), bar);
}

function footLine(name, cells) {
  return h("tr", {}, h("th", { scope: "row" }, name), cells.map((cell) => h("td", {}, cell)));
}

function unfoldButton(table, count) {
  const all = `Show all ${count} genes`;
  const turn = (event) => {
    event.target.textContent = table.classList.toggle("fold") ? all : `Show the first ${WEIGHTS_SHOWN}`;
  };
  return h("button", { type: "button", class: "more", onclick: turn }, all);
}

function sumWords(found, answer) {
  const [own, against, gene] = [answer.strength, found.rival_strength ?? 0, found.one_gene].map((value) => value.toFixed(2));
  const rival = found.rival
    ? ["The strongest unrelated type is ", bdi(found.rival), `, strength ${against} by `, geneLinks(found.rival_genes), ". "]
    : "No unrelated type has a gene of its own in the list. ";
  return [
    h("p", { class: "note" }, "A strength is the sum of the weights, less where a type is not of the tissue, rests on few genes or has weak relatives."),
    h("p", { class: "sum" }, rival, `Score ${answer.score.toFixed(1)} = 100 × ${own} / (${own} + ${against} + ${gene}), where ${gene} is about one good marker: 50 is a tie.`),
  ];
}

function checkList(checks) {
  const line = (check) =>
    h(
      "li",
      { class: check.passed ? "passed" : "failed" },
      icon(check.passed ? "agreed" : "failed"),
      h("span", {}, h("span", { class: "unseen" }, check.passed ? "passed: " : "failed: "), check.question, " ", h("span", { class: "soft" }, bdi(check.detail))),
    );
  return [h("h4", {}, "Checks"), h("ul", { class: "marked" }, checks.map(line))];
}
