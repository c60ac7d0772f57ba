// Discord's dispatch events, applied to the world. https://discord.com/developers/docs/events/gateway-events

import { MessageFlag } from "./flags.js";

/** Apply one event; events that change nothing here (interactions) are left to others. */
export function apply(world, { t: name, d: data }, openChannel) {
  HANDLERS[name]?.(world, data, openChannel);
}

const HANDLERS = {
  MESSAGE_CREATE: messageCreated,
  MESSAGE_UPDATE(world, data) {
    if (world.log(data.channel_id).patch(data.id, data)) world.emit("messages", data.channel_id);
    // An answer that was “thinking” before this page heard of it.
    else if (data.flags & MessageFlag.EPHEMERAL && data.author) messageCreated(world, data);
  },
  MESSAGE_DELETE(world, data) {
    for (const id of data.ids ?? [data.id]) world.log(data.channel_id).delete(id);
    world.emit("messages", data.channel_id);
  },
  MESSAGE_REACTION_ADD: (world, data) => react(world, data, 1),
  MESSAGE_REACTION_REMOVE: (world, data) => react(world, data, -1),
  TYPING_START: (world, data) => world.startTyping(data.channel_id, data.user_id),

  CHANNEL_CREATE: putChannel,
  CHANNEL_UPDATE: putChannel,
  CHANNEL_DELETE: (world, data) => drop(world, data, "channels"),
  THREAD_CREATE: putThread,
  THREAD_UPDATE: putThread,
  THREAD_DELETE: (world, data) => drop(world, data, "threads"),
  THREAD_LIST_SYNC: (world, data) => data.threads.forEach((thread) => putThread(world, thread)),

  GUILD_CREATE(world, data) {
    world.guilds.set(data.id, world.guildOf(data));
    for (const topic of ["guilds", "channels", "members", "commands"]) world.emit(topic);
  },
  GUILD_DELETE(world, data) {
    world.guilds.delete(data.id);
    for (const topic of ["guilds", "channels", "members"]) world.emit(topic);
  },
  COMMANDS_UPDATE(world, data) {
    const guild = world.guilds.get(data.guild_id);
    if (guild) guild.commands = data.commands;
  },
  GUILD_MEMBER_ADD: putMember,
  GUILD_MEMBER_UPDATE: putMember,
  GUILD_MEMBER_REMOVE(world, data) {
    world.guilds.get(data.guild_id)?.members.delete(data.user.id);
    world.emit("members");
  },
  GUILD_ROLE_CREATE: putRole,
  GUILD_ROLE_UPDATE: putRole,
  GUILD_ROLE_DELETE(world, data) {
    world.guilds.get(data.guild_id)?.roles.delete(data.role_id);
    world.emit("members");
  },
};
HANDLERS.MESSAGE_DELETE_BULK = HANDLERS.MESSAGE_DELETE;

function messageCreated(world, message, openChannel) {
  world.remember(message.author);
  world.log(message.channel_id).put(message);
  world.stopTyping(message.channel_id, message.author?.id);
  if (message.channel_id !== openChannel && message.author?.id !== world.me.id) {
    const mentioned = (message.mentions ?? []).some(({ id }) => id === world.me.id);
    const known = world.unread.get(message.channel_id) ?? { count: 0, mentions: 0 };
    world.unread.set(message.channel_id, { count: known.count + 1, mentions: known.mentions + (mentioned ? 1 : 0) });
    world.emit("channels");
  }
  world.emit("messages", message.channel_id);
}

function react(world, { channel_id: channelId, message_id: id, user_id: userId, emoji }, by) {
  const message = world.log(channelId).get(id);
  if (!message) return;
  const reactions = (message.reactions ?? []).map((each) => ({ ...each }));
  let reaction = reactions.find((each) => each.emoji.name === emoji.name);
  if (!reaction) reactions.push((reaction = { emoji, count: 0, me: false }));
  reaction.count += by;
  if (userId === world.me.id) reaction.me = by > 0;
  world.log(channelId).patch(id, { reactions: reactions.filter(({ count }) => count > 0) });
  world.emit("messages", channelId);
}

function putChannel(world, channel) {
  const guild = world.guilds.get(channel.guild_id);
  if (guild) guild.channels.set(channel.id, channel);
  else if (!channel.guild_id) world.dms.set(channel.id, channel);
  world.emit("channels");
}

function putThread(world, thread) {
  const guild = world.guilds.get(thread.guild_id);
  if (!guild) return;
  guild.threads.set(thread.id, { ...guild.threads.get(thread.id), ...thread });
  // Its card hangs under the message it was made from.
  world.log(thread.parent_id).patch(thread.id, { thread: guild.threads.get(thread.id) });
  world.emit("channels");
  world.emit("messages", thread.parent_id);
}

function drop(world, { guild_id: guildId, id, parent_id: parentId }, kind) {
  world.guilds.get(guildId)?.[kind].delete(id);
  world.dms.delete(id);
  world.emit("channels");
  if (parentId) world.emit("messages", parentId);
}

function putMember(world, member) {
  world.remember(member.user);
  const members = world.guilds.get(member.guild_id)?.members;
  members?.set(member.user.id, { ...members.get(member.user.id), ...member });
  world.emit("members");
}

function putRole(world, { guild_id: guildId, role }) {
  world.guilds.get(guildId)?.roles.set(role.id, role);
  world.emit("members");
}
