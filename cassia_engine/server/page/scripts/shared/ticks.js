// Round places on an axis from start to end, about `count` of them.
export function ticks(start, end, count = 5) {
  if (!(end > start)) return [start];
  const rough = (end - start) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough * 0.999);
  const found = [];
  for (let at = Math.ceil(start / step - 1e-9); at * step <= end + step * 1e-9; at += 1) found.push(Number((at * step).toPrecision(12)));
  return found;
}
