// What the panel knows: the latest frame of each kind, and a log of what passed.

import { Emitter } from "../emitter.js";

const LOGGED = 150;
const LOG_KINDS = new Set(["request", "discord", "event"]);

/** Topics: "people", "keys", "limits", "switches", "log". */
export class Backstage extends Emitter {
  people = [];
  keys = [];
  limits = [];
  switches = { gateway: "up", upstream: "ok" };
  log = [];

  apply(frame) {
    const { kind } = frame;
    if (LOG_KINDS.has(kind)) {
      this.log.push(frame);
      if (this.log.length > LOGGED) this.log.shift();
      this.emit("log", frame);
    } else if (kind === "switches") {
      this.switches = { gateway: frame.gateway, upstream: frame.upstream };
      this.emit("switches");
    } else if (kind in this) {
      this[kind] = frame[kind];
      this.emit(kind);
    }
  }

  /** A new connection tells everything anew. */
  reset() {
    this.log = [];
    this.emit("log");
  }

  keysOf(userId) {
    return this.keys.filter((key) => key.user_id === userId);
  }

  limitsOf(userId) {
    return this.limits.filter((limit) => limit.user_id === userId);
  }
}
