// A slash command while it is written: its leaf options, what was typed for them, and Discord's nesting of both.

import { OptionType } from "../store/flags.js";

/** Everything one can choose in the picker: commands, and subcommands as their own lines. */
export function invocables(commands) {
  return commands.flatMap((command) => leaves(command, command.options ?? [], []));
}

function leaves(command, options, path) {
  const inner = options.filter((option) => option.type <= OptionType.SUB_COMMAND_GROUP);
  if (!inner.length) return [leaf(command, path)];
  return inner.flatMap((option) => (option.type === OptionType.SUB_COMMAND ? [leaf(command, [...path, option])] : leaves(command, option.options ?? [], [...path, option])));
}

function leaf(command, path) {
  const last = path.at(-1) ?? command;
  const options = (last.options ?? []).filter((option) => option.type > OptionType.SUB_COMMAND_GROUP);
  return { command, path, name: [command.name, ...path.map(({ name }) => name)].join(" "), description: last.description, options };
}

/** A draft: which option has which value. */
export class CommandDraft {
  values = new Map();

  constructor(invocable) {
    this.invocable = invocable;
    this.shown = invocable.options.filter((option) => option.required);
  }

  get hidden() {
    return this.invocable.options.filter((option) => !this.shown.includes(option));
  }

  show(option) {
    if (!this.shown.includes(option)) this.shown.push(option);
  }

  hide(option) {
    this.shown = this.shown.filter((each) => each !== option);
    this.values.delete(option.name);
  }

  /** Remember what was typed (`text`), and which value it stands for where it was chosen. */
  set(option, text, value) {
    this.values.set(option.name, { text, value });
  }

  text(option) {
    return this.values.get(option.name)?.text ?? "";
  }

  /** What is wrong with an option's value, in words; empty where nothing is. */
  problem(option) {
    const text = this.text(option).trim();
    if (!text) return this.shown.includes(option) ? "This option is required. Specify a value." : "";
    const value = this.#value(option);
    if (value === undefined) return option.choices || option.type === OptionType.BOOLEAN ? "Choose one of the list." : option.type >= OptionType.USER && option.type <= OptionType.MENTIONABLE ? "Choose somebody or something of the list." : "Write a number.";
    if (option.max_length && text.length > option.max_length) return `At most ${option.max_length} characters.`;
    if (option.min_length && text.length < option.min_length) return `At least ${option.min_length} characters.`;
    if (option.min_value !== undefined && value < option.min_value) return `At least ${option.min_value}.`;
    if (option.max_value !== undefined && value > option.max_value) return `At most ${option.max_value}.`;
    return "";
  }

  /** Discord's `options`, nested below the subcommand; `focused` marks the one that is being completed. */
  options(focused) {
    const given = this.shown.filter((option) => option === focused || this.text(option).trim());
    const leafOptions = given.map((option) => ({
      name: option.name, type: option.type, value: option === focused ? this.text(option) : this.#value(option), ...(option === focused && { focused: true }),
    }));
    return this.invocable.path.reduceRight((options, { name, type }) => [{ name, type, options }], leafOptions);
  }

  #value(option) {
    const { text = "", value } = this.values.get(option.name) ?? {};
    if (value !== undefined) return value;
    const typed = text.trim();
    if (option.choices) return option.choices.find((choice) => choice.name.toLowerCase() === typed.toLowerCase())?.value;
    if (option.type === OptionType.BOOLEAN) return { true: true, false: false }[typed.toLowerCase()];
    if (option.type === OptionType.STRING) return text;
    const number = Number(typed);
    if (option.type === OptionType.INTEGER) return Number.isInteger(number) ? number : undefined;
    if (option.type === OptionType.NUMBER) return Number.isFinite(number) ? number : undefined;
    return undefined;
  }
}
