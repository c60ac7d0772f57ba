// Dark or light: as the system has it, until somebody chooses.

const KEY = "playground-theme";

export class Theme {
  constructor(storage, root = document.documentElement) {
    this.storage = storage;
    this.root = root;
    this.#apply(storage.getItem(KEY));
  }

  get dark() {
    return (this.root.dataset.theme ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark")) === "dark";
  }

  toggle() {
    const theme = this.dark ? "light" : "dark";
    this.storage.setItem(KEY, theme);
    this.#apply(theme);
  }

  #apply(theme) {
    if (theme) this.root.dataset.theme = theme;
  }
}
