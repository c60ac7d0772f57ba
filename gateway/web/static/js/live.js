// A part of a page that is looked at anew while somebody sees it. What changed is told to those who cannot see it.

import { parse } from "./html.js";
import { _ } from "./words.js";

/** Keep every `[data-live]` fresh; its value is how often, in seconds. What comes back are acts for buttons. */
export function live() {
  const parts = [...document.querySelectorAll("[data-live]")].map((part) => new Part(part));
  return {
    "pause-live": (button) => {
      const paused = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(paused));
      for (const part of parts) part.pause(paused);
    },
  };
}

class Part {
  #part;
  #told;
  #paused = false;
  #timer = 0;

  constructor(part) {
    this.#part = part;
    this.#told = document.getElementById(part.dataset.told);
    document.addEventListener("visibilitychange", () => this.#wake());
    this.#wake();
  }

  pause(paused) {
    this.#paused = paused;
    this.#wake();
  }

  #wake() {
    clearTimeout(this.#timer);
    if (this.#paused || document.hidden) return;
    this.#timer = setTimeout(() => this.#look(), this.#part.dataset.live * 1000);
  }

  async #look() {
    try {
      const response = await fetch(location.href);
      if (response.redirected) return location.assign(response.url);
      const fresh = response.ok && parse(await response.text()).querySelector("[data-live]");
      if (fresh) this.#take(document.adoptNode(fresh));
      else this.#tell(_("The gateway cannot tell right now; the page tries again."));
    } catch {
      this.#tell(_("The gateway cannot be reached; the page tries again."));
    }
    return this.#wake();
  }

  #take(fresh) {
    const before = statesIn(this.#part);
    const changed = [...statesIn(fresh)].filter(([name, state]) => before.get(name) !== state);
    this.#tell(changed.map(([name, state]) => `${name}: ${state}`).join("; "));
    // The frame that scrolls stays, and with it the place it was scrolled to and the focus.
    const [old, now] = [this.#part, fresh].map((part) => part.querySelector("tbody"));
    old.replaceWith(now);
    this.#part.lastElementChild.replaceWith(fresh.lastElementChild);
  }

  #tell(words) {
    if (this.#told.textContent !== words) this.#told.textContent = words;
  }
}

const statesIn = (part) => new Map([...part.querySelectorAll("[data-state]")].map((row) => [row.dataset.row, row.dataset.state]));
