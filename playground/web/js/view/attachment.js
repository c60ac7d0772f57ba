// Attachments: pictures are shown, everything else is a card to download.

import { h } from "../dom.js";
import { icon } from "../icons.js";

const STEPS = ["bytes", "KB", "MB", "GB"];

export function sizeWords(bytes) {
  const step = Math.min(STEPS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** step;
  return `${step ? value.toFixed(1) : value} ${STEPS[step]}`;
}

export function attachment(data, { media }) {
  const url = media(data.url);
  if (url && data.content_type?.startsWith("image/")) {
    const shown = h("img", { src: url, alt: data.description ?? data.filename, width: data.width, height: data.height, loading: "lazy" });
    const link = h("a", { className: "picture", href: url, target: "_blank", rel: "noreferrer" }, shown);
    return data.filename.startsWith("SPOILER_") ? covered(link) : link;
  }
  const name = url ? h("a", { href: url, download: data.filename, target: "_blank", rel: "noreferrer" }, data.filename) : h("span", {}, data.filename);
  return h("div", { className: "file-card" }, icon("file"), h("div", {}, name, h("small", {}, sizeWords(data.size))));
}

function covered(link) {
  const cover = h("button", { type: "button", className: "picture-cover" }, "Spoiler");
  const box = h("div", { className: "covered" }, link, cover);
  cover.addEventListener("click", () => cover.remove());
  return box;
}
