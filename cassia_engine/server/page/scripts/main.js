// Adds to the report what needs the server that this page comes from. It runs before the report's own script does.

import { on } from "../../../report/scripts/shared/store.js";
import { startClusterParts } from "./cluster/annotate-again.js";
import { startComposition } from "./composition/composition.js";
import { startServerCorrections } from "./corrections/server-corrections.js";
import { startExpression } from "./expression/expression.js";

const SENDS = "This page comes from a cassia server: what you look up, correct or ask in it goes to that server; feedback and questions go on to the model's provider.";

on("filled", () => {
  document.getElementById("sends").textContent = SENDS;
  startExpression();
  startComposition();
  startClusterParts();
  startServerCorrections();
});
