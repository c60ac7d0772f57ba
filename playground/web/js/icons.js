// Line icons on a 24-unit grid, drawn here so that nothing is fetched, and the few emoji the bot uses.

import { s } from "./dom.js";

const PATHS = {
  hash: "M9.5 4 7.5 20M16.5 4l-2 16M4.5 9h16M3.5 15h16",
  thread: "M5 4v9a3 3 0 0 0 3 3h11M15 12l4 4-4 4",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13z",
  at: "M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0zm0 0v1.5a2.5 2.5 0 0 0 5 0V12a9 9 0 1 0-3.6 7.2",
  chevron: "m8 10 4 4 4-4",
  right: "m10 7 5 5-5 5",
  left: "m14 7-5 5 5 5",
  close: "M6 6l12 12M18 6 6 18",
  plus: "M12 5v14M5 12h14",
  send: "M4 12 20 4.5 15 20l-3.2-6.3zM11.8 13.7 20 4.5",
  menu: "M4 7h16M4 12h16M4 17h16",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  reply: "M10 7 4.5 12.5 10 18M5 12.5h9a6 6 0 0 1 6 6V19",
  bin: "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13M10.5 11v5.5M13.5 11v5.5",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  panel: "M4 5h16v14H4zM14.5 5v14",
  compass: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM15.5 8.5l-2 5-5 2 2-5z",
  key: "M14.5 4.5a5 5 0 1 0 1.8 9.5l.2-.1M11 13l-7.5 7.5M6 18l2.5 2.5M16.5 8h.01M14.5 4.5a5 5 0 0 1 2 9.4",
  bolt: "M13 3 5 14h6l-1 7 8-11h-6z",
  file: "M6 3h8l4 4v14H6zM14 3v4.5h4",
  external: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  warning: "M12 4 2.8 20h18.4zM12 10v5M12 17.5h.01",
  check: "m5 12.5 4.5 4.5L19 7.5",
  door: "M14 4H6v16h8M17 8l4 4-4 4M21 12H10",
  enter: "M10 4h8v16h-8M3 12h11M10 8l4 4-4 4",
  crown: "M4 18h16M4 15l-1-8 5 3.5L12 5l4 5.5L21 7l-1 8z",
  app: "M5 5h5v5H5zM14 5h5v5h-5zM5 14h5v5H5zM14 14h5v5h-5z",
  coin: "M12 4c4.4 0 8 1.6 8 3.5S16.4 11 12 11 4 9.4 4 7.5 7.6 4 12 4zM4 7.5v4.5c0 1.9 3.6 3.5 8 3.5s8-1.6 8-3.5V7.5M4 12v4.5C4 18.4 7.6 20 12 20s8-1.6 8-3.5V12",
  plug: "M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4",
  cloud: "M7 18h10a4 4 0 0 0 .5-8A6 6 0 0 0 6 9.5 4.3 4.3 0 0 0 7 18z",
  people: "M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM2.5 20c.3-3.5 3-5.5 6.5-5.5s6.2 2 6.5 5.5M16 5.5a3.3 3.3 0 0 1 0 6.2M18 15c2 .8 3.3 2.4 3.5 5",
  pulse: "M3 12h4l3-8 4 16 3-8h4",
  slash: "M15 4 9 20",
  archive: "M4 5h16v4H4zM5.5 9v10h13V9M10 13h4",
  down: "M12 5v14M6 13l6 6 6-6",
};

/** A decorative icon; whoever uses it says in words what it means. */
export function icon(name, className = "") {
  return s("svg", { class: `icon ${className}`, viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: PATHS[name] }));
}

