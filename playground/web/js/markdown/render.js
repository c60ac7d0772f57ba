// The tree of a message to elements. Text goes in as text, links open outside and only over http(s).

import { h, quiet } from "../dom.js";
import { icon, withEmoji } from "../icons.js";
import { fullTime, stamp } from "../time.js";
import { highlight } from "./highlight.js";
import { parse, parseInline } from "./parse.js";

/**
 * A message's text as nodes. `names` says what mentions mean: `user(id)`, `role(id)`, `channel(id)` answer
 * `{name, colour?}` or undefined, and `openChannel(id)`, `openCommand(name, id)` are what a click does.
 */
export function markdown(text, names) {
  return parse(text).map((node) => element(node, names));
}

/** The same with inline marks only: titles, previews, labels. */
export function inlineMarkdown(text, names) {
  return parseInline(text).map((node) => element(node, names));
}

const all = (node, names) => node.children.map((child) => element(child, names));

const MAKERS = {
  text: (node) => withEmoji(node.text),
  strong: (node, names) => h("strong", {}, all(node, names)),
  em: (node, names) => h("em", {}, all(node, names)),
  underline: (node, names) => h("u", {}, all(node, names)),
  strike: (node, names) => h("s", {}, all(node, names)),
  spoiler: (node, names) => spoiler(all(node, names)),
  code: (node) => h("code", { className: "code" }, node.text),
  fence: (node) => fence(node),
  heading: (node, names) => h("div", { className: `heading h${node.level}`, role: "heading", "aria-level": node.level + 2 }, all(node, names)),
  subtext: (node, names) => h("small", { className: "subtext" }, all(node, names)),
  quote: (node, names) => h("blockquote", {}, all(node, names)),
  list: (node, names) => h(node.ordered ? "ol" : "ul", { start: node.start }, all(node, names)),
  item: (node, names) => h("li", {}, all(node, names)),
  link: (node, names) => link(node, names),
  time: (node) => time(node),
  emoji: (node) => `:${node.name}:`,
  everyone: (node) => h("span", { className: "mention" }, node.text),
  user: (node, names) => h("span", { className: "mention" }, `@${names.user(node.id)?.name ?? "unknown-user"}`),
  role: (node, names) => role(names.role(node.id)),
  channel: (node, names) => channel(node.id, names),
  command: (node, names) => h("button", { type: "button", className: "mention", onclick: () => names.openCommand?.(node.name, node.id) }, `/${node.name}`),
};

const element = (node, names) => MAKERS[node.kind](node, names);

function role(found) {
  if (!found) return h("span", { className: "mention" }, "@deleted-role");
  return h("span", { className: "mention role", vars: found.colour && { role: found.colour } }, `@${found.name}`);
}

function channel(id, names) {
  const found = names.channel(id);
  if (!found) return h("span", { className: "mention" }, "# unknown");
  const sign = icon(found.thread ? "thread" : "hash");
  return h("button", { type: "button", className: "mention", onclick: () => names.openChannel?.(id) }, sign, found.name);
}

function link(node, names) {
  // Whoever shows another address in the words of a masked link shows this one on pointing at it.
  const properties = { href: node.url, target: "_blank", rel: "noreferrer noopener", title: node.masked && node.url };
  return h("a", properties, all(node, names));
}

function time(node) {
  const words = stamp(node.seconds, node.style);
  if (words === undefined) return `<t:${node.seconds}>`;
  return h("time", { className: "stamp", title: fullTime(new Date(node.seconds * 1000)) }, words);
}

function spoiler(children) {
  const inside = h("span", { className: "inside", "aria-hidden": "true" }, children);
  const button = h("span", { className: "spoiler", role: "button", tabindex: "0", "aria-label": "Spoiler, press to reveal" }, inside);
  const reveal = (event) => {
    if (event.type === "keydown" && !["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    button.classList.add("revealed");
    for (const name of ["role", "tabindex", "aria-label"]) button.removeAttribute(name);
    inside.removeAttribute("aria-hidden");
  };
  button.addEventListener("click", reveal, { once: true });
  button.addEventListener("keydown", reveal);
  return button;
}

function fence(node) {
  const code = h("code", {});
  highlight(code, node.text, node.language);
  const said = quiet("");
  said.setAttribute("role", "status");
  const copy = h("button", { type: "button", className: "copy", "aria-label": "Copy code", data: { focus: "copy" } }, icon("copy"));
  copy.addEventListener("click", async () => {
    await navigator.clipboard?.writeText(node.text).catch(() => {});
    copy.replaceChildren(icon("check"));
    said.textContent = "Copied";
  });
  const label = node.language && h("span", { className: "language", "aria-hidden": "true" }, node.language);
  return h("div", { className: "fence" }, label, copy, said, h("pre", { tabindex: "0", "aria-label": `Code${node.language ? ` in ${node.language}` : ""}` }, code));
}
