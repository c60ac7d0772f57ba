// What the chosen member's client knows. Views read it and listen for its topics:
// "me", "guilds", "channels", "members", "commands", "messages" (channel id), "typing" (channel id), "pending" (channel id).

import { Emitter } from "../emitter.js";
import { bySnowflake } from "../time.js";
import { ChannelType, CommandType, Permission, isThread } from "./flags.js";
import { MessageLog } from "./log.js";

const TYPING_MS = 10000;

export class World extends Emitter {
  me = { id: "", username: "" };
  bot = undefined;
  people = [];
  model = "";
  cdnUrl = "";
  scene = { guilds: [], plus_roles: {} };
  guilds = new Map();
  dms = new Map();
  unread = new Map();
  logs = new Map();
  users = new Map();
  typing = new Map();

  /** Take the whole state in; what was known of another member is forgotten. */
  load(state) {
    const changed = state.me.id !== this.me.id;
    this.me = state.me;
    this.bot = state.bot ?? this.bot;
    this.people = state.people;
    this.model = state.model ?? "";
    this.cdnUrl = state.cdn_url ?? "";
    this.scene = { guilds: state.guilds, plus_roles: {}, ...state.scene };
    this.guilds = new Map(state.guilds.map((guild) => [guild.id, this.guildOf(guild)]));
    this.dms = new Map(state.dms.map((channel) => [channel.id, channel]));
    for (const person of this.people) this.remember(person.user);
    if (changed) {
      this.logs.clear();
      this.unread.clear();
      this.typing.clear();
    }
    for (const topic of ["me", "guilds", "channels", "members", "commands"]) this.emit(topic);
  }

  /** A guild as it is kept: its lists by id. */
  guildOf(guild) {
    const byId = (list) => new Map((list ?? []).map((each) => [each.id, each]));
    const members = new Map((guild.members ?? []).map((member) => [member.user.id, member]));
    for (const member of members.values()) this.remember(member.user);
    return { ...guild, roles: byId(guild.roles), members, channels: byId(guild.channels), threads: byId(guild.threads), commands: guild.commands ?? [] };
  }

  remember(user) {
    if (user?.id) this.users.set(user.id, { ...this.users.get(user.id), ...user });
  }

  guildOfChannel(channelId) {
    return [...this.guilds.values()].find((guild) => guild.channels.has(channelId) || guild.threads.has(channelId));
  }

  channel(id) {
    const guild = this.guildOfChannel(id);
    return guild?.channels.get(id) ?? guild?.threads.get(id) ?? this.dms.get(id);
  }

  /** Text channels in Discord's order: by position, below their categories. */
  channelsOf(guild) {
    const channels = [...guild.channels.values()].sort((a, b) => (a.position ?? 0) - (b.position ?? 0) || bySnowflake(a.id, b.id));
    const groups = [{ category: undefined, channels: [] }];
    for (const category of channels) if (category.type === ChannelType.CATEGORY) groups.push({ category, channels: [] });
    for (const channel of channels) {
      if (channel.type === ChannelType.CATEGORY) continue;
      (groups.find(({ category }) => category?.id === channel.parent_id) ?? groups[0]).channels.push(channel);
    }
    return groups.filter(({ channels }) => channels.length);
  }

  /** Threads of a channel that are going on, newest first. */
  threadsOf(guild, channelId) {
    const threads = [...guild.threads.values()].filter((thread) => thread.parent_id === channelId && !thread.thread_metadata?.archived);
    return threads.sort((a, b) => bySnowflake(b.id, a.id));
  }

  log(channelId) {
    if (!this.logs.has(channelId)) this.logs.set(channelId, new MessageLog());
    return this.logs.get(channelId);
  }

  message(id) {
    for (const log of this.logs.values()) if (log.get(id)) return log.get(id);
    return undefined;
  }

  commandsIn(guild, type = CommandType.SLASH) {
    return (guild?.commands ?? []).filter((command) => (command.type ?? CommandType.SLASH) === type).sort((a, b) => a.name.localeCompare(b.name));
  }

  /** Whether I may do something in a guild, by my roles; the playground has the last word. */
  may(guild, permission) {
    if (!guild) return false;
    if (guild.owner_id === this.me.id) return true;
    const roles = [guild.id, ...(guild.members.get(this.me.id)?.roles ?? [])].map((id) => guild.roles.get(id));
    const mine = roles.reduce((sum, role) => sum | BigInt(role?.permissions ?? 0), 0n);
    return Boolean(mine & (permission | Permission.ADMINISTRATOR));
  }

  startTyping(channelId, userId) {
    if (userId === this.me.id) return;
    const typing = this.typing.get(channelId) ?? new Map();
    clearTimeout(typing.get(userId));
    typing.set(userId, setTimeout(() => this.stopTyping(channelId, userId), TYPING_MS));
    this.typing.set(channelId, typing);
    this.emit("typing", channelId);
  }

  stopTyping(channelId, userId) {
    const typing = this.typing.get(channelId);
    if (!typing?.has(userId)) return;
    clearTimeout(typing.get(userId));
    typing.delete(userId);
    this.emit("typing", channelId);
  }

  markRead(channelId) {
    if (this.unread.delete(channelId)) this.emit("channels");
  }

  isThread(channelId) {
    const channel = this.channel(channelId);
    return Boolean(channel && isThread(channel));
  }
}
