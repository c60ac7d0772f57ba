// Discord's Markdown to a tree. https://support.discord.com/hc/en-us/articles/210298617
// Blocks first (fences, headings, subtext, quotes, lists), then inline marks; what fits nothing stays the text it is.

const FENCE = /^```(?:([\w+#.-]{1,20})\n)?\n?([^]*?[^\n]|[^]*?)\n*```/;
const HEADING = /^(#{1,3}) +([^\n]+)/;
const SUBTEXT = /^-# +([^\n]+)/;
const LIST_LINE = /^( *)([-*]|\d{1,9}\.) +([^\n]*)/;
const MAX_DEPTH = 12;

/** The tree of a message: nodes `{kind, children?, …}`. */
export function parse(text) {
  return blocks(text, 0);
}

/** The tree where only inline marks count: titles, labels, previews. */
export function parseInline(text) {
  return inline(text, 0);
}

function blocks(text, depth, quoted = false) {
  const nodes = [];
  let plain = "";
  let rest = text;
  const flush = () => {
    if (plain) nodes.push(...inline(plain, depth));
    plain = "";
  };
  while (rest) {
    const atLine = plain === "" || plain.endsWith("\n");
    const found = fence(rest) ?? (atLine && depth < MAX_DEPTH ? lineBlock(rest, depth, quoted) : undefined);
    if (found) {
      if (found.node.kind !== "text") plain = plain.replace(/\n$/, "");
      flush();
      nodes.push(found.node);
      rest = rest.slice(found.length).replace(/^\n/, "");
      continue;
    }
    // A mark may span lines, but a block begins only at a line or at a fence.
    const step = nextStop(rest);
    plain += rest.slice(0, step);
    rest = rest.slice(step);
  }
  flush();
  return nodes;
}

/** How far the text can be taken as it is: up to a line's end, a possible fence, or past inline code. */
function nextStop(text) {
  if (text[0] === "\n") return 1;
  const code = /^(`{1,2})(?!`)[^]*?[^`]\1(?!`)/.exec(text);
  if (code) return code[0].length;
  const next = text.slice(1).search(/\n|`/);
  if (next < 0) return text.length;
  return text[next + 1] === "\n" ? next + 2 : next + 1;
}

function fence(text) {
  const match = FENCE.exec(text);
  if (!match) return undefined;
  const language = (match[1] ?? "").toLowerCase();
  return { length: match[0].length, node: { kind: "fence", language, text: match[2] } };
}

function lineBlock(text, depth, quoted) {
  let match = HEADING.exec(text);
  if (match) return block(match, { kind: "heading", level: match[1].length, children: inline(match[2].trim(), depth + 1) });
  match = SUBTEXT.exec(text);
  if (match) return block(match, { kind: "subtext", children: inline(match[1], depth + 1) });
  if (!quoted) {
    match = /^>>> ([^]+)/.exec(text) ?? /^(?:> [^\n]*(?:\n(?=> )|$)?)+/.exec(text);
    if (match) {
      const inner = match[1] ?? match[0].replace(/^> /gm, "").replace(/\n$/, "");
      return block(match, { kind: "quote", children: blocks(inner, depth + 1, true) });
    }
  }
  return list(text, depth);
}

const block = (match, node) => ({ length: match[0].length, node });

/** Lines that begin with a bullet or a number; what is indented deeper belongs to the item above. */
function list(text, depth) {
  const first = LIST_LINE.exec(text);
  if (!first) return undefined;
  const items = [];
  const ordered = /\d/.test(first[2]);
  let length = 0;
  while (length < text.length) {
    const match = LIST_LINE.exec(text.slice(length));
    const continued = items.length && !match && /^ {2,}[^\n]+/.exec(text.slice(length));
    if (continued) {
      items.at(-1).text += `\n${continued[0].trim()}`;
      length += continued[0].length;
    } else if (match && match[1].length > first[1].length + 1 && items.length) {
      items.at(-1).deeper.push(match[0].slice(first[1].length + 2));
      length += match[0].length;
    } else if (match && /\d/.test(match[2]) === ordered && match[1].length <= first[1].length + 1) {
      items.push({ text: match[3], deeper: [] });
      length += match[0].length;
    } else break;
    if (text[length] === "\n" && LIST_LINE.test(text.slice(length + 1))) length += 1;
    else if (text[length] === "\n" && /^ {2,}\S/.test(text.slice(length + 1))) length += 1;
    else break;
  }
  const children = items.map((item) => ({
    kind: "item",
    children: [...inline(item.text, depth + 1), ...(item.deeper.length ? blocks(item.deeper.join("\n"), depth + 1) : [])],
  }));
  return { length, node: { kind: "list", ordered, start: ordered ? parseInt(first[2], 10) : undefined, children } };
}

// Inline marks, in the order in which Discord tries them. Each gives a node, or undefined to try the next.
const wrap = (kind) => (match, depth) => ({ kind, children: inline(match[1], depth + 1) });
const RULES = [
  [/^\\([^0-9A-Za-z\s])/, (match) => ({ kind: "text", text: match[1] })],
  [/^(`{1,2})(?!`)([^]*?[^`])\1(?!`)/, (match) => ({ kind: "code", text: match[2].trim() || match[2] })],
  [/^<t:(-?\d{1,13})(?::([tTdDfFR]))?>/, (match) => ({ kind: "time", seconds: Number(match[1]), style: match[2] })],
  [/^<@!?(\d{5,25})>/, (match) => ({ kind: "user", id: match[1] })],
  [/^<@&(\d{5,25})>/, (match) => ({ kind: "role", id: match[1] })],
  [/^<#(\d{5,25})>/, (match) => ({ kind: "channel", id: match[1] })],
  [/^<\/([\w -]{1,100}):(\d{5,25})>/, (match) => ({ kind: "command", name: match[1], id: match[2] })],
  [/^<a?:(\w{2,32}):(\d{5,25})>/, (match) => ({ kind: "emoji", name: match[1] })],
  [/^@(everyone|here)\b/, (match) => ({ kind: "everyone", text: match[0] })],
  [/^<(https?:\/\/[^\s<>]+)>/, (match) => link(match[1])],
  [/^\[((?:\\.|[^\]\\]|\[[^\]]*\])+)\]\(<?(https?:\/\/[^\s<>()]+(?:\([^\s()]*\)[^\s<>()]*)*)>?(?: +"[^"]*")?\)/, masked],
  [/^https?:\/\/[^\s<]+[^\s<.,:;"'\])*_~|]/, (match) => link(match[0])],
  [/^\|\|([^]+?)\|\|/, wrap("spoiler")],
  [/^\*\*\*((?:\\.|[^\\])+?)\*\*\*(?!\*)/s, (match, depth) => ({ kind: "strong", children: [{ kind: "em", children: inline(match[1], depth + 1) }] })],
  [/^\*\*((?:\\.|`[^`]*`|[^\\])+?)\*\*(?!\*)/s, wrap("strong")],
  [/^__((?:\\.|[^\\])+?)__(?!_)/s, wrap("underline")],
  [/^~~([^]+?)~~(?!~)/, wrap("strike")],
  [/^\*(?=\S)((?:\\.|\*\*(?:\\.|[^*\\])+\*\*|[^\\*])+?)\*(?!\*)/s, (match, depth) => (/\s$/.test(match[1]) ? undefined : wrap("em")(match, depth))],
  [/^_((?:\\.|[^\\_]|_(?=\w))+?)_(?!\w)/s, (match, depth, before) => (/\w$/.test(before) ? undefined : wrap("em")(match, depth))],
];
const SPECIAL = /[\\`<@[h|*_~]/;

function link(url) {
  return { kind: "link", url, children: [{ kind: "text", text: url }] };
}

function masked(match, depth) {
  return { kind: "link", url: match[2], masked: true, children: inline(match[1], depth + 1) };
}

function inline(text, depth) {
  const nodes = [];
  let plain = "";
  let at = 0;
  const flush = () => {
    if (plain) nodes.push({ kind: "text", text: plain });
    plain = "";
  };
  while (at < text.length) {
    const found = depth < MAX_DEPTH && SPECIAL.test(text[at]) ? mark(text.slice(at), depth, text.slice(Math.max(0, at - 1), at)) : undefined;
    if (found) {
      if (found.node.kind === "text") plain += found.node.text;
      else {
        flush();
        nodes.push(found.node);
      }
      at += found.length;
    } else plain += text[at++];
  }
  flush();
  return nodes;
}

function mark(rest, depth, before) {
  if (rest[0] === "h" && /\w/.test(before)) return undefined;
  for (const [pattern, make] of RULES) {
    const match = pattern.exec(rest);
    const node = match && make(match, depth, before);
    if (node) return { node, length: match[0].length };
  }
  return undefined;
}
