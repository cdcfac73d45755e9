// The field that names a gene, completed from all genes of the data, and buttons with genes of the answers.

import { completing } from "../../../../report/scripts/shared/combobox.js";
import { h } from "../../../../report/scripts/shared/dom.js";
import { on, state } from "../../../../report/scripts/shared/store.js";
import { visible } from "../shared/texts.js";

const MOST_OFFERED = 12;
const MOST_NEAR = 8;

// Genes that a text may mean: those that start so, then those that have it within.
export function genesLike(genes, typed, most = MOST_OFFERED) {
  const wanted = typed.trim().toLowerCase();
  if (!wanted) return [];
  const [starting, within] = [[], []];
  for (const gene of genes) {
    const at = gene.toLowerCase().indexOf(wanted);
    if (at === 0) starting.push(gene);
    else if (at > 0 && within.length < most) within.push(gene);
  }
  starting.sort((one, other) => one.length - other.length || (one < other ? -1 : 1));
  return [...starting, ...within].slice(0, most);
}

// The gene that a text names, whatever its case; null for none.
export function geneNamed(genes, typed) {
  const name = typed.trim();
  if (genes.includes(name)) return name;
  return genes.find((gene) => gene.toLowerCase() === name.toLowerCase()) ?? null;
}

/*
 * genes: promises all genes; chosen: called with a gene, or null where the field was emptied.
 * Gives {element, tell(words): says something beside the field, clear()}.
 */
export function geneField(genes, chosen) {
  const status = h("p", { class: "soft", role: "status" });
  const list = h("ul", { role: "listbox", id: "gene-options", "aria-label": "Genes", hidden: true });
  const input = h("input", { type: "search", id: "any-gene", role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false", maxlength: 200 });
  const near = h("div", { class: "near-genes" });
  const tell = (words, tone = "soft") => {
    status.className = tone;
    status.textContent = words;
  };
  const take = async (typed) => {
    tell("");
    if (!typed.trim()) return chosen(null);
    try {
      const gene = geneNamed(await genes(), typed);
      if (!gene) return tell(`${visible(typed.trim())} is none of the ${(await genes()).length.toLocaleString("en")} genes of this data set.`, "trouble");
      input.value = gene;
      chosen(gene);
    } catch (error) {
      tell(error.message, "trouble");
    }
  };
  const find = async (typed) => {
    if (!typed.trim()) chosen(null);
    return genesLike(await genes().catch(() => []), typed).map((gene) => ({ label: gene, id: "", synonym: "" }));
  };
  completing(input, list, find, ({ label }) => take(label));
  const offer = () => near.replaceChildren(...nearGenes((gene) => take((input.value = gene))));
  on("select", offer);
  offer();
  const sent = (event) => {
    event.preventDefault();
    take(input.value);
  };
  const form = h("form", { onsubmit: sent, autocomplete: "off", class: "any-gene" }, h("label", { for: input.id }, "Gene"), h("div", { class: "field" }, input, list), h("button", { type: "submit" }, "Show"));
  const clear = () => {
    input.value = "";
    tell("");
  };
  return { element: h("div", { class: "gene-search" }, form, near, status), tell, clear };
}

// Genes of the cluster that is open, or the first one of each answer.
function nearGenes(take) {
  const row = state.byId.get(state.selected);
  const own = row ? [...row.evidence, ...row.conflicting, ...row.not_judged] : state.rows.map((one) => one.evidence[0] ?? one.not_judged[0]);
  const found = [...new Set(own.filter(Boolean))].slice(0, MOST_NEAR);
  if (!found.length) return [];
  return [h("span", { class: "soft" }, row ? `Genes of cluster ${row.id}:` : "First genes:"), ...found.map((gene) => h("button", { type: "button", class: "gene", onclick: () => take(gene) }, gene))];
}
