// A text as a file that the browser saves: nothing leaves the page.

export function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

// A file name without what file systems trip over.
export function fileName(name, ending) {
  const safe = name.replace(/[^\p{L}\p{N}._-]+/gu, "_").replace(/^[._]+|_+$/g, "").slice(0, 80);
  return `${safe || "cassia"}${ending}`;
}
