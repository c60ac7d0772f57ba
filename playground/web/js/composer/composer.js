// Where one writes: messages, replies, files, and "/" for commands.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { Listbox } from "../dialogs/listbox.js";
import { person } from "../store/names.js";
import { matching } from "./choices.js";
import { CommandBar, commandIcon } from "./command_bar.js";
import { invocables } from "./command.js";
import { readFile } from "./files.js";

const LONGEST = 2000; // characters; https://discord.com/developers/docs/resources/message#create-message
const TYPING_EVERY_MS = 8000;

/** `context`: `{world, guild(), channelId(), send(content, extras), slash(draft, attachments), complete(draft, option), typing(), complain(words)}`. */
export class Composer {
  #bar;
  #reply;
  #files = [];
  #lastTyping = 0;
  #drafts = new Map();
  #key = "";

  constructor(context) {
    this.context = context;
    this.picker = new Listbox({ label: "Commands", onChoose: ({ value }) => this.startCommand(value) });
    this.popup = h("div", { className: "composer-popup", hidden: true }, this.picker.element);
    this.field = h("textarea", {
      className: "composer-field", rows: "1", "aria-controls": this.picker.id, "aria-autocomplete": "list",
      oninput: () => this.#typed(), onkeydown: (event) => this.#keydown(event), onpaste: (event) => this.#pasted(event),
      onblur: () => this.#closePicker(),
    });
    this.fileInput = h("input", { type: "file", multiple: true, hidden: true, onchange: () => this.#add([...this.fileInput.files]) });
    this.attach = h("button", { type: "button", className: "icon-button", "aria-label": "Add files", title: "Add files", onclick: () => this.fileInput.click() }, icon("plus"));
    this.sendButton = h("button", { type: "button", className: "icon-button send", "aria-label": "Send", title: "Send", onclick: () => this.submit() }, icon("send"));
    this.counter = h("span", { className: "counter", "aria-live": "polite" });
    this.above = h("div", { className: "composer-above" });
    this.middle = h("div", { className: "composer-middle" }, this.field);
    this.popups = h("div", { className: "composer-popups" }, this.popup);
    this.element = h("div", { className: "composer" }, this.popups, this.above,
      h("div", { className: "composer-row" }, this.attach, this.fileInput, this.middle, this.counter, this.sendButton));
    this.element.addEventListener("dragover", (event) => event.preventDefault());
    this.element.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#add([...event.dataTransfer.files]);
    });
    this.#drawSend();
  }

