// What to call whom, in which colour: nicknames and roles are a guild's own.

/** The names that mentions in a guild mean, and what a press on one does. See markdown/render.js. */
export function namesIn(world, guild, { openChannel, openCommand } = {}) {
  return {
    user: (id) => (world.users.has(id) || guild?.members.has(id) ? person(world, guild, world.users.get(id) ?? { id }) : undefined),
    role: (id) => {
      const role = guild?.roles.get(id);
      return role && { name: role.name.replace(/^@/, ""), colour: roleColour(role) };
    },
    channel: (id) => {
      const found = world.channel(id);
      return found && { name: found.name, thread: world.isThread(id) };
    },
    openChannel,
    openCommand,
  };
}

/** The name and colour of a user in a guild. */
export function person(world, guild, user) {
  const member = guild?.members.get(user.id);
  const known = { ...world.users.get(user.id), ...user };
  return { name: member?.nick ?? known.global_name ?? known.username ?? "Unknown user", colour: memberColour(guild, member), user: known };
}

/** The colour of the highest role that has one; none keeps the text's own. */
export function memberColour(guild, member) {
  const roles = (member?.roles ?? []).map((id) => guild.roles.get(id)).filter((role) => role && roleColour(role));
  roles.sort((a, b) => b.position - a.position);
  return roles.length ? roleColour(roles[0]) : undefined;
}

export function roleColour(role) {
  return hexColour(role.colors?.primary_color ?? role.color);
}

/** 0 and null are “no colour” at Discord. */
export function hexColour(value) {
  return value ? `#${value.toString(16).padStart(6, "0")}` : undefined;
}
