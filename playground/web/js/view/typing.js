import { fill, h } from "../dom.js";
import { person } from "../store/names.js";

/** The line below the messages that says who is typing. It is not read out: that would never end. */
export class Typing {
  constructor() {
    this.element = h("div", { className: "typing", "aria-hidden": "true" });
  }

  draw(world, guild, channelId) {
    const names = [...(world.typing.get(channelId)?.keys() ?? [])].map((id) => person(world, guild, { id }).name);
    if (!names.length) return fill(this.element);
    const who = names.length > 3 ? "Several people" : new Intl.ListFormat("en").format(names);
    return fill(this.element, h("span", { className: "dots" }, h("i"), h("i"), h("i")), h("strong", {}, who), names.length > 1 ? " are typing…" : " is typing…");
  }
}
