// Elements made of data: text goes in as text and attributes as attributes; nothing is ever read as HTML.

export function h(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes, ...children) {
  const space = document.querySelector("svg.sprite").namespaceURI;
  return filled(document.createElementNS(space, tag), attributes, children);
}

export function icon(kind) {
  return svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `#i-${kind}` }));
}

// Text from outside, such as names and replies: its direction of writing stays its own.
export function bdi(text) {
  return h("bdi", {}, text);
}

export function genes(list) {
  return list.flatMap((gene, place) => [place ? ", " : "", h("bdi", { class: "gene" }, gene)]);
}

export function pips(n) {
  const three = [0, 1, 2].map((place) => h("i", { class: place < n ? "on" : null }));
  return h("span", { class: "pips", "aria-hidden": "true" }, three);
}

export function scoreBar(score) {
  return svg(
    "svg",
    { class: "bar", viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "rail", width: 100, height: 1 }),
    svg("rect", { width: score, height: 1 }),
  );
}

export function counted(n, noun) {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}

// Shows a part of the page that has something to show now, and the link to it.
export function reveal(place) {
  const section = place.closest("section");
  section.hidden = false;
  for (const link of document.querySelectorAll("nav a[hidden]")) {
    if (link.hash === `#${section.id}`) link.hidden = false;
  }
}

// Says in the page what went wrong; whoever looks into the console finds where.
export function tellFault(error) {
  const fault = document.getElementById("fault");
  fault.textContent = `The table, the clusters and the pictures cannot be drawn in this browser: ${error.message}`;
  fault.hidden = false;
  throw error;
}

// Attributes that are null or false are not set, true ones are set empty; "on..." adds a listener.
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}
