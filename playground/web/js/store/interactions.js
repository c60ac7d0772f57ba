// What I set off and what became of it: Discord tells by nonce and then by the interaction's id.

import { Emitter } from "../emitter.js";

const NO_ANSWER = "The application did not respond";

/**
 * Topics: "change" (channel id), "modal" (the form the application answers with), "settled" (the entry).
 * An entry: `{nonce, id, channelId, label, messageId?, customId?, state: "sent" | "failed", reason?}`.
 */
export class Interactions extends Emitter {
  #entries = new Map();
  #counter = 0;

  constructor(world, api) {
    super();
    this.world = world;
    this.api = api;
  }

  /** Set one off. Rejects with `Refused` where the playground does not take it. */
  async start(what, fields, { channelId, label, messageId, customId } = {}) {
    const nonce = `${Date.now()}-${++this.#counter}`;
    const entry = { nonce, channelId, label, messageId, customId, state: "sent", at: Date.now() };
    if (messageId) this.#forgetFailures(messageId);
    this.#entries.set(nonce, entry);
    this.emit("change", channelId);
    try {
      entry.id = (await this.api.act(this.world.me.id, what, { ...fields, nonce })).id ?? entry.id;
    } catch (error) {
      this.#end(entry);
      throw error;
    }
  }

  /** Take in an event about an interaction. */
  apply({ t: name, d: data }) {
    if (!name.startsWith("INTERACTION_")) return;
    if (name === "INTERACTION_MODAL_CREATE") {
      this.#settle(data);
      this.emit("modal", data);
    } else if (name === "INTERACTION_CREATE") {
      const entry = this.#entries.get(data.nonce);
      if (entry) entry.id = data.id;
    } else if (name === "INTERACTION_SUCCESS") this.#settle(data);
    else if (name === "INTERACTION_FAILURE") this.#fail(data);
  }

  /** Commands of mine in a channel that have not been answered. */
  inChannel(channelId) {
    return [...this.#entries.values()].filter((entry) => entry.channelId === channelId && !entry.messageId);
  }

  /** What goes on with a component of a message, or went wrong. */
  ofMessage(messageId) {
    return [...this.#entries.values()].filter((entry) => entry.messageId === messageId).at(-1);
  }

  dismiss(entry) {
    this.#end(entry);
  }

  clear() {
    this.#entries.clear();
  }

  #find({ nonce, id }) {
    return this.#entries.get(nonce) ?? [...this.#entries.values()].find((entry) => id && entry.id === id);
  }

  #settle(data) {
    const entry = this.#find(data);
    if (!entry) return;
    this.#end(entry);
    this.emit("settled", entry);
  }

  #fail(data) {
    const entry = this.#find(data);
    if (!entry) return;
    entry.state = "failed";
    entry.reason = data.reason ?? NO_ANSWER;
    this.emit("change", entry.channelId);
  }

  #forgetFailures(messageId) {
    for (const [nonce, entry] of this.#entries) if (entry.messageId === messageId) this.#entries.delete(nonce);
  }

  #end(entry) {
    this.#entries.delete(entry.nonce);
    this.emit("change", entry.channelId);
  }
}
