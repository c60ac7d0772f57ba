import { parse } from "./parse.js";

/** What a message says, without marks: for previews and for being read out. */
export function plainText(text, names) {
  return parse(text).map((node) => words(node, names)).join("").replace(/\s+/g, " ").trim();
}

function words(node, names) {
  if (node.kind === "fence") return ` code block: ${node.text} `;
  if (node.kind === "spoiler") return "spoiler";
  if (node.kind === "user") return `@${names.user(node.id)?.name ?? "unknown-user"}`;
  if (node.kind === "role") return `@${names.role(node.id)?.name ?? "deleted-role"}`;
  if (node.kind === "channel") return `#${names.channel(node.id)?.name ?? "unknown"}`;
  if (node.kind === "command") return `/${node.name}`;
  if (node.kind === "time") return new Date(node.seconds * 1000).toLocaleString();
  const inside = node.text ?? (node.children ?? []).map((child) => words(child, names)).join("");
  return ["item", "heading", "subtext", "quote", "list"].includes(node.kind) ? ` ${inside} ` : inside;
}
