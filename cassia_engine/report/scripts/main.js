// Reads the data of the page and starts its parts.

import { startCluster } from "./cluster.js";
import { startCopy } from "./copy.js";
import { startCorrections } from "./corrections.js";
import { tellFault } from "./dom.js";
import { startDotplot } from "./dotplot.js";
import { startGlance } from "./glance.js";
import { startLanding } from "./landing.js";
import { startLineage } from "./lineage.js";
import { startPaper } from "./paper.js";
import { startRoute } from "./route.js";
import { startScores } from "./scores.js";
import { fill } from "./store.js";
import { startTable } from "./table.js";
import { unpacked } from "./unpack.js";

async function main() {
  const at = (id) => document.getElementById(id);
  const land = startLanding();
  startPaper(at("overview"));
  const [links, rows] = await Promise.all([unpacked("links"), unpacked("rows")]);
  fill(JSON.parse(at("page-data").textContent), rows, links);
  startCorrections(at("corrections")); // first, as the table says "your label"
  startGlance(at("types"));
  const table = startTable(at("table"));
  startCluster(at("cluster-view"));
  startCopy(at("methods"));
  startRoute();
  await table;
  document.documentElement.classList.add("ready");
  startScores(at("scores"));
  await Promise.all([startDotplot(at("dotplot")), startLineage(at("lineage"))]);
  land();
  document.documentElement.classList.add("drawn");
}

main().catch(tellFault);
