// What the clusters consist of, by any column of obs.

import { h } from "../../../../report/scripts/shared/dom.js";
import { shareHighlight } from "../../../../report/scripts/shared/highlight.js";
import { ask, ofJob, pageContext } from "../shared/server.js";
import { addSection, fillWith, whenNear } from "../shared/sections.js";
import { visible } from "../shared/texts.js";
import { barTable } from "./bars.js";
import { boxTable } from "./boxes.js";

const NO_COLUMNS = "This job came without obs.duckdb, so the columns of obs are not known here. Submit it again with the artifacts to see them.";

export function startComposition() {
  const { section, body } = addSection("composition", "Composition", "The cells of each cluster by a column of obs, such as donor, condition or phase.");
  whenNear(section, () => {
    if (!pageContext().hasArtifacts.obs_duckdb) body.append(h("p", { class: "notice" }, NO_COLUMNS));
    else fillWith(body, "Reading the columns\u2026", async () => chooser(await ask(ofJob("columns"))));
  });
}

function chooser({ columns, cluster_column: own }) {
  if (!columns.length) return h("p", { class: "notice" }, "The table obs has no columns.");
  const place = h("div", { class: "column" });
  const choice = h("select", { id: "any-column", onchange: () => show(place, columns[choice.selectedIndex].name) }, columns.map((one) => h("option", {}, optionWords(one, own))));
  const first = columns.findIndex((one) => one.kind === "categorical" && one.name !== own && one.n_values > 1);
  choice.selectedIndex = Math.max(0, first);
  show(place, columns[choice.selectedIndex].name);
  return [h("p", { class: "any-column" }, h("label", { for: choice.id }, "Column"), " ", choice), place];
}

function optionWords({ name, kind, n_values: count }, own) {
  if (name === own) return `${visible(name)} (the clusters)`;
  return `${visible(name)} (${kind === "numeric" ? "numbers" : `${count.toLocaleString("en")} value${count === 1 ? "" : "s"}`})`;
}

async function show(place, column) {
  const drawn = h("div", {});
  place.replaceChildren(drawn); // an answer to an earlier choice goes nowhere
  await fillWith(drawn, `Reading ${visible(column)}\u2026`, async () => {
    const found = await ask(ofJob(`composition?column=${encodeURIComponent(column)}`));
    return found.kind === "numeric" ? boxTable(found) : barTable(found);
  });
  shareHighlight(drawn)();
}
