// What the tour can see of the page and do on it.

import { MessageFlag, isThread } from "../store/flags.js";

export class Watch {
  #seen;

  /** `hands`: `{be(name), compose(command, options), write(text), giveRole(name), leave(name), openThread(id)}`. */
  constructor({ world, backstage, place, hands, seen = [] }) {
    this.world = world;
    this.backstage = backstage;
    this.place = place;
    this.hands = hands;
    this.#seen = new Set(seen);
  }

  get seen() {
    return [...this.#seen];
  }

  saw(what) {
    return this.#seen.has(what);
  }

  forget() {
    this.#seen.clear();
  }

  is(name) {
    return (this.world.me.global_name ?? this.world.me.username) === name;
  }

  tierOf(name) {
    return this.#keys(name).find(({ state }) => state === "active")?.tier;
  }

  /** Whether somebody has left and no key of theirs is alive. */
  keyDead(name) {
    const person = this.backstage.people.find((each) => each.name === name);
    const left = person && !person.guilds.some(({ member }) => member);
    return Boolean(left) && this.#keys(name).every(({ state }) => state !== "active");
  }

  inThread() {
    const channel = this.world.channel(this.place());
    return Boolean(channel && isThread(channel));
  }

  /** Take in what I sent off, or what came. True where it was new to the tour. */
  note(what) {
    if (this.#seen.has(what)) return false;
    this.#seen.add(what);
    return true;
  }

  /** What a message that came means: an answer, a refusal, a follow-up. */
  noteMessage(message, tierAsked) {
    if (!message.author?.bot || message.flags & MessageFlag.LOADING) return false;
    const ephemeral = message.flags & MessageFlag.EPHEMERAL;
    if (ephemeral && tierAsked === "plus" && !this.saw("plus answer")) return this.note("refusal");
    if (!ephemeral && this.#written && message.channel_id === this.#written) return this.note("follow-up");
    if (!ephemeral && tierAsked) return this.note(tierAsked === "plus" ? "plus answer" : "free answer");
    return false;
  }

  #written;

  /** I wrote a message in a channel: what the bot says there next is a follow-up, if it is a thread. */
  noteWritten(channelId) {
    const channel = this.world.channel(channelId);
    if (channel && isThread(channel)) this.#written = channelId;
  }

  be(name) {
    return this.hands.be(name);
  }

  compose(command, options) {
    return this.hands.compose(command, options);
  }

  write(text) {
    return this.hands.write(text);
  }

  giveRole(name) {
    return this.hands.giveRole(name);
  }

  leave(name) {
    return this.hands.leave(name);
  }

  openThread() {
    const threads = [...this.world.guilds.values()].flatMap((guild) => [...guild.threads.values()]);
    const newest = threads.sort((a, b) => (BigInt(b.id) > BigInt(a.id) ? 1 : -1))[0];
    return newest && this.hands.openThread(newest.id);
  }

  #keys(name) {
    return this.backstage.keys.filter((key) => key.name === name);
  }
}
