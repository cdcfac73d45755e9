// Colours of cells. They are mixed here and not in the style sheet, as a canvas and a saved picture want them as numbers.

const NAMES = {
  lineages: ["--lineage-0", "--lineage-1", "--lineage-2", "--lineage-3", "--lineage-4", "--lineage-5"],
  folds: ["--fold-0", "--fold-1", "--fold-2", "--fold-3", "--fold-4"],
  apart: Array.from({ length: 8 }, (_, n) => `--apart-${n}`),
  sure: ["--sure-0", "--sure-1", "--sure-2", "--sure-3"],
};
const SHADES = [["ink", 0], ["card", 0.34], ["ink", 0.38], ["card", 0.52], ["ink", 0.6]];
const FADED = 0.74;

// The colours of the page as it is now: light, dark or on paper.
export function pageColours() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => rgb(style.getPropertyValue(name).trim());
  const lists = Object.entries(NAMES).map(([key, names]) => [key, names.map(read)]);
  const single = ["card", "ink", "rail", "lineage-none"].map((name) => [name, read(`--${name}`)]);
  return Object.fromEntries([...lists, ...single]);
}

// "#1850a1" and "#fff" as three numbers.
export function rgb(text) {
  const digits = text.replace("#", "");
  const whole = digits.length === 3 ? [...digits].map((one) => one + one).join("") : digits;
  return [0, 2, 4].map((at) => parseInt(whole.slice(at, at + 2), 16));
}

export function css([red, green, blue]) {
  return `rgb(${red}, ${green}, ${blue})`;
}

export function mixed(one, other, part) {
  return one.map((value, n) => Math.round(value + (other[n] - value) * part));
}

export function faded(colour, { card }) {
  return mixed(colour, card, FADED);
}

// One of the shades of a hue; after the last one they begin anew.
export function shadeOf(hue, place, colours) {
  const [towards, part] = SHADES[place % SHADES.length];
  return mixed(hue, colours[towards], part);
}

// A ramp of colours at a place from 0 to 1.
export function onRamp(ramp, part) {
  const at = Math.min(1, Math.max(0, part)) * (ramp.length - 1);
  const low = Math.min(ramp.length - 2, Math.floor(at));
  return mixed(ramp[low], ramp[low + 1], at - low);
}

/*
 * For each cluster one of `count` colours, so that those near each other have different ones: each takes the colour whose
 * nearest cluster lies farthest. centres: [{x, y, count} or null].
 */
export function keptApart(centres, count) {
  const chosen = centres.map(() => 0);
  const bySize = centres.map((_, index) => index).filter((index) => centres[index]);
  bySize.sort((one, other) => centres[other].count - centres[one].count || one - other);
  bySize.forEach((index, place) => {
    const nearest = Array.from({ length: count }, () => Infinity);
    for (const other of bySize.slice(0, place)) {
      const far = Math.hypot(centres[index].x - centres[other].x, centres[index].y - centres[other].y);
      nearest[chosen[other]] = Math.min(nearest[chosen[other]], far);
    }
    chosen[index] = nearest.indexOf(Math.max(...nearest));
  });
  return chosen;
}

// Where the ramp of a gene ends: above all but one in a hundred of the values over zero, so that a few do not pale all others.
export function rampEnd(values) {
  const found = values.filter((value) => value > 0).sort((one, other) => one - other);
  return found.length ? found[Math.ceil(found.length * 0.99) - 1] : 0;
}
