// The server that this page comes from: what it says of the job, and requests to it.

let said = null;

// {jobId, who, hasArtifacts: {vars_h5, obs_duckdb}, clusters: the server's id by cluster, root: of its addresses}.
export function pageContext() {
  said ??= JSON.parse(document.getElementById("cassia-server").textContent);
  return said;
}

export function ofJob(part) {
  return `jobs/${encodeURIComponent(pageContext().jobId)}/${part}`;
}

// The id under which the server knows a cluster of the page, whose own is what the cluster is called.
export function serverId(cluster) {
  return Object.hasOwn(pageContext().clusters, cluster) ? pageContext().clusters[cluster] : cluster;
}

// The JSON that the server answers. Fails with a sentence for the page.
export async function ask(path, options = {}) {
  const response = await request(path, options);
  try {
    return await response.json();
  } catch {
    throw new Error("The server's answer cannot be read. Try again in a moment.");
  }
}

// What a request with a body as JSON is sent with.
export function posting(body) {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

// The response, if it is one of success.
export async function request(path, options) {
  let response = null;
  try {
    response = await fetch(pageContext().root + path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server cannot be reached. Try again once it runs.");
  }
  if (!response.ok) throw new Error(problemOf(response.status, await response.text()));
  return response;
}

// What a refusal says, as a sentence.
export function problemOf(status, text) {
  if (status === 401) return "You are no longer signed in. Sign in again in another tab, and repeat this.";
  const message = messageIn(text);
  if (status >= 500) return `${sentence(message || "The server could not answer")} Try again in a moment.`;
  return sentence(message || `The server answered ${status}`);
}

function messageIn(text) {
  try {
    return String(JSON.parse(text).message ?? "");
  } catch {
    return text.startsWith("<") ? "" : text.trim().slice(0, 300); // a proxy's page says nothing to a reader
  }
}

function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
