// "Annotate again" in the view of a cluster: the same model is asked once more, with what a person says.

import { h } from "../../../../report/scripts/shared/dom.js";
import { keyOf, on, state } from "../../../../report/scripts/shared/store.js";
import { ask, serverId, pageContext } from "../shared/server.js";
import { chatOf } from "./chat-form.js";
import { onRevisions, readRevisions, revisionsOf } from "./revisions.js";

const NOTE = "The model is asked once more, with your feedback, which may cost as much as the first time. Its answer stands beside the one above, as another hypothesis.";
const OFFLINE = "This job was annotated by marker scoring: no language model was asked, so there is none to annotate the cluster again or to ask about it.";

const typed = new Map(); // by cluster: feedback that was not sent

export function startClusterParts() {
  let row = null;
  const again = h("div", { class: "revisions" });
  const renew = () => row && again.replaceChildren(...revisionsOf(row));
  onRevisions(renew);
  on("opened", (opened) => {
    row = opened.row;
    const column = opened.place.parentElement;
    (column.querySelector(".markers") ?? opened.place).before(again);
    if (state.page.offline) column.append(h("p", { class: "note model-needed" }, OFFLINE));
    else column.append(againForm(row), chatOf(row));
    renew();
  });
  if (!state.page.offline) readRevisions();
}

function againForm(row) {
  const id = keyOf(row);
  const field = h("textarea", { id: "again-feedback", rows: 3, maxlength: 2000 });
  field.value = typed.get(id) ?? "";
  const status = h("p", { role: "status", class: "soft" });
  const button = h("button", { type: "submit" }, "Annotate again");
  const tell = (words, tone = "soft") => {
    status.className = tone;
    status.textContent = words;
  };

  async function sent(event) {
    event.preventDefault();
    const feedback = field.value.trim();
    if (!feedback) return tell("Say what the model is to reconsider.", "trouble");
    button.disabled = true;
    tell("Sending it to the server\u2026");
    try {
      const { revision } = await ask(`reannotate?${new URLSearchParams({ job_id: pageContext().jobId, cluster_id: serverId(id), feedback })}`, { method: "POST" });
      typed.delete(id);
      field.value = "";
      tell(`Revision ${revision} is on its way; it stands beside the answer above.`);
      readRevisions();
    } catch (error) {
      tell(error.message, "trouble"); // and what was typed stays
    }
    button.disabled = false;
  }

  const form = h("form", { class: "again", onsubmit: sent, oninput: () => typed.set(id, field.value), autocomplete: "off" }, h("div", { class: "field" }, h("label", { for: field.id }, "Your feedback"), field), h("p", { class: "buttons" }, button), status);
  return h("details", { class: "asking annotate-again", open: typed.has(id) }, h("summary", {}, "Annotate again"), h("p", { class: "note" }, NOTE), form);
}
