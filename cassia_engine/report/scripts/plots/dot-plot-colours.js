// What the dots are coloured by: mean expression where the cells are known, else the fold change of the marker table.
// Fold changes know markers only; means know every gene that is in the cells.

import { foldSteps, foldWords } from "./geometry.js";

export const FOLD = {
  key: "fc",
  button: "Log2 fold change",
  legend: "log2 fold change",
  steps: foldSteps,
  said: null,
};
const MEAN = {
  key: "mean",
  button: "Mean",
  legend: "mean expression",
  steps: foldSteps,
  said: (values) => `Colour is the mean of the ${values} over all cells of a cluster, zeros included.`,
};
const SCALED = {
  key: "scaled",
  button: "Mean, scaled by gene",
  legend: "share of the gene's highest mean",
  steps: () => ({ step: 0.2, cap: 0.8, most: 1 }),
  said: (values) => `Colour is the mean of the ${values} as a share of the gene's highest mean in any cluster.`,
};

// What a reader can choose from, the first one to begin with.
export function colourings({ fc, means }) {
  return [...(means === undefined ? [] : [MEAN, SCALED]), ...(fc ? [FOLD] : [])];
}

// The ends of the ramp in words.
export function rampWords(colouring, folds) {
  return colouring === SCALED ? ["under 20%", "from 80%"] : foldWords(folds);
}

/*
 * The means as facts: for each gene by name a fact for each cluster, null where it is not known.
 * means: {genes, means, fractions} of the page, fractions in hundredths.
 */
export function meanFacts(means) {
  return new Map(
    means.genes.map((gene, place) => {
      const [values, shares] = [means.means[place], means.fractions[place]];
      const highest = Math.max(0, ...values.filter(Number.isFinite));
      const fact = (mean, cluster) => mean === null ? null : { mean, scaled: highest > 0 ? mean / highest : 0, in: shares[cluster] === null ? null : shares[cluster] / 100 };
      return [gene, values.map(fact)];
    }),
  );
}

// A cluster's facts by gene where its cells are known: those of the marker table, and of every gene its mean.
export function withMeans(facts, known, index) {
  const found = new Map(facts);
  for (const [gene, clusters] of known) {
    if (clusters[index]) found.set(gene, { ...facts.get(gene), ...clusters[index] });
  }
  return found;
}
