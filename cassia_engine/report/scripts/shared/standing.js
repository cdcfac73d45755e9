// What stands for a cluster while the page is open: what a person says in it goes before what the report was made with.
// Nothing that was found for another label is shown as if it belonged to the person's.

const OVERRULED = {
  general: "",
  lineage: null,
  state: "",
  mixed: [],
  evidence: [],
  conflicting: [],
  unsupported: [],
  confidence: "",
  pips: 0,
  score: null,
};

// The row as it stands: itself, or with the label that was given in this page. Its review flags stay: it counts among
// those that need review, as in the headline, until the outputs are made anew.
export function standing(row) {
  const said = row.yours;
  if (!said?.label) return row;
  const own = { validated: null, verdict: "your label, not in the outputs yet", decided_by: said.decided_by };
  if (!isOverruled(row)) return { ...row, ...own, verdict: "you confirmed it, not in the outputs yet" };
  return { ...row, ...OVERRULED, ...own, title: said.label, types: [said.label], cl_id: said.cl_id, cl_label: "", has_type: true };
}

// Whether a label given in this page is another one than the row's.
export function isOverruled(row) {
  const label = row.yours?.label;
  return Boolean(label) && (label.toLowerCase() !== row.title.toLowerCase() || (row.yours.cl_id || row.cl_id) !== row.cl_id);
}

// Whether there is an answer to show: the model's, or a label by a person where there was none.
export function isAnswered(row) {
  return row.outcome === "annotated" || row.has_type || Boolean(row.yours?.label);
}
