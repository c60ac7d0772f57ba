// A list to choose from while the focus stays in a field: https://www.w3.org/WAI/ARIA/apg/patterns/combobox/

import { freshId, h } from "../dom.js";

/** Options: `{value, label, hint?, leading?, trailing?}`. */
export class Listbox {
  constructor({ label, onChoose }) {
    this.onChoose = onChoose;
    this.id = freshId("list");
    this.element = h("div", { className: "listbox", role: "listbox", id: this.id, "aria-label": label });
    this.options = [];
    this.index = 0;
    // The field keeps the focus.
    this.element.addEventListener("pointerdown", (event) => event.preventDefault());
    this.element.addEventListener("click", (event) => {
      const index = [...this.element.querySelectorAll("[role=option]")].indexOf(event.target.closest("[role=option]"));
      if (index >= 0) this.onChoose(this.options[index]);
    });
  }

  show(options, { heading, empty, field, index = 0 } = {}) {
    this.options = options;
    this.index = Math.max(0, Math.min(index, options.length - 1));
    this.field = field;
    this.element.replaceChildren();
    if (heading) this.element.append(h("p", { className: "listbox-heading", role: "presentation" }, heading));
    if (!options.length && empty) this.element.append(h("p", { className: "listbox-empty", role: "presentation" }, empty));
    this.element.append(...options.map((option, at) => h("div", { role: "option", id: `${this.id}-${at}`, "aria-selected": "false" }, option.leading,
      h("span", { className: "option-main" }, h("span", { className: "option-label" }, option.label), option.hint && h("span", { className: "option-hint" }, option.hint)), option.trailing)));
    this.#mark();
  }

  get current() {
    return this.options[this.index];
  }

  /** Take a key of the field; true where it was for the list. */
  key(event) {
    if (!this.options.length || !["ArrowDown", "ArrowUp"].includes(event.key)) return false;
    event.preventDefault();
    const count = this.options.length;
    this.index = (this.index + (event.key === "ArrowDown" ? 1 : count - 1)) % count;
    this.#mark();
    return true;
  }

  #mark() {
    for (const [at, element] of this.element.querySelectorAll("[role=option]").entries()) {
      element.setAttribute("aria-selected", String(at === this.index));
      if (at === this.index) element.scrollIntoView({ block: "nearest" });
    }
    if (this.options.length) this.field?.setAttribute("aria-activedescendant", `${this.id}-${this.index}`);
    else this.field?.removeAttribute("aria-activedescendant");
  }
}
