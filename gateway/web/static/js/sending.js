// A prompt on its way to the gateway, and the events of its answer on their way back.

import { _ } from "./words.js";

/** What the gateway, or the way there, answered instead of a reply. */
export class Refused extends Error {
  constructor(message, { status = 0, code = "" } = {}) {
    super(message);
    Object.assign(this, { status, code });
  }
}

/** The events `{name, data}` of a prompt's answer. With files `progress` is told how much of them, of 1, is there. */
export async function* answerTo(body, page, { signal, progress }) {
  const headers = { "Content-Type": "application/json", "X-Rolekey-CSRF": page.csrf };
  const send = body.attachments?.length ? sendTelling(progress) : sendQuietly;
  let answer;
  try {
    answer = await send(`${page.root}reply`, headers, JSON.stringify(body), signal);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(_("The gateway cannot be reached. Check your connection, then send it again."));
  }
  if (answer.status !== 200) throw refusal(answer.status, await answer.text());
  yield* eventsOf(answer.pieces);
}

async function sendQuietly(address, headers, body, signal) {
  const response = await fetch(address, { method: "POST", headers, body, signal });
  return { status: response.status, text: () => response.text(), pieces: piecesOf(response) };
}

async function* piecesOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** The same by XMLHttpRequest, since fetch does not tell how much of a body has been sent. */
function sendTelling(progress) {
  return (address, headers, body, signal) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      let wake = () => {};
      request.upload.addEventListener("progress", ({ loaded, total }) => progress(loaded / total));
      request.addEventListener("error", () => reject(new TypeError("broken off")));
      request.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
      request.addEventListener("readystatechange", () => {
        if (request.readyState < XMLHttpRequest.HEADERS_RECEIVED || !request.status) return wake();
        if (request.readyState > XMLHttpRequest.HEADERS_RECEIVED) return wake();
        const changed = () => new Promise((resolved) => { wake = resolved; });
        return resolve({ status: request.status, text: () => wholeOf(request, changed), pieces: growthOf(request, changed) });
      });
      signal.addEventListener("abort", () => request.abort());
      request.addEventListener("progress", () => wake());
      request.open("POST", address);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.send(body);
    });
}

async function* growthOf(request, changed) {
  let read = 0;
  for (;;) {
    const next = changed();
    const text = request.responseText;
    if (text.length > read) {
      yield text.slice(read);
      read = text.length;
    } else if (request.readyState === XMLHttpRequest.DONE) {
      if (!request.status) throw new TypeError("broken off");
      return;
    } else await next;
  }
}

async function wholeOf(request, changed) {
  while (request.readyState !== XMLHttpRequest.DONE) await changed();
  return request.responseText;
}

async function* eventsOf(pieces) {
  let open = "";
  for await (const piece of pieces) {
    const frames = (open + piece).split("\n\n");
    open = frames.pop();
    for (const frame of frames) {
      const name = /^event: (.*)$/m.exec(frame)?.[1];
      if (name) yield { name, data: JSON.parse(/^data: (.*)$/m.exec(frame)[1]) };
    }
  }
}

function refusal(status, text) {
  let told = null;
  try {
    told = JSON.parse(text);
  } catch {
    // what stands between answered, in words of its own
  }
  const words = told?.message ?? _("The gateway answered %(status)s. Send it again in a moment.", { status });
  return new Refused(words, { status, code: told?.error?.code });
}
