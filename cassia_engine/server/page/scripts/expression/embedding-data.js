// The server's embedding as the picture of cells wants it.

import { rowIndex } from "../shared/clusters.js";

const STEPS = 2000; // of the longer axis

/*
 * embedding: {key, x, y, cluster: place in clusters, clusters}; count: all cells of the data set, undefined for those that
 * are here. Cells without coordinates are left out; `at` says which cells are shown.
 */
export function embeddingData({ key, x, y, cluster, clusters }, count, values) {
  const at = x.flatMap((one, cell) => (isPlace(one) && isPlace(y[cell]) ? [cell] : []));
  const [left, right] = ends(at, x);
  const [low, high] = ends(at, y);
  const step = Math.max(right - left, high - low) / STEPS || 1;
  const rows = clusters.map(rowIndex);
  return {
    key,
    name: key.replace(/^X_/, "").replace(/^(umap|tsne|pca)$/i, (name) => ({ umap: "UMAP", tsne: "t-SNE", pca: "PCA" })[name.toLowerCase()]),
    x: at.map((cell) => Math.round((x[cell] - left) / step)),
    y: at.map((cell) => Math.round((high - y[cell]) / step)),
    cluster: at.map((cell) => rows[cluster[cell]] ?? -1),
    n_cells: count ?? x.length,
    left_out: x.length - at.length,
    values,
    at,
  };
}

function isPlace(value) {
  return typeof value === "number" && Number.isFinite(value);
}

function ends(at, values) {
  return at.reduce(([low, high], cell) => [Math.min(low, values[cell]), Math.max(high, values[cell])], [Infinity, -Infinity]);
}

// By cluster, the values of its cells on the embedding; none where there is no embedding, or other cells in it.
export function membersOf({ clusters, values }, embedding) {
  const found = new Map();
  if (!embedding || !values || values.length !== embedding.cluster.length) return found;
  const own = new Map(clusters.map(({ cluster }) => [cluster, []]));
  values.forEach((value, cell) => {
    if (value !== null) own.get(embedding.clusters[embedding.cluster[cell]])?.push(value);
  });
  for (const [cluster, list] of own) found.set(cluster, list);
  return found;
}
