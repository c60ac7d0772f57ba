// A chosen command: its options as chips to fill in, with lists where there is something to choose from.

import { freshId, h } from "../dom.js";
import { icon } from "../icons.js";
import { Listbox } from "../dialogs/listbox.js";
import { OptionType } from "../store/flags.js";
import { choicesFor } from "./choices.js";
import { CommandDraft } from "./command.js";
import { readFile } from "./files.js";

const COMPLETE_AFTER_MS = 180;

/** `context`: `{world, guild(), complete(draft, option), send(draft, attachments), leave(text), complain(words)}`. */
export class CommandBar {
  #inputs = new Map();
  #files = new Map();
  #current;
  #timer;
  #asked = 0;

  constructor(invocable, context) {
    this.context = context;
    this.draft = new CommandDraft(invocable);
    this.list = new Listbox({ label: "Choices", onChoose: (choice) => this.#choose(choice) });
    this.problem = h("p", { className: "option-problem", id: freshId("problem"), role: "status" });
    this.about = h("p", { className: "option-about" });
    this.popup = h("div", { className: "composer-popup" }, h("div", { className: "popup-head" }, this.about, this.problem), this.list.element);
    this.chips = h("div", { className: "chips", role: "group", "aria-label": `Options of /${invocable.name}` });
    this.element = h("div", { className: "command-bar", tabindex: "-1", role: "group", "aria-label": `Command /${invocable.name}. Enter sends it` }, h("span", { className: "command-name" }, `/${invocable.name}`), this.chips);
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("click", (event) => event.target === this.element && this.#inputs.get(this.draft.shown.at(-1)?.name)?.focus());
    for (const option of this.draft.shown) this.#addChip(option);
    this.#drawMore();
    this.#describe(undefined);
  }

  focus() {
    (this.#firstEmpty() ?? [...this.#inputs.values()].at(-1) ?? this.element).focus();
  }

  /** Fill an option in from outside: the tour does. */
  preset(name, text) {
    const option = this.draft.invocable.options.find((each) => each.name === name);
    if (!option) return;
    this.#reveal(option);
    const choice = choicesFor(option, text, this.context.world, this.context.guild())?.find(({ label }) => label === text);
    this.draft.set(option, text, choice?.value);
    this.#inputs.get(name).value = text;
    this.#fit(this.#inputs.get(name));
  }

  async submit() {
    const wrong = this.draft.shown.find((option) => this.#check(option));
    if (wrong) {
      this.#inputs.get(wrong.name).focus();
      return;
    }
    await this.context.send(this.draft, [...this.#files.values()]);
  }

  #firstEmpty() {
    return [...this.#inputs.values()].find((input) => !input.value);
  }

  #addChip(option) {
    const file = option.type === OptionType.ATTACHMENT;
    const id = freshId("option");
    const input = h("input", {
      id, type: file ? "file" : "text", autocomplete: "off", spellcheck: "false", "aria-describedby": this.problem.id, data: { option: option.name },
      role: !file && "combobox", "aria-expanded": !file && "false", "aria-controls": !file && this.list.id, "aria-autocomplete": !file && "list",
      "aria-required": String(Boolean(option.required)),
    });
    const chip = h("div", { className: "chip", data: { chip: option.name } }, h("label", { for: id }, option.name), input);
    input.addEventListener("focus", () => this.#describe(option));
    input.addEventListener("input", () => (file ? this.#attach(option, input) : this.#typed(option, input)));
    input.addEventListener("blur", () => chip.classList.toggle("wrong", Boolean(this.draft.text(option) && this.draft.problem(option))));
    this.#inputs.set(option.name, input);
    this.chips.insertBefore(chip, this.more ?? null);
    this.#fit(input);
  }

  #drawMore() {
    this.more?.remove();
    const { hidden } = this.draft;
    if (!hidden.length) {
      this.more = undefined;
      return;
    }
    this.more = h("button", { type: "button", className: "more-options", "aria-haspopup": "listbox" }, `+${hidden.length} more`);
    this.more.addEventListener("focus", () => this.#offerOptions());
    this.more.addEventListener("click", () => this.#offerOptions());
    this.chips.append(this.more);
  }

  #offerOptions() {
    this.#current = undefined;
    this.about.replaceChildren(h("strong", {}, "Options"), " that can be left out");
    this.problem.textContent = "";
    this.list.show(this.draft.hidden.map((option) => ({ label: option.name, hint: option.description, option })), { field: this.more });
    this.popup.hidden = false;
  }

  #reveal(option) {
    if (this.draft.shown.includes(option)) return;
    this.draft.show(option);
    this.#addChip(option);
    this.#drawMore();
  }

  #describe(option) {
    this.#current = option;
    this.popup.hidden = false;
    if (!option) {
      this.about.replaceChildren(this.draft.invocable.description ?? "");
      this.list.show([]);
      return;
    }
    this.about.replaceChildren(h("strong", {}, option.name), " ", option.description ?? "", option.required ? h("span", { className: "required-word" }, "required") : h("span", { className: "optional-word" }, "optional"));
    this.problem.textContent = this.draft.text(option) ? this.draft.problem(option) : "";
    this.#offer(option);
  }

  #offer(option, { unopened = false } = {}) {
    const input = this.#inputs.get(option.name);
    const text = this.draft.text(option);
    if (option.autocomplete) return this.#complete(option, input);
    const choices = choicesFor(option, text, this.context.world, this.context.guild());
    const index = choices?.findIndex(({ label }) => label === text);
    this.list.show(choices ?? [], { field: input, index, empty: choices && "Nothing of that name." });
    input.setAttribute("aria-expanded", String(Boolean(choices?.length) && !unopened));
    return undefined;
  }

  #complete(option, input) {
    clearTimeout(this.#timer);
    const asked = ++this.#asked;
    this.#timer = setTimeout(async () => {
      try {
        const { choices = [] } = await this.context.complete(this.draft, option);
        if (asked !== this.#asked || this.#current !== option) return;
        this.list.show(choices.map(({ name, value }) => ({ label: name, value })), { field: input, empty: "The application suggests nothing for this." });
        input.setAttribute("aria-expanded", String(choices.length > 0));
      } catch {
        this.list.show([], { field: input, empty: "Loading options failed." });
      }
    }, COMPLETE_AFTER_MS);
  }

  #typed(option, input) {
    this.draft.set(option, input.value);
    this.#fit(input);
    this.problem.textContent = "";
    input.closest(".chip").classList.remove("wrong");
    this.#offer(option);
  }

  async #attach(option, input) {
    const [file] = input.files;
    if (!file) return;
    try {
      const id = String(this.#files.size);
      this.#files.set(option.name, { id, ...(await readFile(file)) });
      this.draft.set(option, file.name, id);
    } catch (error) {
      input.value = "";
      this.context.complain(error.message);
    }
  }

  #choose(choice) {
    if (choice.option) {
      this.#reveal(choice.option);
      this.#inputs.get(choice.option.name).focus();
      return;
    }
    const option = this.#current;
    const input = this.#inputs.get(option.name);
    input.value = choice.label;
    this.draft.set(option, choice.label, choice.value);
    input.closest(".chip").classList.remove("wrong");
    this.#fit(input);
    this.#next(input);
  }

  /** On to the next empty option, or stay, ready to send. */
  #next(input) {
    const inputs = [...this.#inputs.values()];
    const empty = inputs.slice(inputs.indexOf(input) + 1).find((each) => !each.value);
    if (empty) empty.focus();
    else {
      this.list.show([]);
      input.setAttribute("aria-expanded", "false");
      input.focus();
    }
  }

  #check(option) {
    const words = this.draft.problem(option);
    const chip = this.#inputs.get(option.name).closest(".chip");
    chip.classList.toggle("wrong", Boolean(words));
    this.#inputs.get(option.name).setAttribute("aria-invalid", String(Boolean(words)));
    if (words) queueMicrotask(() => (this.problem.textContent = words));
    return Boolean(words);
  }

  #key(event) {
    if (this.list.key(event)) return;
    const input = event.target.closest("input");
    const option = input && this.draft.invocable.options.find(({ name }) => name === input.dataset.option);
    if (event.key === "Escape") this.context.leave("");
    else if (event.key === "Backspace" && input && !input.value) this.#remove(option, event);
    else if (event.key === "Enter" && !event.isComposing) this.#enter(event, option);
    else if (event.key === "Tab" && !event.shiftKey && this.#picks(option)) this.#choose(this.list.current);
    else return;
    event.preventDefault();
  }

  #enter(event, option) {
    if (event.target === this.more || this.#picks(option)) {
      if (this.list.current) this.#choose(this.list.current);
    } else this.submit();
  }

  /** Whether Enter takes the marked choice: it is open, and the option has none yet. */
  #picks(option) {
    if (!option || !this.list.options.length) return false;
    const { text = "", value } = this.draft.values.get(option.name) ?? {};
    return value === undefined && (!option.autocomplete || text.trim() !== "" || option.required === true);
  }

  #remove(option) {
    if (option.required || !option) return this.draft.shown[0] === option && this.draft.shown.length === 1 ? this.context.leave(`/${this.draft.invocable.name}`) : undefined;
    const at = this.draft.shown.indexOf(option);
    this.draft.hide(option);
    this.#inputs.get(option.name).closest(".chip").remove();
    this.#inputs.delete(option.name);
    this.#files.delete(option.name);
    this.#drawMore();
    (this.#inputs.get(this.draft.shown[at - 1]?.name) ?? this.more ?? this.element).focus();
    return undefined;
  }

  #fit(input) {
    if (input.type !== "file") input.size = Math.max(3, Math.min(60, input.value.length + 1));
  }
}
export const commandIcon = () => h("span", { className: "command-icon", "aria-hidden": "true" }, icon("key"));
