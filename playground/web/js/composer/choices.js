// What can be chosen for an option: fixed choices, yes or no, people, roles, channels, or what the application suggests.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { OptionType } from "../store/flags.js";
import { person, roleColour } from "../store/names.js";
import { avatar } from "../view/avatar.js";

/** Options for a list, narrowed by what was typed; undefined where the value is free. */
export function choicesFor(option, typed, world, guild) {
  const narrow = (list) => list.filter(({ label }) => label.toLowerCase().includes(typed.trim().toLowerCase().replace(/^[@#]/, "")));
  if (option.choices) {
    const list = option.choices.map(({ name, value }) => ({ label: name, value }));
    // A list opened again offers everything, not only what was chosen.
    return list.some(({ label }) => label === typed) ? list : narrow(list);
  }
  if (option.type === OptionType.BOOLEAN) return narrow([{ label: "True", value: true }, { label: "False", value: false }]);
  if (option.type === OptionType.USER) return narrow(members(world, guild));
  if (option.type === OptionType.ROLE) return narrow(roles(guild));
  if (option.type === OptionType.CHANNEL) return narrow(channels(guild));
  if (option.type === OptionType.MENTIONABLE) return narrow([...members(world, guild), ...roles(guild)]);
  return undefined;
}

/** The same for select menus of a message or a form. https://discord.com/developers/docs/components/reference#user-select */
export function candidates(type, world, guild) {
  const list = { 5: () => members(world, guild), 6: () => roles(guild), 7: () => [...members(world, guild), ...roles(guild)], 8: () => channels(guild) }[type]?.() ?? [];
  return list.map(({ label, value, leading }) => ({ label, value, leading }));
}

function members(world, guild) {
  return [...(guild?.members.values() ?? [])].map(({ user }) => {
    const { name } = person(world, guild, user);
    return { label: name, value: user.id, hint: user.username, leading: avatar(user, { name, className: "micro" }) };
  });
}

function roles(guild) {
  return [...(guild?.roles.values() ?? [])].sort((a, b) => b.position - a.position)
    .map((role) => ({ label: role.name, value: role.id, leading: h("span", { className: "role-dot", vars: { role: roleColour(role) ?? "currentColor" } }) }));
}

function channels(guild) {
  return [...(guild?.channels.values() ?? [])].filter(({ type }) => type === 0 || type === 5).map((channel) => ({ label: channel.name, value: channel.id, leading: icon("hash") }));
}

/** Commands for the picker, the best match first. */
export function matching(invocables, typed) {
  const words = typed.toLowerCase().trim();
  const rank = ({ name, description = "" }) => (name.startsWith(words) ? 0 : name.includes(words) ? 1 : description.toLowerCase().includes(words) ? 2 : 3);
  return invocables.filter((each) => rank(each) < 3).sort((a, b) => rank(a) - rank(b));
}

