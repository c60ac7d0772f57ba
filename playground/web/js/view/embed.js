// Embeds. https://discord.com/developers/docs/resources/message#embed-object

import { h } from "../dom.js";
import { inlineMarkdown, markdown } from "../markdown/render.js";
import { hexColour } from "../store/names.js";
import { messageTime } from "../time.js";
import { embedIcon } from "./avatar.js";

export function embed(data, { names, media }) {
  const colour = hexColour(data.color);
  const image = media(data.image?.url);
  const thumbnail = media(data.thumbnail?.url);
  return h("article", { className: `embed ${thumbnail ? "with-thumbnail" : ""}`, vars: colour && { bar: colour } }, [
    data.author && h("div", { className: "embed-author" }, embedIcon(data.author.icon_url, data.author.name, media), linked(data.author.url, data.author.name)),
    data.title && h("div", { className: "embed-title" }, linked(data.url, inlineMarkdown(data.title, names))),
    data.description && h("div", { className: "markup" }, markdown(data.description, names)),
    data.fields?.length > 0 && h("dl", { className: "embed-fields" }, data.fields.map((field) => fieldOf(field, names))),
    image && h("img", { className: "embed-image", src: image, alt: data.image.description ?? "Embedded image", loading: "lazy" }),
    thumbnail && h("img", { className: "embed-thumbnail", src: thumbnail, alt: "" }),
    (data.footer || data.timestamp) && footer(data, media),
  ]);
}

function fieldOf(field, names) {
  return h("div", { className: field.inline ? "inline" : "" }, [
    h("dt", {}, inlineMarkdown(field.name, names)),
    h("dd", { className: "markup" }, markdown(field.value, names)),
  ]);
}

function footer({ footer: data, timestamp }, media) {
  const parts = [data?.text, timestamp && messageTime(new Date(timestamp))].filter(Boolean);
  return h("div", { className: "embed-footer" }, embedIcon(data?.icon_url, data?.text, media), parts.join(" • "));
}

function linked(url, content) {
  return url && /^https?:/.test(url) ? h("a", { href: url, target: "_blank", rel: "noreferrer noopener" }, content) : h("span", {}, content);
}
