// A key is shown once: a look back, a reload or a copy of the page that the browser keeps must not show it again.

import { copy } from "./code.js";

const shown = document.querySelector("[data-once]");

/** Copy what is shown once. */
export function copyOnce(button) {
  return copy(shown.textContent, button.querySelector("span"));
}

/** Let a reload lead on to where `data-once` points, in place of sending the form again, and blot out what is left. */
export function showOnce() {
  if (!shown) return;
  history.replaceState(null, "", shown.dataset.once);
  addEventListener("pagehide", () => {
    shown.textContent = "";
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
}
