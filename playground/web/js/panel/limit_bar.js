// A limit as a bar: how much of it is spent, and when it starts anew.

import { h } from "../dom.js";
import { left } from "../time.js";

const NAMES = {
  requests_per_minute: "Requests a minute", tokens_per_day: "Tokens a day", cost_per_month_usd: "Cost a month", concurrent: "At once",
};
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export function limitBar({ limit, used, most, resets_at: resetsAt }) {
  const share = most ? Math.min(1, used / most) : 0;
  const level = share >= 1 ? "spent" : share >= 0.8 ? "low" : "fine";
  const name = NAMES[limit] ?? limit.replaceAll("_", " ");
  const amount = limit.endsWith("_usd") ? (value) => `$${value.toFixed(2)}` : (value) => compact.format(value);
  const words = most ? `${amount(used)} of ${amount(most)}` : `${amount(used)}, no limit`;
  return h("div", { className: `limit ${level}` },
    h("span", { className: "limit-name" }, name), h("span", { className: "limit-words" }, words, level === "spent" && resetsAt ? ` · ${left(resetsAt)}` : ""),
    h("div", { className: "bar", role: "meter", "aria-label": name, "aria-valuemin": "0", "aria-valuemax": String(most || used), "aria-valuenow": String(Math.min(used, most || used)), "aria-valuetext": words },
      h("i", { vars: { share: String(share) } })));
}
