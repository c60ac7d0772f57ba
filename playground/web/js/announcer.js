// Reads new messages of the open channel out. A message that streams is said once, when it has come to rest.

import { h } from "./dom.js";

const REST_MS = 1500;
const LONGEST = 400;

export class Announcer {
  #waiting = new Map();

  constructor() {
    this.element = h("div", { className: "sr-only", role: "log", "aria-live": "polite", "aria-label": "New messages" });
  }

  /** A message came or changed; `words` is how to say it now. */
  note(id, words) {
    clearTimeout(this.#waiting.get(id)?.timer);
    this.#waiting.set(id, { timer: setTimeout(() => this.#say(id, words), REST_MS) });
  }

  forget() {
    for (const { timer } of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
  }

  #say(id, words) {
    this.#waiting.delete(id);
    this.element.append(h("p", {}, words.length > LONGEST ? `${words.slice(0, LONGEST)} …` : words));
    while (this.element.children.length > 5) this.element.firstChild.remove();
  }
}
