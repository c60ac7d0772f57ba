// Short words about what just happened or was refused; read out, gone after a while.

import { h } from "../dom.js";
import { icon } from "../icons.js";

const SHOWN_MS = 6000;

export class Toasts {
  constructor() {
    this.element = h("div", { className: "toasts", role: "status", "aria-live": "polite" });
  }

  show(words, kind = "bad") {
    const toast = h("p", { className: `toast ${kind}` }, icon(kind === "bad" ? "warning" : "check"), words);
    this.element.append(toast);
    while (this.element.children.length > 3) this.element.firstChild.remove();
    setTimeout(() => toast.remove(), SHOWN_MS);
  }
}
