// Texts to copy: the methods as they stand, in plain text.

import { h } from "../shared/dom.js";

export function startCopy(section) {
  const said = h("span", { class: "soft", role: "status" });
  const button = h("button", { type: "button", onclick: () => copyInto(said, section) }, "Copy the text");
  section.querySelector("h2").after(h("p", { class: "copy" }, button, " ", said));
}

async function copyInto(said, section) {
  const done = await copied(plainText(section));
  if (!done) selectText(section);
  said.textContent = done ? "Copied." : "This browser copies nothing by itself: the text is selected, press Ctrl-C or Cmd-C.";
}

// Paragraphs with an empty line between, then what to cite, a line each.
function plainText(section) {
  const texts = (selector) => [...section.querySelectorAll(selector)].map((element) => element.textContent.trim());
  const cited = texts(".cite li");
  return [...texts(".prose"), ...(cited.length ? [["To cite:", ...cited].join("\n")] : [])].join("\n\n") + "\n";
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function selectText(section) {
  const range = document.createRange();
  range.setStartAfter(section.querySelector(".copy"));
  range.setEndAfter(section.lastElementChild);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}
