// The beginning of a channel, and the page of somebody who is in no server.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { inlineMarkdown } from "../markdown/render.js";
import { ChannelType, isThread } from "../store/flags.js";
import { person } from "../store/names.js";

export function emptyState(world, channelId, names) {
  const channel = world.channel(channelId);
  if (!channel) return h("li", { className: "beginning" });
  if (isThread(channel)) {
    const owner = world.users.get(channel.owner_id);
    const kind = channel.type === ChannelType.PRIVATE_THREAD ? "private thread" : "thread";
    return beginning("thread", channel.name, `Started by ${owner ? person(world, world.guilds.get(channel.guild_id), owner).name : "somebody"}. A ${kind}: messages here are a conversation.`);
  }
  if (channel.type === ChannelType.DM) return beginning("at", channel.recipients?.[0]?.global_name ?? channel.recipients?.[0]?.username ?? "Direct message", "The beginning of your direct messages.");
  return beginning("hash", `Welcome to #${channel.name}!`, channel.topic ? inlineMarkdown(channel.topic, names) : `This is the start of the #${channel.name} channel.`);
}

function beginning(sign, title, words) {
  return h("li", { className: "beginning" }, h("span", { className: "beginning-sign" }, icon(sign)), h("h2", {}, title), h("p", {}, words));
}

/** Shown in place of a channel to who left every server. */
export function nowhere(scene, join) {
  return h("div", { className: "nowhere" }, h("span", { className: "beginning-sign" }, icon("door")), h("h2", {}, "You are in no server"),
    h("p", {}, "You left. Rolekey noticed, and the key it held for you is dead: look at the panel."),
    scene.guilds.map((guild) => h("button", { type: "button", className: "button primary", onclick: () => join(guild.id) }, icon("enter"), `Come back to ${guild.name}`)));
}
