// The packed parts of the page: base64 of a zlib stream of JSON, read when they are wanted, and once.

const unpackedParts = new Map();

export function unpacked(name) {
  if (!unpackedParts.has(name)) {
    unpackedParts.set(name, inflated(document.getElementById(`packed-${name}`).textContent));
  }
  return unpackedParts.get(name);
}

// Whether the page has this part: what is known of cells is not on every page.
export function isPacked(name) {
  return document.getElementById(`packed-${name}`) !== null;
}

// The bytes of a zlib stream in base64.
export async function inflatedBytes(base64) {
  return new Uint8Array(await streamed(base64).arrayBuffer());
}

function inflated(base64) {
  return streamed(base64).json();
}

function streamed(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place += 1) bytes[place] = text.charCodeAt(place);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream);
}
