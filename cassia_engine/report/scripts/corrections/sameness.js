// What a correction consists of, and when two of them say the same.

export const FIELDS = { label: 300, cl_id: 20, comment: 2000, decided_by: 200 };

// Whether two corrections say different things; null is one that says nothing.
export function differs(one, other) {
  if (one === null || other === null) return one !== other;
  return Object.keys(FIELDS).some((name) => (one[name] ?? "") !== (other[name] ?? ""));
}

// Whether the report was made with what was said. It names the term of a label that came without an id, and the label
// of an id; a match "id" is of an id that was given.
export function inOutputs(said, made) {
  if (said === null || made === null) return said === made;
  const label = said.label || (said.cl_id ? made.label : "");
  const clId = said.cl_id || (made.cl_match === "id" ? "" : made.cl_id);
  return !differs({ ...said, label, cl_id: clId }, made);
}

// A correction as a browser has kept it, with no more in it than a correction has.
export function readDraft([id, said]) {
  if (said === null) return [id, null];
  return [id, Object.fromEntries(Object.entries(FIELDS).map(([name, most]) => [name, String(said[name] ?? "").slice(0, most)]))];
}
