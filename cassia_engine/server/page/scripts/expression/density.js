// How values are spread, as numbers for a picture. No part of the page is touched here.

const STEPS = 60;
const FEWEST = 5; // values of which a density is drawn

// Densities on a grid from start to end, the highest 1; null for too few values. By a Gaussian kernel, its width by
// Silverman's rule, and at least one step wide.
export function density(values, start, end) {
  if (values.length < FEWEST || !(end > start)) return null;
  const step = (end - start) / STEPS;
  const width = Math.max(step, bandwidth(values));
  const counts = new Float64Array(STEPS + 1);
  for (const value of values) counts[Math.round((Math.min(end, Math.max(start, value)) - start) / step)] += 1;
  const kernel = Array.from(counts, (_, far) => Math.exp(-((far * step) ** 2) / (2 * width * width)));
  const sums = Array.from(counts, (_, at) => counts.reduce((sum, count, other) => sum + count * kernel[Math.abs(at - other)], 0));
  const most = Math.max(...sums);
  return sums.map((sum) => sum / most);
}

function bandwidth(values) {
  const sorted = Float64Array.from(values).sort();
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const spread = Math.sqrt(sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sorted.length);
  const middle = (sorted[Math.floor(0.75 * (sorted.length - 1))] - sorted[Math.floor(0.25 * (sorted.length - 1))]) / 1.34;
  return 0.9 * (middle > 0 ? Math.min(spread, middle) : spread) * sorted.length ** -0.2;
}

// A mirrored outline of densities along x, around a middle line: the d of a path.
export function outline(densities, { x, wide, middle, half }) {
  const at = (place) => (x + (wide * place) / (densities.length - 1)).toFixed(1);
  const upper = densities.map((value, place) => `${at(place)} ${(middle - value * half).toFixed(1)}`);
  const lower = densities.map((value, place) => `${at(place)} ${(middle + value * half).toFixed(1)}`).reverse();
  return `M${[...upper, ...lower].join("L")}Z`;
}
