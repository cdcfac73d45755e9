// One of a few choices as buttons, of which one is pressed.

import { h } from "../shared/dom.js";

/*
 * choices: [{button: its word}], the first one pressed; `chosen` is called with the one that is pressed then.
 */
export function choiceButtons(name, choices, chosen) {
  const group = h("div", { class: "choices", role: "group", "aria-label": name });
  choices.forEach((choice, place) => {
    const onclick = () => {
      press(group, place);
      chosen(choice);
    };
    group.append(h("button", { type: "button", "aria-pressed": String(place === 0), onclick }, choice.button));
  });
  return group;
}

// Shows the button at a place as the one that is pressed; -1 for none.
export function press(group, place) {
  [...group.querySelectorAll("button")].forEach((button, at) => button.setAttribute("aria-pressed", String(at === place)));
}
