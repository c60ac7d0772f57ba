// A prompt and its reply while that comes.

import { dressCode } from "./code.js";
import { add, show } from "./html.js";
import { _ } from "./words.js";

export class LiveReply {
  #asked;
  #reply;

  /**
   * Shown at the end of the messages, with the elements that show the prompt's files. Without a prompt it is a reply
   * alone; with `plain` it is text as it stands.
   */
  constructor({ prompt, files, plain }) {
    const messages = document.querySelector("#messages");
    messages.querySelector(".welcome")?.remove();
    const parts = document.querySelector("#live").content.cloneNode(true);
    [this.#asked, this.#reply] = parts.children;
    if (prompt === null) this.#asked.remove();
    else this.#asked.querySelector(".body").textContent = prompt;
    this.#asked.querySelector(".files").append(...files);
    this.#reply.querySelector(".body").className = plain ? "body plain" : "body markup";
    messages.append(parts);
  }

  grow({ finished, last }) {
    if (finished) add(this.#reply.querySelector(".finished"), finished);
    if (last || finished) show(this.#reply.querySelector(".last"), last);
    dressCode(this.#reply);
  }

  /** Nothing more comes. */
  end() {
    this.#reply.querySelector(".dots")?.remove();
    this.#reply.classList.remove("live");
  }

  sayItIsNotKept() {
    const words = document.createElement("p");
    words.className = "small broken";
    words.textContent = _("The gateway did not keep this reply. Copy what you need of it.");
    this.#reply.append(words);
  }

  remove() {
    this.#asked.remove();
    this.#reply.remove();
  }
}
