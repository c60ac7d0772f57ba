// The message list: groups, days, what is under way, scrolling, moving by keyboard.

import { h, reducedMotion } from "../dom.js";
import { icon } from "../icons.js";
import { MessageFlag, MessageType } from "../store/flags.js";
import { dayName, sameDay, snowflakeTime } from "../time.js";
import { emptyState } from "./empty.js";
import { messageElement } from "./message.js";
import { pendingElement } from "./pending.js";

const GROUP_MS = 7 * 60 * 1000;
const FRESH_MS = 2000; // older ones were there before the channel was opened
const NEAR_BOTTOM = 80; // pixels within which the list follows what comes

/**
 * Shows one channel. `view` is what messages need of the page: `{world, guild, names, media, interactions, dismissed,
 * componentsOf(message), dismiss, react, reply, openMenu(message, anchor), openChannel, reveal}`.
 */
export class MessageList {
  #shown = new Map();
  #channelId;
  #refocus;

  constructor(view, { onTop }) {
    this.view = view;
    this.list = h("ol", { className: "messages", "aria-label": "Messages", tabindex: "0" });
    this.jump = h("button", { type: "button", className: "jump", hidden: true, onclick: () => this.toBottom(true) }, "Newest messages", icon("down"));
    this.scroller = h("div", { className: "scroller" }, this.list);
    this.element = h("div", { className: "messages-box" }, this.scroller, this.jump);
    this.scroller.addEventListener("scroll", () => {
      this.jump.hidden = this.#nearBottom();
      if (this.scroller.scrollTop < 60) onTop(this.#channelId);
    }, { passive: true });
    this.list.addEventListener("keydown", (event) => this.#move(event));
    this.list.addEventListener("contextmenu", (event) => this.#contextMenu(event));
    new ResizeObserver(() => this.#follow && this.toBottom()).observe(this.list);
  }

  #follow = true;

  /** Show a channel from its newest message on. */
  open(channelId) {
    this.#channelId = channelId;
    this.#shown.clear();
    this.list.replaceChildren();
    this.#follow = true;
    this.sync();
    this.toBottom();
  }

  /** Bring the elements up to date; those of unchanged messages stay, with what was opened or selected in them. */
  sync() {
    const near = this.#nearBottom();
    const height = this.scroller.scrollHeight;
    const top = this.scroller.scrollTop;
    const firstId = this.list.querySelector("[data-id]")?.dataset.id;
    const wanted = this.#wanted();
    const next = new Map();
    const elements = wanted.map(({ key, signature, make }) => {
      const old = this.#shown.get(key);
      const element = old?.signature === signature ? old.element : this.#replace(old?.element, make());
      next.set(key, { signature, element });
      return element;
    });
    this.#shown = next;
    this.#place(elements);
    this.#refocus?.();
    this.#refocus = undefined;
    this.#follow = near;
    if (near) this.toBottom();
    else if (firstId && this.list.querySelector("[data-id]")?.dataset.id !== firstId) this.scroller.scrollTop = top + this.scroller.scrollHeight - height;
  }

  toBottom(smooth = false) {
    this.#follow = true;
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: smooth && !reducedMotion() ? "smooth" : "instant" });
    this.jump.hidden = true;
  }

  /** Scroll to a message and let it be seen. */
  reveal(id) {
    const element = this.list.querySelector(`[data-id="${CSS.escape(id)}"]`);
    if (!element) return;
    element.scrollIntoView({ block: "center", behavior: reducedMotion() ? "instant" : "smooth" });
    element.classList.add("revealed");
    setTimeout(() => element.classList.remove("revealed"), 1600);
  }

  #wanted() {
    const { world, dismissed, interactions } = this.view;
    const log = world.log(this.#channelId);
    const entries = log.all.filter(({ message }) => !dismissed.has(message.id));
    const rows = [];
    if (log.whole) rows.push({ key: "beginning", signature: world.channel(this.#channelId)?.name ?? "", make: () => emptyState(world, this.#channelId, this.view.names) });
    let before;
    for (const { message, revision } of entries) {
      const at = new Date(message.timestamp);
      if (!before || !sameDay(at, new Date(before.timestamp))) {
        rows.push({ key: `day-${dayName(at)}`, signature: "", make: () => h("li", { className: "day" }, h("span", {}, dayName(at))) });
        before = undefined;
      }
      rows.push(this.#row(message, revision, goesOn(message, before)));
      before = message;
    }
    for (const entry of interactions.inChannel(this.#channelId)) {
      rows.push({ key: `pending-${entry.nonce}`, signature: entry.state, make: () => pendingElement(entry, this.view) });
    }
    return rows;
  }

  #row(message, revision, compact) {
    const { world, guild, interactions } = this.view;
    const entry = interactions.ofMessage(message.id);
    const thread = message.thread && guild?.threads.get(message.thread.id);
    const last = message.thread && world.logs.get(message.thread.id)?.all.at(-1);
    const signature = [revision, compact, entry?.state, entry?.customId, thread?.name, thread?.message_count, thread?.thread_metadata?.archived, last?.revision, world.epoch].join("|");
    return { key: message.id, signature, make: () => messageElement(message, compact, this.view) };
  }

  /** A new element in the place of an old one: the focus stays on the same control. */
  #replace(old, fresh) {
    if (!old) {
      if (Date.now() - snowflakeTime(fresh.dataset.id ?? "0") < FRESH_MS) fresh.classList.add("arriving");
      return fresh;
    }
    if (old.contains(document.activeElement)) {
      const { focus } = document.activeElement.dataset;
      this.#refocus = () => {
        const same = focus && (fresh.dataset.focus === focus ? fresh : fresh.querySelector(`[data-focus="${CSS.escape(focus)}"]:not(:disabled)`));
        (same ?? fresh).focus({ preventScroll: true });
      };
    }
    for (const [index, spoiler] of [...old.querySelectorAll(".spoiler")].entries()) {
      if (spoiler.classList.contains("revealed")) [...fresh.querySelectorAll(".spoiler")][index]?.click();
    }
    return fresh;
  }

  #place(elements) {
    const wanted = new Set(elements);
    for (const child of [...this.list.children]) if (!wanted.has(child)) child.remove();
    elements.forEach((element, index) => {
      if (this.list.children[index] !== element) this.list.insertBefore(element, this.list.children[index] ?? null);
    });
  }

  #nearBottom() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM;
  }

  #messageOf(element) {
    return this.view.world.log(this.#channelId).get(element?.closest?.("[data-id]")?.dataset.id);
  }

  #contextMenu(event) {
    const message = this.#messageOf(event.target);
    if (!message || event.target.closest("a[href], pre") || getSelection()?.toString()) return;
    event.preventDefault();
    this.view.openMenu(message, { x: event.clientX, y: event.clientY });
  }

  /** Arrows go from message to message; the menu key or Enter opens the actions. */
  #move(event) {
    const current = event.target.closest("[data-id]");
    const onMessage = event.target === current || event.target === this.list;
    if (!onMessage) {
      if (event.key === "Escape") current?.focus();
      return;
    }
    const items = [...this.list.querySelectorAll("[data-id]")];
    const index = items.indexOf(current);
    const target = { ArrowUp: items[index < 0 ? items.length - 1 : index - 1], ArrowDown: items[index + 1], Home: items[0], End: items.at(-1) }[event.key];
    if (target) {
      event.preventDefault();
      target.focus();
      target.scrollIntoView({ block: "nearest" });
    } else if (current && (event.key === "ContextMenu" || event.key === "Enter" || (event.key === "F10" && event.shiftKey))) {
      event.preventDefault();
      this.view.openMenu(this.#messageOf(current), current);
    }
  }
}

/** Whether a message stands in one group with the one before. */
function goesOn(message, before) {
  if (!before || before.author?.id !== message.author?.id || message.type !== MessageType.DEFAULT) return false;
  if ([MessageType.RENAMED, MessageType.JOINED, MessageType.THREAD_CREATED].includes(before.type)) return false;
  if ((message.flags & MessageFlag.EPHEMERAL) !== (before.flags & MessageFlag.EPHEMERAL)) return false;
  return snowflakeTime(message.id) - snowflakeTime(before.id) < GROUP_MS;
}