const SHAPES = {
  "💬": [["path", { d: "M12 3c5.5 0 9.5 3.3 9.5 7.6s-4 7.6-9.5 7.6c-1 0-2-.1-2.9-.3L4.5 21l.8-4.3C3.5 15.2 2.5 13 2.5 10.6 2.5 6.3 6.5 3 12 3z", fill: "#b4c3d3" }], ["path", { d: "M7.5 9.5h9M7.5 12.5h6", stroke: "#3d4a58", "stroke-width": "1.7", "stroke-linecap": "round" }]],
  "⚠️": [["path", { d: "M12 2.5 1.5 21h21z", fill: "#ffcc4d", stroke: "#ffcc4d", "stroke-width": "2", "stroke-linejoin": "round" }], ["path", { d: "M12 9v6M12 18h.01", stroke: "#3b2f10", "stroke-width": "2.4", "stroke-linecap": "round" }]],
  "⭐": [["path", { d: "m12 2 3 6.7 7.2.7-5.5 4.8 1.7 7.1L12 17.5l-6.4 3.8 1.7-7.1L1.8 9.4 9 8.7z", fill: "#ffac33" }]],
  "🔹": [["path", { d: "m12 5 7 7-7 7-7-7z", fill: "#55acee" }]],
  "🚫": [["path", { d: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM6 6l12 12", fill: "none", stroke: "#dd2e44", "stroke-width": "3" }]],
  "🔄": [["path", { d: "M4 10V9a4 4 0 0 1 4-4h9M14 2l3.5 3L14 8M20 14v1a4 4 0 0 1-4 4H7M10 22l-3.5-3L10 16", stroke: "#7fb8f0", "stroke-width": "2.2", "stroke-linecap": "round", "stroke-linejoin": "round" }]],
  "🗑️": [["path", { d: "M3.5 6h17M9 6V3.5h6V6M5.5 6l1 15h11l1-15M10 10v7M14 10v7", stroke: "#b4c3d3", "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round" }]],
  "⏹️": [["path", { d: "M5 5h14v14H5z", fill: "#dd2e44", stroke: "#dd2e44", "stroke-width": "2", "stroke-linejoin": "round" }]],
  "▶️": [["path", { d: "M7 4.5v15l12-7.5z", fill: "#7fb8f0", stroke: "#7fb8f0", "stroke-width": "2", "stroke-linejoin": "round" }]],
  "✏️": [["path", { d: "M4 20l1-4.5L16.5 4l3.5 3.5L8.5 19z", fill: "#ffcc4d", stroke: "#a8741a", "stroke-width": "1.4", "stroke-linejoin": "round" }]],
  "👍": [["path", { d: "M4 11h4v10H4zM9 11l3-8c2 0 2.7 1.5 2.3 3.3L13.7 9H19c1.6 0 2.3 1.2 2 2.5l-1.8 7.3c-.3 1.3-1.2 2.2-2.7 2.2H9z", fill: "#ffdb5e" }]],
  "❤️": [["path", { d: "M12 21S2.5 15.5 2.5 9A5 5 0 0 1 12 6.8 5 5 0 0 1 21.5 9C21.5 15.5 12 21 12 21z", fill: "#dd2e44" }]],
};
const DRAWN = new RegExp(Object.keys(SHAPES).map((each) => each.replace("\ufe0f", "\ufe0f?")).join("|"), "gu");

/** One emoji: drawn where we have it, so that it looks the same without an emoji font. */
export function emoji(symbol) {
  const shapes = SHAPES[symbol] ?? SHAPES[`${symbol}\ufe0f`];
  if (!shapes) return document.createTextNode(symbol);
  const drawing = shapes.map(([tag, attributes]) => s(tag, attributes));
  return s("svg", { class: "emoji", viewBox: "0 0 24 24", role: "img", "aria-label": symbol, fill: "none" }, ...drawing);
}

/** A text with its emoji drawn. */
export function withEmoji(text) {
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(DRAWN)) {
    if (match.index > at) parts.push(text.slice(at, match.index));
    parts.push(emoji(match[0]));
    at = match.index + match[0].length;
  }
  if (at < text.length || !parts.length) parts.push(text.slice(at));
  return parts;
}
