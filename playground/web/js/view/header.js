// The bar above the messages: which channel, what it is about.

import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { markdown } from "../markdown/render.js";
import { ChannelType } from "../store/flags.js";

export class ChannelHeader {
  constructor({ onMenu, onPanel, onBack }) {
    this.onBack = onBack;
    this.title = h("h1", { tabindex: "-1" });
    this.topic = h("p", { className: "topic" });
    this.actions = h("div", { className: "header-actions" });
    this.element = h("header", { className: "channel-header" },
      h("button", { type: "button", className: "icon-button only-narrow", "aria-label": "Channels", onclick: onMenu }, icon("menu")),
      this.title, this.topic, this.actions,
      h("button", { type: "button", className: "icon-button panel-button", "aria-label": "Behind the scenes", title: "Behind the scenes", onclick: onPanel }, icon("panel")));
  }

  draw(world, channel, names) {
    if (!channel) return fill(this.title, "Nowhere");
    const thread = world.isThread(channel.id);
    const parent = thread && world.channel(channel.parent_id);
    const dm = channel.type === ChannelType.DM && channel.recipients?.[0];
    const sign = dm ? "at" : thread ? (channel.type === ChannelType.PRIVATE_THREAD ? "lock" : "thread") : "hash";
    fill(this.title,
      parent && h("button", { type: "button", className: "crumb", onclick: () => this.onBack(parent.id) }, icon("hash"), parent.name),
      parent && icon("right", "crumb-arrow"), icon(sign), h("span", { className: "title-words" }, dm ? (dm.global_name ?? dm.username) : channel.name));
    fill(this.topic, channel.topic ? markdown(channel.topic, names) : "");
    return undefined;
  }
}
