// Counts by cluster and value as shares. No part of the page is touched here.

export const MOST_COLOURS = 8; // values with a colour of their own: the most frequent ones

const NO_VALUE = "no value";

/*
 * What the server counted, with cells without a value as one more: {values: words, isOther: places of what stands for
 * several values, nOther: how many these are, clusters: [{cluster, n_cells, counts}]}.
 */
export function counted({ values, n_other_values: others, clusters }) {
  const hasOthers = others > 0;
  const words = values.map((value, place) => (hasOthers && place === values.length - 1 ? othersWords(others) : value));
  const isOther = hasOthers ? [values.length - 1] : [];
  if (clusters.every(({ missing }) => !missing)) return { values: words, isOther, nOther: others, clusters };
  return { values: [...words, NO_VALUE], isOther, nOther: others, clusters: clusters.map((one) => ({ ...one, counts: [...one.counts, one.missing] })) };
}

function othersWords(count) {
  return `${count.toLocaleString("en")} other value${count === 1 ? "" : "s"}`;
}

/*
 * The values of a column, the most frequent first, each with its share of the bars: [{words, at: places of its values,
 * count}]. What is left when the colours are used up is the last one.
 */
export function partsOf({ values, isOther, nOther, clusters }) {
  const total = values.map((_, place) => clusters.reduce((sum, one) => sum + one.counts[place], 0));
  const single = values.map((_, place) => place).filter((place) => !isOther.includes(place));
  single.sort((one, other) => total[other] - total[one] || one - other);
  const own = single.length + isOther.length > MOST_COLOURS ? single.slice(0, MOST_COLOURS - 1) : single;
  const left = [...single.slice(own.length), ...isOther];
  const parts = own.map((place) => ({ words: values[place], at: [place], count: total[place], isOther: false }));
  if (!left.length) return parts;
  return [...parts, { words: othersWords(left.length - isOther.length + nOther), at: left, count: left.reduce((sum, place) => sum + total[place], 0), isOther: true }];
}

// For one cluster the shares of the parts, and where each begins: [{from, share}].
export function sharesOf(counts, parts) {
  const whole = counts.reduce((sum, count) => sum + count, 0);
  let from = 0;
  return parts.map(({ at }) => {
    const share = whole ? at.reduce((sum, place) => sum + counts[place], 0) / whole : 0;
    from += share;
    return { from: from - share, share };
  });
}
