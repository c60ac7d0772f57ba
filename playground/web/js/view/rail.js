// The servers, leftmost, as Discord has them: home for direct messages, then each server.

import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { initials } from "./avatar.js";

export class Rail {
  constructor({ onOpen }) {
    this.onOpen = onOpen;
    this.element = h("nav", { className: "rail", "aria-label": "Servers" });
  }

  draw(world, openGuildId) {
    const unreadIn = (channels) => channels.some((id) => world.unread.has(id));
    fill(this.element, h("ul", {},
      this.#entry({ id: "dms", name: "Direct messages", face: icon("at"), open: openGuildId === "dms", unread: unreadIn([...world.dms.keys()]) }),
      h("li", { className: "rail-line", "aria-hidden": "true" }),
      [...world.guilds.values()].map((guild) => this.#entry({
        id: guild.id, name: guild.name, face: initials(guild.name), open: guild.id === openGuildId,
        unread: unreadIn([...guild.channels.keys(), ...guild.threads.keys()]),
      }))));
  }

  #entry({ id, name, face, open, unread }) {
    return h("li", { className: `rail-entry ${open ? "open" : ""} ${unread ? "unread" : ""}` }, h("span", { className: "pill", "aria-hidden": "true" }),
      h("button", { type: "button", title: name, "aria-label": unread ? `${name}, unread` : name, "aria-current": open && "page", data: { focus: `guild-${id}` }, onclick: () => this.onOpen(id) }, face));
  }
}
