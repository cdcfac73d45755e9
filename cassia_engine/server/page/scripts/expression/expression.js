// Expression of any gene, from the matrix on the server: over the clusters, and in the cells on their embedding.

import { h } from "../../../../report/scripts/shared/dom.js";
import { drawEmbedding } from "../../../../report/scripts/plots/embedding.js";
import { ask, ofJob, pageContext } from "../shared/server.js";
import { addSection, fault, fillWith, waiting, whenNear } from "../shared/sections.js";
import { visible } from "../shared/texts.js";
import { clusterTable } from "./cluster-table.js";
import { embeddingData, membersOf } from "./embedding-data.js";
import { geneField } from "./gene-field.js";

const NO_MATRIX = "This job came without vars.h5, so the expression of genes is not known here. Submit it again with the artifacts to see it.";
const VALUES = "values of vars.h5";
const MOST_KEPT = 20; // genes whose answers are kept: each has a value for every cell

export function startExpression() {
  const { section, body } = addSection("expression", "Expression", "Any gene of the data set, as its values are in the uploaded matrix.");
  whenNear(section, () => {
    if (pageContext().hasArtifacts.vars_h5) startGenes(body);
    else startWithout(body);
  });
}

// The embedding may be there without a matrix.
function startWithout(body) {
  const map = h("div", { class: "served-cells" });
  body.append(h("p", { class: "notice" }, NO_MATRIX), map);
  if (pageContext().hasArtifacts.obs_duckdb) fillMap(map, null);
}

function startGenes(body) {
  const [map, table] = [h("div", { class: "served-cells" }), h("div", { class: "by-cluster" })];
  const known = once(() => ask(ofJob("genes")));
  const values = kept((gene) => ask(ofJob(`expression?gene=${encodeURIComponent(gene)}`)));
  const view = { map: null, embedding: null, gene: null };
  const field = geneField(async () => (await known()).genes, (gene) => choose(gene));

  async function choose(gene) {
    if (gene === view.gene) return;
    view.gene = gene;
    view.show?.(gene);
    if (gene === null) return table.replaceChildren();
    table.replaceChildren(waiting(`Reading ${visible(gene)}\u2026`));
    try {
      const found = await values(gene);
      if (view.gene === gene) table.replaceChildren(...clusterTable(found, membersOf(found, view.embedding)));
    } catch (error) {
      if (view.gene !== gene) return; // another one was named meanwhile
      view.gene = null;
      table.replaceChildren(fault(error.message, () => choose(gene)));
    }
  }

  body.append(field.element, table, map);
  fillMap(map, { cells: async () => (await known()).n_cells, clear: () => choose(null).then(field.clear), values: (gene) => values(gene).then((found) => found.values, () => null) }, (embedding, show) => {
    Object.assign(view, { embedding, show });
    if (view.gene) show(view.gene).then(() => renewTable());
  });

  // The embedding came after the gene: its cells tell the shapes.
  async function renewTable() {
    const found = await values(view.gene);
    if (view.gene === found.gene) table.replaceChildren(...clusterTable(found, membersOf(found, view.embedding)));
  }
}

// The cells on their embedding; `genes` colours them by a gene, where there is a matrix.
function fillMap(place, genes, ready = () => {}) {
  fillWith(place, "Reading the cells\u2026", async () => {
    const [embedding, count] = await Promise.all([ask(ofJob("embedding")), genes?.cells()]);
    const drawn = h("div", {});
    place.replaceChildren(drawn); // a canvas is as wide as its place in the page
    const data = embeddingData(embedding, count, VALUES);
    const inPlace = (values) => values && data.at.map((cell) => values[cell]);
    const source = { picker: () => ({ element: null, offer: () => {}, clear: () => genes?.clear() }), values: async (gene) => inPlace(await genes.values(gene)) };
    ready(embedding, drawEmbedding(drawn, data, source));
    return drawn;
  });
}

function once(load) {
  let found = null;
  return () => {
    found ??= load().catch((error) => {
      found = null;
      throw error;
    });
    return found;
  };
}

// The last answers by gene; one that failed is asked for again.
function kept(load) {
  const answers = new Map();
  return (gene) => {
    if (!answers.has(gene)) answers.set(gene, load(gene));
    const answer = answers.get(gene);
    answer.catch(() => answers.delete(gene));
    if (answers.size > MOST_KEPT) answers.delete(answers.keys().next().value);
    return answer;
  };
}
