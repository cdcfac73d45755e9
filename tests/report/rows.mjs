// Rows for tests, as report/rows.py writes them: short to write, every field with a sensible value.

export function row(changes = {}) {
  return {
    id: "0",
    n_cells: null,
    anchor: "cluster=0",
    outcome: "annotated",
    outcome_word: "annotated",
    title: "natural killer cell",
    general: "lymphocyte",
    types: ["natural killer cell", "CD8-positive, alpha-beta T cell"],
    cl_id: "CL:0000623",
    cl_label: "natural killer cell",
    lineage: 0,
    state: "",
    mixed: [],
    evidence: ["GNLY", "GZMB"],
    conflicting: [],
    unsupported: [],
    not_judged: [],
    confidence: "High",
    pips: 3,
    score: 91,
    validated: true,
    verdict: "validator agreed",
    review_flags: [],
    decided_by: "model",
    has_type: true,
    calls: 2,
    cost: 0.011,
    cost_word: "$0.011",
    ...changes,
  };
}

export function failed(changes = {}) {
  const nothing = { title: "No annotation", general: "", types: [], cl_id: "", cl_label: "", lineage: null, evidence: [] };
  const unknown = { confidence: "", pips: 0, score: null, validated: null, decided_by: "", has_type: false };
  const review_flags = [{ kind: "failed", word: "failed", tone: "trouble" }];
  return row({ id: "9", outcome: "failed", outcome_word: "failed", ...nothing, ...unknown, review_flags, ...changes });
}

export const LINEAGES = [{ name: "T and innate lymphoid" }, { name: "B and plasma" }];
