// The page: makes the parts, joins them, and decides who one is and what is open.

import { Announcer } from "./announcer.js";
import { h } from "./dom.js";
import { mediaFrom } from "./media.js";
import { candidates } from "./composer/choices.js";
import { Composer } from "./composer/composer.js";
import { openModal } from "./dialogs/modal.js";
import { Toasts } from "./dialogs/toast.js";
import { plainText } from "./markdown/plain.js";
import { Backstage } from "./panel/backstage.js";
import { Panel } from "./panel/panel.js";
import { Acts } from "./acts.js";
import { Dismissed } from "./store/dismissed.js";
import { apply } from "./store/events.js";
import { ChannelType, MessageFlag } from "./store/flags.js";
import { Interactions } from "./store/interactions.js";
import { namesIn, person } from "./store/names.js";
import { World } from "./store/world.js";
import { Theme } from "./theme.js";
import { Tour } from "./tour/tour.js";
import { Watch } from "./tour/watch.js";
import { nowhere } from "./view/empty.js";
import { ChannelHeader } from "./view/header.js";
import { Me } from "./view/me.js";
import { openMessageMenu } from "./view/message_menu.js";
import { MessageList } from "./view/messages.js";
import { Rail } from "./view/rail.js";
import { Sidebar } from "./view/sidebar.js";
import { TopBar } from "./view/topbar.js";
import { Typing } from "./view/typing.js";

const PLACE = "playground-place";

export class Page {
  #guildId;
  #channelId;
  #stopListening;
  #loading = new Set();
  #loads = 0;

  constructor(api) {
    this.api = api;
    this.world = new World();
    this.interactions = new Interactions(this.world, api);
    this.backstage = new Backstage();
    this.dismissed = new Dismissed(sessionStorage);
    this.toasts = new Toasts();
    this.announcer = new Announcer();
    this.acts = new Acts(this);
    this.#build();
    this.#subscribe();
  }

  get guild() {
    return this.world.guilds.get(this.#guildId);
  }

  get channelId() {
    return this.#channelId;
  }

  get names() {
    return namesIn(this.world, this.guild, { openChannel: (id) => this.open(id), openCommand: (name) => this.composer.startNamed(name) });
  }

  get elements() {
    return [h("a", { className: "skip-link", href: "#composer" }, "Skip to the message box"), this.topbar.element, this.shell, this.toasts.element, this.announcer.element, this.tour.said, this.tour.ring, this.tour.card];
  }

  async start() {
    const kept = JSON.parse(sessionStorage.getItem(PLACE) ?? "{}");
    try {
      const { me } = await this.api.state(kept.userId).catch(() => this.api.state());
      await this.be(me.id, kept.channelId);
    } catch (error) {
      this.complain(error);
      return;
    }
    this.api.listen("panel/live", {}, { onFrame: (frame) => {
      this.backstage.apply(frame);
      this.tour.check();
    }, onStatus: (status) => status === "open" && this.backstage.reset() });
    if (this.tour.fresh || !this.tour.left) this.tour.start();
    document.body.dataset.ready = "true";
  }

  /**
   * Be somebody: their channels, their messages, their commands. The line comes first and the state after it, so that
   * nothing falls between them; after a lost line the same happens again.
   */
  be(userId, channelId = this.#channelId) {
    this.#stopListening?.();
    this.announcer.forget();
    this.interactions.clear();
    return new Promise((resolve) => {
      let early = [];
      this.#stopListening = this.api.listen("control/live", { as: userId }, {
        onStatus: (status) => this.topbar.status(status),
        onFrame: async (event) => {
          if (event.t !== "READY") return early ? early.push(event) : this.#event(event);
          early ??= [];
          const stillMe = await this.#load(userId, this.world.me.id === userId ? this.#channelId : channelId);
          const waiting = early;
          early = undefined;
          if (stillMe) waiting.forEach((each) => this.#event(each));
          return resolve();
        },
      });
    });
  }

