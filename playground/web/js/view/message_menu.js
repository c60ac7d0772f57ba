// What one can do with a message: https://discord.com/developers/docs/interactions/application-commands#message-commands

import { confirm } from "../dialogs/dialog.js";
import { openMenu } from "../dialogs/menu.js";
import { CommandType, MessageFlag, Permission } from "../store/flags.js";

/** `acts`: `{reply, remove, dismiss, command(command, targetId), copy}`. */
export function openMessageMenu(message, anchor, { world, guild, acts }) {
  const ephemeral = message.flags & MessageFlag.EPHEMERAL;
  const mine = message.author.id === world.me.id;
  const apps = (type, targetId) => world.commandsIn(guild, type).map((command) => ({ label: command.name, icon: "app", act: () => acts.command(command, targetId) }));
  const onMessage = ephemeral ? [] : apps(CommandType.MESSAGE, message.id);
  const onUser = message.webhook_id ? [] : apps(CommandType.USER, message.author.id);
  const items = [
    !ephemeral && { label: "Reply", icon: "reply", act: () => acts.reply(message) },
    message.content && { label: "Copy text", icon: "copy", act: () => acts.copy(message.content) },
    ...(onMessage.length || onUser.length ? ["line", { heading: "Apps" }, ...onMessage, ...onUser] : []),
    ephemeral && { label: "Dismiss message", icon: "close", act: () => acts.dismiss(message) },
    !ephemeral && (mine || world.may(guild, Permission.MANAGE_MESSAGES)) && "line",
    !ephemeral && (mine || world.may(guild, Permission.MANAGE_MESSAGES)) && { label: "Delete message", icon: "bin", danger: true, act: () => ask(message, acts) },
  ];
  openMenu("Message actions", items.filter(Boolean), anchor);
}

async function ask(message, acts) {
  if (await confirm({ title: "Delete message", words: "Are you sure you want to delete this message?", action: "Delete" })) acts.remove(message);
}
