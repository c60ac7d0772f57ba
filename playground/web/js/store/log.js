import { bySnowflake } from "../time.js";

/** The messages of a channel that were read so far, oldest first. Each change to one gives it a new `revision`. */
export class MessageLog {
  #byId = new Map();
  #revision = 0;
  // What happened to messages before they were read.
  #changed = new Map();
  #deleted = new Set();
  /** Whether the oldest message is here. */
  whole = false;
  /** Whether the newest were read; until then only what happens meanwhile is here. */
  read = false;

  get all() {
    return [...this.#byId.values()].sort((a, b) => bySnowflake(a.message.id, b.message.id));
  }

  get(id) {
    return this.#byId.get(id)?.message;
  }

  put(message) {
    this.#byId.set(message.id, { message, revision: ++this.#revision });
  }

  /** Take in what changed; an update may hold only some of the fields. */
  patch(id, change) {
    const message = this.get(id);
    if (message) this.put({ ...message, ...change });
    else this.#changed.set(id, { ...this.#changed.get(id), ...change });
    return Boolean(message);
  }

  /** Take in messages as they were read, which may be older than what happened meanwhile. */
  fill(messages) {
    for (const message of messages) {
      if (!this.#byId.has(message.id) && !this.#deleted.has(message.id)) this.put({ ...message, ...this.#changed.get(message.id) });
      this.#changed.delete(message.id);
    }
  }

  delete(id) {
    this.#deleted.add(id);
    return this.#byId.delete(id);
  }
}
