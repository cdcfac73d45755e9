// Numbers of the marker table in words. What the table does not say is a dash: it is not zero.

export const DASH = "–";

export const statistics = {
  fc: (value) => value.toFixed(2),
  in: share,
  out: share,
  mean: (value) => (value > 0 && value < 0.01 ? "<0.01" : value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString("en")),
  scaled: share,
  score: (value) => value.toFixed(1),
  p: (value) => (value > 0 && value < 0.001 ? value.toExponential(0) : String(Number(value.toPrecision(2)))),
};

export function worded(key, value) {
  return value === null || value === undefined ? DASH : statistics[key](value);
}

// A fraction as a percentage; a small one is not rounded down to none.
function share(value) {
  return value > 0 && value < 0.01 ? "<1%" : `${Math.round(value * 100)}%`;
}

// By how many of 100 a bar is filled; what is above zero is never drawn as nothing.
export function part(value, end) {
  if (!(value > 0)) return 0;
  return Math.max(2, Math.round(100 * Math.min(value / end, 1)));
}