  /** Write in a channel, as somebody: what was begun elsewhere is kept for the return. */
  open(label, key) {
    if (this.#key) this.#drafts.set(this.#key, this.field.value);
    this.#key = key;
    this.leaveCommand("", false);
    this.setReply(undefined);
    this.#files = [];
    this.#drawFiles();
    this.field.value = this.#drafts.get(key) ?? "";
    this.field.placeholder = label;
    this.field.setAttribute("aria-label", label);
    this.#fit();
    this.#drawSend();
  }

  focus() {
    if (this.#bar) this.#bar.focus();
    else this.field.focus();
  }

  setReply(message) {
    this.#reply = message;
    const { world } = this.context;
    this.above.querySelector(".replying")?.remove();
    if (!message) return;
    const { name } = person(world, this.context.guild(), message.author);
    this.above.prepend(h("div", { className: "replying" }, h("span", {}, "Replying to ", h("strong", {}, name)), h("button", { type: "button", className: "icon-button", "aria-label": "Do not reply", onclick: () => {
      this.setReply(undefined);
      this.focus();
    } }, icon("close"))));
    this.focus();
  }

  /** Begin a command by its full name, with options filled in. False where there is no such command. */
  startNamed(name, options = {}) {
    const found = invocables(this.#commands()).find((each) => each.name === name);
    if (!found) return false;
    this.startCommand(found);
    for (const [option, text] of Object.entries(options)) this.#bar.preset(option, text);
    this.#bar.focus();
    return true;
  }

  startCommand(invocable) {
    this.#closePicker();
    this.#bar = new CommandBar(invocable, {
      world: this.context.world,
      guild: this.context.guild,
      complete: this.context.complete,
      complain: this.context.complain,
      leave: (text) => this.leaveCommand(text),
      send: (draft, attachments) => this.#sendCommand(draft, attachments),
    });
    this.field.value = "";
    this.middle.replaceChildren(this.#bar.element);
    this.popups.replaceChildren(this.#bar.popup);
    this.element.classList.add("commanding");
    this.attach.disabled = true;
    this.#drawSend();
    this.#bar.focus();
  }

  leaveCommand(text, focus = true) {
    if (!this.#bar) return;
    this.#bar = undefined;
    this.middle.replaceChildren(this.field);
    this.popups.replaceChildren(this.popup);
    this.element.classList.remove("commanding");
    this.attach.disabled = false;
    this.field.value = text;
    this.#fit();
    if (focus) this.field.focus();
    if (text) this.#offer();
    this.#drawSend();
  }

  async submit() {
    if (this.#bar) return this.#bar.submit();
    const content = this.field.value.trim();
    if (!content && !this.#files.length) return undefined;
    if (content.length > LONGEST) return this.context.complain(`A message holds ${LONGEST} characters. Yours has ${content.length}.`);
    const before = { content: this.field.value, files: this.#files, reply: this.#reply };
    this.field.value = "";
    this.#files = [];
    this.setReply(undefined);
    this.#drawFiles();
    this.#fit();
    try {
      await this.context.send(content, { ...(before.reply && { reply_to: before.reply.id }), ...(before.files.length && { attachments: before.files }) });
    } catch (error) {
      // Nothing that was written is lost.
      this.field.value = before.content;
      this.#files = before.files;
      this.setReply(before.reply);
      this.#drawFiles();
      this.#fit();
      this.context.complain(error.message);
    }
    return undefined;
  }

  async #sendCommand(draft, attachments) {
    const bar = this.#bar;
    this.leaveCommand("");
    try {
      await this.context.slash(draft, attachments);
    } catch (error) {
      this.context.complain(error.message);
      if (this.#bar) return;
      this.startCommand(draft.invocable);
      for (const option of bar.draft.shown) this.#bar.preset(option.name, draft.text(option));
    }
  }

  #commands() {
    return this.context.world.commandsIn(this.context.guild());
  }

  #typed() {
    this.#fit();
    this.#drawSend();
    this.#offer();
    const now = Date.now();
    if (this.field.value && !this.field.value.startsWith("/") && now - this.#lastTyping > TYPING_EVERY_MS) {
      this.#lastTyping = now;
      this.context.typing();
    }
  }

  #offer() {
    const typed = this.field.value;
    if (!/^\/[^\n]*$/.test(typed)) return this.#closePicker();
    const found = matching(invocables(this.#commands()), typed.slice(1));
    const bot = this.context.world.bot;
    this.picker.show(found.map((each) => ({
      value: each, label: [`/${each.name}`, ...each.options.slice(0, 4).map(({ name, required }) => h("span", { className: required ? "hint-chip" : "hint-chip optional" }, name))],
      hint: each.description, leading: commandIcon(), trailing: h("span", { className: "option-app" }, bot?.global_name ?? bot?.username ?? ""),
    })), { field: this.field, heading: found.length ? "Commands" : undefined, empty: "No command of that name." });
    this.popup.hidden = false;
    return undefined;
  }

  #closePicker() {
    this.popup.hidden = true;
    this.field.removeAttribute("aria-activedescendant");
  }

  #keydown(event) {
    if (!this.popup.hidden) {
      if (this.picker.key(event)) return;
      if (event.key === "Escape") {
        event.preventDefault();
        this.#closePicker();
        return;
      }
      if (["Enter", "Tab"].includes(event.key) && this.picker.current) {
        event.preventDefault();
        this.startCommand(this.picker.current.value);
        return;
      }
    }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape" && this.#reply) this.setReply(undefined);
  }

  #pasted(event) {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    this.#add(files);
  }

  async #add(files) {
    this.fileInput.value = "";
    for (const file of files) {
      try {
        this.#files.push(await readFile(file));
      } catch (error) {
        this.context.complain(error.message);
      }
    }
    this.#drawFiles();
    this.#drawSend();
    this.focus();
  }

  #drawFiles() {
    this.above.querySelector(".queued")?.remove();
    if (!this.#files.length) return;
    this.above.append(h("ul", { className: "queued", "aria-label": "Files to send" }, this.#files.map((file) => h("li", {}, icon("file"), h("span", {}, file.filename), h("button", {
      type: "button", className: "icon-button", "aria-label": `Remove ${file.filename}`, onclick: () => {
        this.#files = this.#files.filter((each) => each !== file);
        this.#drawFiles();
        this.#drawSend();
        this.focus();
      },
    }, icon("bin"))))));
  }

  #fit() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, innerHeight * 0.4)}px`;
    const over = LONGEST - this.field.value.length;
    this.counter.textContent = over < 200 ? String(over) : "";
    this.counter.classList.toggle("over", over < 0);
  }

  #drawSend() {
    this.sendButton.classList.toggle("ready", Boolean(this.#bar || this.field.value.trim() || this.#files.length));
  }
}
