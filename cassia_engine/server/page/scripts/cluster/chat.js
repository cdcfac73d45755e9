// A chat about a cluster: what was asked and answered, and what goes wrong. No part of the page is touched here.

import { posting, request, serverId, pageContext } from "../shared/server.js";
import { readEvents } from "./event-stream.js";

// What the server takes.
const MOST_TURNS = 39;
const LONGEST_TURN = 4000;

const BROKEN = "The answer broke off.";

// {messages: [{role, content}], partial: the answer that is coming or null, problem: "" or what went wrong}.
export function newChat(cluster) {
  return { cluster, messages: [], partial: null, problem: "", stop: null };
}

// Asks, and calls `changed` whenever there is more to show. What was asked stays, so that it can be asked again.
export async function say(chat, text, changed) {
  chat.messages.push({ role: "user", content: text });
  await answer(chat, changed);
}

export async function answer(chat, changed) {
  const control = new AbortController();
  Object.assign(chat, { partial: "", problem: "", stop: () => control.abort() });
  changed();
  let isDone = false;
  const hear = (name, data) => {
    const text = dataIn(data);
    if (name === "message") chat.partial += text.text ?? "";
    else if (name === "done") isDone = true;
    else if (name === "error") chat.problem = text.message ?? text.text ?? BROKEN;
    changed();
  };
  try {
    const body = { job_id: pageContext().jobId, cluster_id: serverId(chat.cluster), messages: turnsOf(chat.messages) };
    const response = await request("cluster_chat", { ...posting(body), signal: control.signal });
    await readEvents(response.body, hear);
    if (!isDone) chat.problem ||= BROKEN;
  } catch (error) {
    chat.problem = error.name === "AbortError" ? "You stopped the answer." : error instanceof TypeError ? BROKEN : error.message;
  }
  if (chat.partial) chat.messages.push({ role: "assistant", content: chat.partial });
  Object.assign(chat, { partial: null, stop: null });
  changed();
}

// Turns of a person and of the model one after the other: a question without an answer is asked no more.
export function turnsOf(messages) {
  const inTurn = messages.filter(({ role }, place) => role === "assistant" || messages[place + 1]?.role !== "user");
  return inTurn.slice(-MOST_TURNS).map(({ role, content }) => ({ role, content: content.slice(0, LONGEST_TURN) }));
}

function dataIn(data) {
  try {
    return JSON.parse(data) ?? {};
  } catch {
    return { text: data };
  }
}
