// What a member does by way of the page, and what the panel and the tour do for them.

export class Acts {
  /** The tier of the last /ask that was sent: the tour tells a refusal from an answer by it. */
  #tierAsked;
  /** When that was: what was written before, and is still being edited, is no answer to it. */
  #askedAt = 0;

  constructor(page) {
    this.page = page;
  }

  /** Do something as me; where it is refused, the words are shown. */
  async try(what, fields, userId = this.page.world.me.id) {
    try {
      return await this.page.api.act(userId, what, fields);
    } catch (error) {
      this.page.complain(error);
      return undefined;
    }
  }

  join(userId, guildId) {
    return this.try("join", { guild_id: guildId }, userId);
  }

  noteMessage(message) {
    const { tour } = this.page;
    if (message.interaction_metadata?.user?.id && message.interaction_metadata.user.id !== this.page.world.me.id) return;
    if (Date.parse(message.timestamp) < this.#askedAt) return;
    tour.watch.noteMessage(message, this.#tierAsked);
  }

  async component(what, message, customId, fields = {}) {
    const { interactions, channelId } = this.page;
    try {
      await interactions.start(what, { message_id: message.id, custom_id: customId, ...fields }, { channelId, messageId: message.id, customId });
    } catch (error) {
      this.page.complain(error);
    }
  }

  /** What the composer needs. */
  composing() {
    const { page } = this;
    return {
      world: page.world,
      guild: () => page.guild,
      complain: (words) => page.complain(words),
      typing: () => page.api.act(page.world.me.id, "typing", { channel_id: page.channelId }).catch(() => {}),
      send: (content, extras) => {
        page.tour.watch.noteWritten(page.channelId);
        return page.api.act(page.world.me.id, "send", { channel_id: page.channelId, content, ...extras });
      },
      complete: (draft, option) => page.api.act(page.world.me.id, "autocomplete", { channel_id: page.channelId, command_id: draft.invocable.command.id, options: draft.options(option) }),
      slash: (draft, attachments) => {
        if (draft.invocable.name === "ask") {
          this.#tierAsked = draft.options().find(({ name }) => name === "tier")?.value ?? "free";
          this.#askedAt = Date.now();
        }
        page.messages.toBottom();
        const fields = { channel_id: page.channelId, command_id: draft.invocable.command.id, options: draft.options(), ...(attachments.length && { attachments }) };
        return page.interactions.start("slash", fields, { channelId: page.channelId, label: draft.invocable.name });
      },
    };
  }

  /** What a message's menu does. */
  onMessage() {
    const { page } = this;
    return {
      reply: (message) => page.composer.setReply(message),
      copy: (text) => navigator.clipboard?.writeText(text).then(() => page.toasts.show("Copied.", "good"), () => page.complain("The browser does not allow copying.")),
      remove: (message) => this.try("delete", { message_id: message.id }),
      dismiss: (message) => page.view.dismiss(message),
      command: (command, targetId) => page.interactions
        .start("context", { channel_id: page.channelId, command_id: command.id, target_id: targetId }, { channelId: page.channelId, label: command.name })
        .catch((error) => page.complain(error)),
    };
  }

  /** What the panel does. The hand of the playground, not of the member who is looked on as. */
  backstage() {
    const { page } = this;
    const panel = (what, fields) => page.api.panel(what, fields).catch((error) => page.complain(error));
    return {
      role: (person, place, give) => this.try("role", { guild_id: place.guild_id, user_id: person.user_id, role_id: place.plus_role_id, give }, person.user_id),
      leave: (person, place) => this.try("leave", { guild_id: place.guild_id }, person.user_id),
      join: (person, place) => this.join(person.user_id, place.guild_id),
      spend: (person) => panel("spend", { user_id: person.user_id }),
      refill: (person) => panel("refill", { user_id: person.user_id }),
      gateway: (up) => panel("gateway", { up }),
      upstream: (mode) => panel("upstream", { mode }),
    };
  }

  /** What the tour does when somebody says “Show me”. */
  hands() {
    const { page } = this;
    const known = (name) => page.backstage.people.find((person) => person.name === name);
    const home = () => page.world.isThread(page.channelId) && page.open(page.world.channel(page.channelId).parent_id);
    return {
      be: (name) => page.be(page.world.people.find(({ user }) => (user.global_name ?? user.username) === name)?.user.id),
      compose: (command, options) => {
        home();
        page.shell.classList.remove("panel-open");
        page.composer.startNamed(command, options);
      },
      write: (text) => {
        page.composer.field.value = text;
        page.composer.focus();
      },
      openThread: (id) => page.open(id),
      giveRole: (name) => known(name)?.guilds.filter(({ member }) => member).forEach((place) => this.backstage().role(known(name), place, true)),
      leave: (name) => known(name)?.guilds.filter(({ member }) => member).forEach((place) => this.backstage().leave(known(name), place)),
    };
  }
}
