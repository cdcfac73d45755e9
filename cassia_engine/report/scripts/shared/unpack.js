// The packed parts of the page: base64 of a zlib stream of JSON, read when they are wanted, and once.

const unpackedParts = new Map();

export function unpacked(name) {
  if (!unpackedParts.has(name)) {
    unpackedParts.set(name, inflated(document.getElementById(`packed-${name}`).textContent));
  }
  return unpackedParts.get(name);
}

async function inflated(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place += 1) bytes[place] = text.charCodeAt(place);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}
