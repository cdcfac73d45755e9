// Reads the data of the page and starts its parts.

import { startCluster } from "./cluster/view.js";
import { startCorrections } from "./corrections/corrections.js";
import { startCopy } from "./page/copy-methods.js";
import { startLanding } from "./page/landing.js";
import { startOverview } from "./page/overview.js";
import { startPrinting } from "./page/printing.js";
import { startRoute } from "./page/route.js";
import { startDotplot } from "./plots/dot-plot.js";
import { startEmbedding } from "./plots/embedding.js";
import { startLineage } from "./plots/lineage-tree.js";
import { startScores } from "./plots/scores.js";
import { tellFault } from "./shared/dom.js";
import { emit, fill } from "./shared/store.js";
import { unpacked } from "./shared/unpack.js";
import { startTable } from "./table/table.js";

async function main() {
  const at = (id) => document.getElementById(id);
  const land = startLanding();
  startPrinting(at("overview"));
  const [links, rows] = await Promise.all([unpacked("links"), unpacked("rows")]);
  fill(JSON.parse(at("page-data").textContent), rows, links);
  startCorrections(at("corrections")); // first, as the table says "your label"
  emit("filled");
  startOverview(at("types"));
  const table = startTable(at("table"));
  startCluster(at("cluster-view"));
  startCopy(at("methods"));
  startRoute();
  await table;
  document.documentElement.classList.add("ready");
  startScores(at("scores"));
  await Promise.all([startEmbedding(at("cells")), startDotplot(at("dotplot")), startLineage(at("lineage"))]);
  land();
  document.documentElement.classList.add("drawn");
}

main().catch(tellFault);
