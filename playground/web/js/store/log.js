import { bySnowflake } from "../time.js";

/** The messages of a channel that were read so far, oldest first. Each change to one gives it a new `revision`. */
export class MessageLog {
  #byId = new Map();
  #revision = 0;
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
    return Boolean(message);
  }

  delete(id) {
    return this.#byId.delete(id);
  }
}
