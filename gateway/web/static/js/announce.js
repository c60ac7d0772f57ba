// Words for those who hear the page: said once, at the next pause, wherever the focus is.

import { _ } from "./words.js";

const MOST_SAID = 400; // characters: what is longer is read where it stands

/** Say it, also where it is what was said last. */
export function announce(words) {
  const place = document.querySelector("#announcer");
  if (!place) return;
  place.textContent = "";
  requestAnimationFrame(() => {
    place.textContent = words;
  });
}

/** Say a reply that has come to its end, and that it was broken off, where it was. */
export function announceReply(message) {
  if (message?.dataset.role !== "assistant") return;
  const text = message.querySelector(".body, .raw").textContent.replace(/\s+/g, " ").trim();
  const broken = message.querySelector(".broken")?.textContent ?? "";
  if (text.length <= MOST_SAID) announce(_("Reply: %(text)s %(broken)s", { text, broken }).trim());
  else announce(_("A long reply, which begins: %(text)s… %(broken)s", { text: text.slice(0, MOST_SAID), broken }).trim());
}
