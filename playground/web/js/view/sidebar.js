// Channels, and the threads below them.

import { fill, h, quiet } from "../dom.js";
import { icon } from "../icons.js";
import { ChannelType } from "../store/flags.js";
import { avatar } from "./avatar.js";

export class Sidebar {
  constructor({ onOpen }) {
    this.onOpen = onOpen;
    this.head = h("div", { className: "sidebar-head" });
    this.list = h("div", { className: "channel-list" });
    this.element = h("nav", { className: "sidebar", "aria-label": "Channels" }, this.head, this.list);
  }

  draw(world, guild, openId) {
    fill(this.head, h("h2", {}, guild?.name ?? "Direct messages"));
    fill(this.list, guild ? this.#guild(world, guild, openId) : this.#dms(world, openId));
  }

  #guild(world, guild, openId) {
    return world.channelsOf(guild).map(({ category, channels }) => [
      h("h3", {}, category?.name ?? "Text channels"),
      h("ul", {}, channels.map((channel) => h("li", {}, this.#entry(world, channel, openId), this.#threads(world, guild, channel, openId)))),
    ]);
  }

  #threads(world, guild, channel, openId) {
    const threads = world.threadsOf(guild, channel.id);
    const open = guild.threads.get(openId);
    // An archived thread is listed for as long as it is open.
    if (open?.parent_id === channel.id && !threads.includes(open)) threads.push(open);
    if (!threads.length) return undefined;
    return h("ul", { className: "threads", "aria-label": `Threads of ${channel.name}` }, threads.map((thread) => h("li", {}, this.#entry(world, thread, openId))));
  }

  #dms(world, openId) {
    const channels = [...world.dms.values()];
    if (!channels.length) return h("p", { className: "hollow" }, "No conversations yet.");
    return [h("h3", {}, "Direct messages"), h("ul", {}, channels.map((channel) => h("li", {}, this.#entry(world, channel, openId))))];
  }

  #entry(world, channel, openId) {
    const { count = 0, mentions = 0 } = world.unread.get(channel.id) ?? {};
    const other = channel.type === ChannelType.DM && channel.recipients?.[0];
    const name = other ? (other.global_name ?? other.username) : channel.name;
    const sign = other ? avatar(other, { className: "small" }) : icon(world.isThread(channel.id) ? (channel.type === ChannelType.PRIVATE_THREAD ? "lock" : "thread") : "hash");
    return h("button", {
      type: "button", className: `channel ${count ? "unread" : ""}`, "aria-current": channel.id === openId && "page", title: name,
      data: { focus: `channel-${channel.id}`, channel: channel.id }, onclick: () => this.onOpen(channel.id),
    }, sign, h("span", { className: "channel-name" }, name), count > 0 && quiet(", unread"), mentions > 0 && h("span", { className: "badge", "aria-label": `${mentions} mentions` }, String(mentions)));
  }
}
