// Texts between a served page and its server: events of a chat, and what errors say.

import assert from "node:assert/strict";
import { test } from "node:test";

import { turnsOf } from "../../cassia_engine/server/page/scripts/cluster/chat.js";
import { eventReader } from "../../cassia_engine/server/page/scripts/cluster/event-stream.js";
import { problemOf } from "../../cassia_engine/server/page/scripts/shared/server.js";
import { visible } from "../../cassia_engine/server/page/scripts/shared/texts.js";

function heard(...pieces) {
  const events = [];
  const next = eventReader((name, data) => events.push([name, data]));
  pieces.forEach(next);
  return events;
}

test("events are read however the text is cut", () => {
  const text = 'event: message\r\ndata: {"text": "a"}\r\n\r\n: a comment\ndata: one\ndata:  two\n\nevent: done\ndata: {}\n\nevent: half\ndata: lost';
  const whole = [["message", '{"text": "a"}'], ["message", "one\n two"], ["done", "{}"]];
  assert.deepEqual(heard(text), whole);
  for (let at = 0; at < text.length; at += 1) assert.deepEqual(heard(text.slice(0, at), text.slice(at)), whole, String(at));
  assert.deepEqual(heard(...text), whole);
});

test("an event without data is none", () => {
  assert.deepEqual(heard("event: ping\n\ndata: x\n\n"), [["message", "x"]]);
});

test("turns are sent in turn, the first and the last of the person, and no more than a server takes", () => {
  const user = (content) => ({ role: "user", content });
  const model = (content) => ({ role: "assistant", content });
  assert.deepEqual(turnsOf([user("lost"), user("a"), model("b"), user("c")]), [user("a"), model("b"), user("c")]);
  const long = Array.from({ length: 101 }, (_, n) => (n % 2 ? model("x".repeat(9000)) : user(String(n))));
  const sent = turnsOf(long);
  assert.deepEqual([sent.length, sent[0].role, sent.at(-1), sent[1].content.length], [39, "user", user("100"), 4000]);
});

test("a refusal is a sentence, whoever wrote it", () => {
  assert.equal(problemOf(404, '{"error_code": "NOT_FOUND", "message": "there is no gene X"}'), "There is no gene X.");
  assert.equal(problemOf(503, "the server could not answer; its log says why"), "The server could not answer; its log says why. Try again in a moment.");
  assert.equal(problemOf(502, "<html><h1>Bad gateway"), "The server could not answer. Try again in a moment.");
  assert.equal(problemOf(418, ""), "The server answered 418.");
  assert.match(problemOf(401, '{"message": "no token"}'), /^You are no longer signed in/);
});

test("what cannot be seen is named", () => {
  assert.equal(visible("a\u202eb\u0007\n\ud800<b>\ufeff"), "a[U+202E]b[U+0007]\n[U+D800]<b>[U+FEFF]");
  assert.equal(visible("é 👩‍🔬"), "é 👩‍🔬");
});