  async #load(userId, channelId) {
    const load = (this.#loads += 1);
    try {
      const state = await this.api.state(userId);
      if (load !== this.#loads) return false;
      this.world.logs.clear();
      this.world.load(state);
    } catch (error) {
      this.complain(error);
      return false;
    }
    this.view.media = mediaFrom(this.api.base, this.api.token, this.world.cdnUrl);
    this.open(this.world.channel(channelId) ? channelId : this.#firstChannel());
    this.tour.check();
    return true;
  }

  /** Open a channel or a thread. */
  open(channelId) {
    const channel = this.world.channel(channelId);
    this.#channelId = channel?.id;
    this.#guildId = channel ? (this.world.guildOfChannel(channel.id)?.id ?? "dms") : undefined;
    sessionStorage.setItem(PLACE, JSON.stringify({ userId: this.world.me.id, channelId: this.#channelId }));
    this.shell.classList.remove("drawer-open");
    this.#drawNavigation();
    this.chat.classList.toggle("empty", !channel);
    if (!channel) {
      this.nowhere.replaceChildren(nowhere(this.world.scene, (guildId) => this.acts.join(this.world.me.id, guildId)));
      return;
    }
    this.nowhere.replaceChildren();
    this.announcer.forget();
    this.messages.open(channel.id);
    this.composer.open(this.#composerLabel(channel), `${this.world.me.id}:${channel.id}`);
    this.#read(channel.id);
    this.tour.check();
  }

  showPanel(shown = !this.shell.classList.contains("panel-open")) {
    const narrow = matchMedia("(max-width: 1180px)").matches;
    this.shell.classList.toggle(narrow ? "panel-open" : "panel-closed", narrow ? shown : !shown);
    if (narrow && shown) this.panel.close.focus();
  }

  complain(words) {
    this.toasts.show(words instanceof Error ? words.message : words);
  }

  redraw() {
    this.messages.sync();
  }

  #build() {
    const theme = new Theme(localStorage, { onChange: () => this.tour && this.topbar.draw(this.world, this.tour) });
    this.topbar = new TopBar({ theme, onTour: () => this.tour.start(), onTheme: () => theme.toggle() });
    this.rail = new Rail({ onOpen: (id) => this.open(this.#firstChannel(id)) });
    this.sidebar = new Sidebar({ onOpen: (id) => this.open(id) });
    this.me = new Me({ onChoose: (id) => this.be(id) });
    this.header = new ChannelHeader({ onMenu: () => this.shell.classList.toggle("drawer-open"), onPanel: () => this.#togglePanel(), onBack: (id) => this.open(id) });
    this.typing = new Typing();
    this.view = this.#messageView();
    this.messages = new MessageList(this.view, { onTop: (id) => this.#readOlder(id) });
    this.composer = new Composer(this.acts.composing());
    this.composer.element.id = "composer";
    this.nowhere = h("div", {});
    this.chat = h("main", { className: "chat", "aria-label": "Channel" }, this.header.element, this.nowhere, this.messages.element, this.composer.element, this.typing.element);
    this.panel = new Panel(this.backstage, this.acts.backstage(), { onClose: () => this.showPanel(false) });
    const scrim = h("div", { className: "scrim", onclick: () => this.shell.classList.remove("drawer-open", "panel-open") });
    this.shell = h("div", { className: "shell" }, h("div", { className: "drawer" }, this.rail.element, this.sidebar.element, this.me.element), this.chat, this.panel.element, scrim);
    const watch = new Watch({ world: this.world, backstage: this.backstage, place: () => this.#channelId, hands: this.acts.hands() });
    this.tour = new Tour(watch, localStorage, { onPanel: () => this.showPanel(true), onChange: () => this.topbar.draw(this.world, this.tour) });
    addEventListener("keydown", (event) => event.key === "Escape" && this.shell.classList.remove("drawer-open", "panel-open"));
  }

  #messageView() {
    const page = this;
    return {
      world: this.world, interactions: this.interactions, dismissed: this.dismissed, media: () => undefined,
      get guild() {
        return page.guild;
      },
      get names() {
        return page.names;
      },
      openChannel: (id) => this.open(id),
      reveal: (id) => this.messages.reveal(id),
      reply: (message) => this.composer.setReply(message),
      react: (message, emoji) => this.acts.try("react", { message_id: message.id, emoji }),
      dismiss: (message) => {
        this.dismissed.add(message.id);
        this.redraw();
      },
      openMenu: (message, anchor) => openMessageMenu(message, anchor, { world: this.world, guild: this.guild, acts: this.acts.onMessage() }),
      componentsOf: (message) => ({
        press: (customId) => this.acts.component("press", message, customId),
        choose: (customId, values) => this.acts.component("select", message, customId, { values }),
        candidates: (type) => candidates(type, this.world, this.guild),
      }),
    };
  }

  #subscribe() {
    const { world, interactions } = this;
    world.on(["guilds", "channels"], () => this.#drawNavigation());
    world.on("members", () => {
      world.epoch = (world.epoch ?? 0) + 1;
      if (this.#channelId) this.redraw();
    });
    world.on("me", () => {
      this.me.draw(world);
      this.topbar.draw(world, this.tour);
    });
    world.on("messages", (id) => id === this.#channelId && this.redraw());
    world.on("typing", (id) => id === this.#channelId && this.typing.draw(world, this.guild, id));
    interactions.on("change", (id) => id === this.#channelId && this.redraw());
    interactions.on("modal", (modal) => openModal(modal, {
      names: this.names, appName: world.bot?.global_name ?? world.bot?.username ?? "the application",
      candidates: (type) => candidates(type, world, this.guild),
      submit: (components) => this.interactions.start("submit", { modal_id: modal.id, components }, { channelId: this.#channelId, label: modal.title, messageId: modal.message_id }),
    }));
  }

  #event(event) {
    apply(this.world, event, this.#channelId);
    this.interactions.apply(event);
    if (["MESSAGE_CREATE", "MESSAGE_UPDATE"].includes(event.t)) this.#noteMessage(event.d);
    if (this.#channelId && !this.world.channel(this.#channelId)) this.open(this.#firstChannel());
    else if (!this.#channelId && event.t === "GUILD_CREATE") this.open(this.#firstChannel());
    this.tour.check();
  }

  #noteMessage({ channel_id: channelId, id }) {
    const message = this.world.log(channelId).get(id);
    if (!message?.author) return;
    this.acts.noteMessage(message);
    if (channelId !== this.#channelId || message.author.id === this.world.me.id || message.flags & MessageFlag.LOADING) return;
    const words = [message.content, ...(message.embeds ?? []).map((embed) => `${embed.author?.name ?? ""} ${embed.description ?? ""}`)].filter(Boolean).join(" ");
    this.announcer.note(id, `${person(this.world, this.guild, message.author).name}: ${plainText(words, this.names)}`);
  }

  #drawNavigation() {
    const { world } = this;
    this.rail.draw(world, this.#guildId);
    this.sidebar.draw(world, this.guild, this.#channelId);
    this.header.draw(world, world.channel(this.#channelId), this.names);
    this.typing.draw(world, this.guild, this.#channelId);
    const channel = world.channel(this.#channelId);
    document.title = `${channel ? `${channel.type === ChannelType.DM ? "@" : "#"}${channel.name ?? ""} · ` : ""}Rolekey playground`;
  }

  #firstChannel(guildId = this.#guildId) {
    if (guildId === "dms") return [...this.world.dms.keys()][0];
    const guild = this.world.guilds.get(guildId) ?? [...this.world.guilds.values()][0];
    return guild && this.world.channelsOf(guild)[0]?.channels[0]?.id;
  }

  #composerLabel(channel) {
    if (channel.type === ChannelType.DM) return `Message @${channel.recipients?.[0]?.global_name ?? channel.recipients?.[0]?.username ?? "app"}`;
    return this.world.isThread(channel.id) ? `Message “${channel.name}”` : `Message #${channel.name} · type / for commands`;
  }

  async #read(channelId) {
    this.world.markRead(channelId);
    const log = this.world.log(channelId);
    if (!log.read) await this.#page(channelId, {});
    log.read = true;
  }

  async #readOlder(channelId) {
    const log = this.world.log(channelId);
    if (log.read && !log.whole) await this.#page(channelId, { before: log.all[0]?.message.id });
  }

  async #page(channelId, where) {
    const log = this.world.log(channelId);
    if (this.#loading.has(log)) return;
    this.#loading.add(log);
    try {
      const messages = await this.api.messages(this.world.me.id, channelId, where);
      log.fill(messages);
      for (const message of messages) this.world.remember(message.author);
      log.whole = messages.length < 50;
      if (log === this.world.log(channelId)) this.world.emit("messages", channelId);
    } catch (error) {
      this.complain(error);
    } finally {
      this.#loading.delete(log);
    }
  }

  #togglePanel() {
    const narrow = matchMedia("(max-width: 1180px)").matches;
    this.showPanel(narrow ? !this.shell.classList.contains("panel-open") : this.shell.classList.contains("panel-closed"));
  }
}
