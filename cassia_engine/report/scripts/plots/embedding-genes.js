// The genes that cells can be coloured by: those whose values the page carries.

import { h } from "../shared/dom.js";
import { state } from "../shared/store.js";
import { inflatedBytes, unpacked } from "../shared/unpack.js";

const OFFERED = 10;
const MOST_CLUSTERS = 8; // of those that express a gene most

// Values of a gene in the cells that have a place; `at` are their places among all sampled ones.
export async function geneValues(data, gene) {
  const { highest, values } = (await unpacked("expression"))[data.genes.indexOf(gene)];
  const bytes = await inflatedBytes(values);
  const of = (place) => ((bytes[place] ?? 0) / 255) * highest;
  return Float32Array.from(data.x, (_, cell) => of(data.at ? data.at[cell] : cell));
}

// The clusters with the highest mean of these values: [{index, mean, share}], none without an expressing cell.
export function highestClusters(values, cluster, count) {
  const sums = Array.from({ length: count }, (_, index) => ({ index, sum: 0, above: 0, cells: 0 }));
  cluster.forEach((index, cell) => {
    if (index < 0) return;
    sums[index].sum += values[cell];
    sums[index].above += values[cell] > 0;
    sums[index].cells += 1;
  });
  return sums
    .filter((one) => one.above)
    .map(({ index, sum, above, cells }) => ({ index, mean: sum / cells, share: above / cells }))
    .sort((one, other) => other.mean - one.mean || one.index - other.index)
    .slice(0, MOST_CLUSTERS);
}

/*
 * A field to name a gene in, and buttons with genes that are at hand. `chosen` is called with a gene that the page has,
 * or null where the field was emptied. Gives {element, status, offer(): buttons for the cluster that is open, clear()}.
 */
export function genePicker(genes, chosen) {
  const byName = new Map(genes.map((gene) => [gene.toLowerCase(), gene]));
  const status = h("span", { class: "soft", role: "status" });
  const take = (text, done) => {
    const gene = byName.get(text.trim().toLowerCase());
    if (gene) chosen(gene);
    else if (!text.trim()) chosen(null);
    status.textContent = gene || !text.trim() || !done ? "" : `The page has no values of ${text.trim()} in the cells: it has them of the ${genes.length.toLocaleString("en")} genes that answers weigh and of first markers.`;
  };
  const field = h("input", { type: "search", list: "cell-genes", autocomplete: "off", spellcheck: "false", placeholder: "such as " + genes[0], oninput: (event) => take(event.target.value, false), onchange: (event) => take(event.target.value, true) });
  const list = h("datalist", { id: "cell-genes" }, genes.map((gene) => h("option", { value: gene })));
  const near = h("div", { class: "near-genes" });
  const pick = (gene) => {
    field.value = gene;
    take(gene, true);
  };
  const offer = () => {
    const row = state.byId.get(state.selected);
    const own = (row ? [...row.evidence, ...row.conflicting, ...row.not_judged] : state.rows.map((one) => one.evidence[0])).filter((gene) => byName.get(gene?.toLowerCase()) === gene);
    const buttons = [...new Set(own)].slice(0, OFFERED).map((gene) => h("button", { type: "button", class: "gene", onclick: () => pick(gene) }, gene));
    near.hidden = !buttons.length;
    near.replaceChildren(h("span", { class: "soft" }, row ? `Genes of cluster ${row.id}:` : "First evidence genes:"), ...buttons);
  };
  const clear = () => {
    field.value = "";
    status.textContent = "";
  };
  return { element: h("div", { class: "gene-picker" }, h("label", {}, "Gene ", field), list, near, status), offer, clear };
}
