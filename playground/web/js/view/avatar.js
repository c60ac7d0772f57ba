// Pictures of people: initials on a colour of their own. Only the playground's own files are ever loaded.

import { h } from "../dom.js";
import { icon } from "../icons.js";

const COLOURS = 6;

/** Which of the default colours somebody has. https://discord.com/developers/docs/reference#image-formatting-cdn-endpoints */
const colourOf = (id) => Number((BigInt(id || 0) >> 22n) % BigInt(COLOURS));

export const initials = (name) => name.trim().split(/\s+/).slice(0, 2).map((word) => [...word][0] ?? "").join("").toUpperCase();

/** A round picture, decoration beside a name. */
export function avatar(user, { name = user.global_name ?? user.username ?? "?", className = "" } = {}) {
  const properties = { className: `avatar c${colourOf(user.id)} ${user.bot ? "app" : ""} ${className}`, "aria-hidden": "true" };
  return h("span", properties, user.bot ? icon("key") : initials(name).slice(0, 1));
}

/** The small picture beside an embed's author or footer; Discord's default avatars are drawn, others need our files. */
export function embedIcon(url, name, media) {
  const standard = /\/embed\/avatars\/(\d)\.png/.exec(url ?? "");
  if (standard) return h("span", { className: `avatar c${Number(standard[1]) % COLOURS} tiny`, "aria-hidden": "true" }, initials(name ?? "?").slice(0, 1));
  const source = media(url);
  return source && h("img", { className: "avatar tiny", src: source, alt: "" });
}
