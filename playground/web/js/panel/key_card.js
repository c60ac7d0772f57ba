// A key as one may see it: masked, its tier, how long its lease lasts, its state.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { fromNow, left } from "../time.js";

const STATES = { active: "alive", disabled: "disabled", revoked: "revoked" };

/** `changed`: what is different from before, to be lit up: a set of "tier", "state", "new". `since`: for how many ms already. */
export function keyCard(key, { changed = new Set(), since = 0 } = {}) {
  const lit = [...changed].map((what) => `lit-${what}`).join(" ");
  return h("div", { className: `key-card ${key.state} ${lit}`, data: { key: key.key }, vars: { since: `${-since}ms` } }, [
    h("div", { className: "key-top" }, icon("key"), h("code", {}, key.key), tierBadge(key.tier)),
    h("div", { className: "key-facts" },
      h("span", { className: `key-state ${key.state}` }, h("i", { "aria-hidden": "true" }), STATES[key.state] ?? key.state),
      key.state === "active" && key.expires_at && h("span", { title: new Date(key.expires_at).toLocaleString() }, `lease: ${left(key.expires_at)} left`),
      key.last_used_at && h("span", {}, `used ${fromNow(key.last_used_at)}`)),
  ]);
}

export const tierBadge = (tier) => h("span", { className: `tier ${tier}` }, tier);

/** Which parts of a key are not as they were. */
export function differences(before, now) {
  if (!before) return new Set(["new"]);
  return new Set(["tier", "state"].filter((part) => before[part] !== now[part]));
}
