// Links to public pages on genes and terms: nothing of them is loaded, they open in a new tab when they are clicked.

import { bdi, h } from "./dom.js";
import { state } from "./store.js";

const TERM = /^CL:\d{7}$/;
const AWAY = { target: "_blank", rel: "noopener noreferrer" };

// An id of the Cell Ontology with a link to its term; anything else that stands in its place as it is.
export function termLink(clId) {
  if (!TERM.test(clId)) return h("bdi", { class: "cl" }, clId);
  const href = state.links.term.replace("{}", clId.replace(":", "_"));
  return h("a", { class: "cl away", href, title: "This term in the Cell Ontology", ...AWAY }, clId);
}

export function geneLink(gene) {
  const href = state.links.gene.replace("{}", () => encodeURIComponent(gene));
  return h("a", { class: "gene away", href, ...AWAY }, bdi(gene));
}

export function geneLinks(list) {
  return list.flatMap((gene, place) => [place ? ", " : "", geneLink(gene)]);
}
