// Texts from the server, such as names of genes and what people say: shown as text, with nothing in them that is unseen.

import { h } from "../../../../report/scripts/shared/dom.js";

// As report/pack.py has them: control characters, those that turn the writing direction, and invisible ones.
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff]|\p{Cs}/gu;

export function visible(text) {
  return String(text).replace(UNSEEN, (one) => `[U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
}

export function shown(text) {
  return h("bdi", {}, visible(text));
}

// A time in the words of the reader's own clock.
export function moment(at) {
  return new Date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

export function percent(part) {
  return part > 0 && part < 0.005 ? "<1%" : `${Math.round(part * 100)}%`;
}

export function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 1000) return Math.round(value).toLocaleString("en");
  return size < 0.01 ? "<0.01" : String(Number(value.toPrecision(3)));
}
