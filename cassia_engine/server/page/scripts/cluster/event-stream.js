// Server-sent events, as they come in pieces of text.

// Gives a function that takes the next piece; `told` is called with the name and the data of each event that is whole.
export function eventReader(told) {
  let rest = "";
  let [name, data] = ["message", []];
  const line = (text) => {
    if (text === "") {
      if (data.length) told(name, data.join("\n"));
      [name, data] = ["message", []];
    } else if (text.startsWith("event:")) name = text.slice(6).trim();
    else if (text.startsWith("data:")) data.push(text.slice(5).replace(/^ /, ""));
  };
  return (piece) => {
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    lines.forEach(line);
  };
}

// Reads the body of a response to its end.
export async function readEvents(body, told) {
  const next = eventReader(told);
  const text = new TextDecoder();
  const reader = body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) next(text.decode(piece.value, { stream: true }));
  next("\n\n");
}
