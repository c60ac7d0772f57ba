// Message components. https://discord.com/developers/docs/components/reference

import { h } from "../dom.js";
import { emoji, icon } from "../icons.js";
import { markdown } from "../markdown/render.js";
import { hexColour } from "../store/names.js";
import { selectMenu } from "../dialogs/select.js";
import { attachment } from "./attachment.js";

const STYLES = ["", "primary", "secondary", "success", "danger", "link", "premium"];

/**
 * The components of a message. `context`: `{names, media, message, entry, press(customId), choose(customId, values),
 * candidates(type, component)}`; `entry` is the interaction under way or failed, if there is one.
 */
export function components(list, context) {
  return (list ?? []).map((component) => MAKERS[component.type]?.(component, context));
}

const MAKERS = {
  1: (row, context) => h("div", { className: "action-row" }, components(row.components, context)),
  2: button,
  3: select,
  5: select,
  6: select,
  7: select,
  8: select,
  9: (section, context) => h("div", { className: "section" }, h("div", {}, components(section.components, context)), components([section.accessory], context)),
  10: (text, { names }) => h("div", { className: "markup" }, markdown(text.content, names)),
  11: (thumbnail, { media }) => picture(thumbnail, media, "thumbnail"),
  12: (gallery, { media }) => h("div", { className: "gallery" }, gallery.items.map((item) => picture(item, media, "gallery-item"))),
  13: (file, context) => attachment({ filename: file.name ?? file.file.url.split("/").pop(), size: file.size ?? 0, url: file.file.url }, context),
  14: (separator) => h("hr", { className: `separator ${separator.spacing === 2 ? "large" : ""} ${separator.divider === false ? "bare" : ""}` }),
  17: container,
};

function container(data, context) {
  const colour = hexColour(data.accent_color);
  const box = h("div", { className: `container ${colour ? "accented" : ""}`, vars: colour && { bar: colour } }, components(data.components, context));
  return data.spoiler ? h("div", { className: "spoilered" }, box) : box;
}

function picture(data, media, className) {
  const url = media(data.media?.url);
  return url && h("img", { className, src: url, alt: data.description ?? "", loading: "lazy" });
}

function face(data) {
  return [data.emoji?.name && emoji(data.emoji.name), data.label && h("span", {}, data.label)];
}

function button(data, { press, entry }) {
  const style = STYLES[data.style] ?? "secondary";
  if (style === "link") {
    const safe = /^https?:/.test(data.url ?? "") ? data.url : undefined;
    return h("a", { className: "button link", href: safe, target: "_blank", rel: "noreferrer noopener", "aria-disabled": data.disabled && "true" }, face(data), icon("external"));
  }
  if (style === "premium") return h("button", { type: "button", className: "button premium", disabled: true, title: "Nothing is sold in a simulation" }, icon("crown"), "Get premium");
  const busy = entry?.state === "sent" && entry.customId === data.custom_id;
  const properties = {
    type: "button", className: `button ${style} ${busy ? "busy" : ""}`, disabled: data.disabled, "aria-busy": busy && "true",
    // Not disabled while it is under way: a disabled button loses the focus.
    data: { focus: `component-${data.custom_id}` }, onclick: () => entry?.state !== "sent" && press(data.custom_id),
  };
  return h("button", properties, face(data), busy && h("span", { className: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")));
}

const WHOM = { 5: "a member", 6: "a role", 7: "a member or a role", 8: "a channel" };

function select(data, { choose, candidates, entry }) {
  return selectMenu({
    label: data.placeholder ?? `Choose ${WHOM[data.type] ?? "an option"}`,
    options: data.type === 3 ? data.options : candidates(data.type, data),
    min: data.min_values ?? 1,
    max: data.max_values ?? 1,
    disabled: data.disabled || entry?.state === "sent",
    focusKey: `component-${data.custom_id}`,
    onChoose: (values) => choose(data.custom_id, values),
  });
}
