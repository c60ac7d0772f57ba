// A copy button on every block of code.

import { announce } from "./announce.js";
import { _ } from "./words.js";

/** Put the buttons on what has none. */
export function dressCode(where) {
  for (const pre of where.querySelectorAll("pre.code:not(:has(.copy-code))")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy-code";
    button.dataset.act = "copy-code";
    button.textContent = _("Copy");
    pre.append(button);
  }
}

/** Copy a text, and say so on the button for a moment. */
export async function copy(text, button) {
  await navigator.clipboard.writeText(text);
  announce(_("Copied"));
  const [word, label] = [button.textContent, button.getAttribute("aria-label")];
  if (label) button.setAttribute("aria-label", _("Copied"));
  else button.textContent = _("Copied");
  setTimeout(() => {
    if (label) button.setAttribute("aria-label", label);
    else button.textContent = word;
  }, 1500);
}
