// What the dot plot shows: all clusters and their evidence genes where these are few, else the clusters at hand.

const MOST_GENES = 60;
const MOST_NEIGHBOURS = 10;
const MOST_NOT_JUDGED = 3;

// The genes that a cluster brings in: what its answer cites, or else its first markers, which nobody judged.
export function ownGenes(row) {
  const cited = [...row.evidence, ...row.unsupported];
  return cited.length ? cited : row.not_judged.slice(0, MOST_NOT_JUDGED);
}

/*
 * rows: all clusters; shown: indexes of those that the table shows; chosen: index of the open one, or -1;
 * most: clusters that fit; listed: for each cluster the numbers of its markers, by rank; names: the genes by number.
 * Gives {clusters, neighbours: indexes, genes: [{gene, by: index of the cluster that brings it}], each: how many genes
 * a cluster may bring (null: all), whole: whether these are all clusters}.
 */
export function plotChoice({ rows, shown, chosen, most, listed, names }) {
  const all = rows.map((_, index) => index);
  if (rows.length <= most && genesBrought(rows, all, Infinity).length <= MOST_GENES) {
    return { clusters: all, neighbours: [], genes: genesBrought(rows, all, Infinity), each: null, whole: true };
  }
  const near = Math.min(MOST_NEIGHBOURS, Math.floor(most / 4));
  const limit = rows.length <= most ? most : most - near;
  const clusters = stretch(shown, chosen, limit).sort((one, other) => one - other);
  const each = mostEach(rows, clusters);
  const genes = genesBrought(rows, clusters, each ?? Infinity);
  const neighbours = nearest({ all, clusters, genes, listed, names }).slice(0, Math.min(near, most - clusters.length));
  return { clusters, neighbours, genes, each, whole: clusters.length === rows.length };
}

// At most `limit` of the clusters one after the other, with the chosen one among them if it is there.
export function stretch(shown, chosen, limit) {
  const place = shown.indexOf(chosen);
  const start = place < limit ? 0 : Math.min(place - Math.floor(limit / 2), shown.length - limit);
  return shown.slice(start, start + limit);
}

function genesBrought(rows, clusters, each) {
  const found = new Map();
  for (const by of clusters) {
    for (const gene of ownGenes(rows[by]).slice(0, each)) if (!found.has(gene)) found.set(gene, by);
  }
  return [...found].map(([gene, by]) => ({ gene, by }));
}

// How many genes each cluster may bring so that all fit; null if there is room for all of them.
function mostEach(rows, clusters) {
  const longest = Math.max(0, ...clusters.map((index) => ownGenes(rows[index]).length));
  if (genesBrought(rows, clusters, longest).length <= MOST_GENES) return null;
  let each = 1;
  while (genesBrought(rows, clusters, each + 1).length <= MOST_GENES) each += 1;
  return each;
}

// Other clusters with most of these genes among their markers, the likest first.
function nearest({ all, clusters, genes, listed, names }) {
  const wanted = new Set(genes.map(({ gene }) => gene));
  const inside = new Set(clusters);
  return all
    .filter((index) => !inside.has(index))
    .map((index) => [index, listed[index].filter((number) => wanted.has(names[number])).length])
    .filter(([, shared]) => shared > 0)
    .sort(([one, shared], [other, otherShared]) => otherShared - shared || one - other)
    .map(([index]) => index);
}
