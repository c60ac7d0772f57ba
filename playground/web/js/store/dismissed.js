// Ephemeral messages that were dismissed: Discord's client forgets them, and the server is not told.

const KEY = "playground-dismissed";

export class Dismissed {
  #ids;

  constructor(storage) {
    this.storage = storage;
    this.#ids = new Set(JSON.parse(storage.getItem(KEY) ?? "[]"));
  }

  has(id) {
    return this.#ids.has(id);
  }

  add(id) {
    this.#ids.add(id);
    this.storage.setItem(KEY, JSON.stringify([...this.#ids].slice(-200)));
  }
}
