// Dark or light: as the system has it, until somebody chooses.

const KEY = "playground-theme";

export class Theme {
  #system = matchMedia("(prefers-color-scheme: light)");

  /** `onChange`: after it changed, by whomever. */
  constructor(storage, { onChange }, root = document.documentElement) {
    this.storage = storage;
    this.root = root;
    this.onChange = onChange;
    this.#apply();
    this.#system.addEventListener("change", () => this.#apply());
  }

  get dark() {
    return (this.storage.getItem(KEY) ?? (this.#system.matches ? "light" : "dark")) === "dark";
  }

  toggle() {
    this.storage.setItem(KEY, this.dark ? "light" : "dark");
    this.#apply();
  }

  #apply() {
    this.root.dataset.theme = this.dark ? "dark" : "light";
    this.onChange();
  }
}
