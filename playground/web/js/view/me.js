// Who one is, bottom left; a press opens the choice of people.

import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { openMenu } from "../dialogs/menu.js";
import { avatar } from "./avatar.js";

export class Me {
  constructor({ onChoose }) {
    this.onChoose = onChoose;
    this.element = h("section", { className: "me", "aria-label": "Who you are" });
  }

  draw(world) {
    const current = world.people.find(({ user }) => user.id === world.me.id);
    const name = world.me.global_name ?? world.me.username;
    const button = h("button", { type: "button", className: "me-button", "aria-haspopup": "menu", "aria-label": `You are ${name}, ${current?.what ?? ""}. Be somebody else`, data: { focus: "me" } },
      h("span", { className: "presence" }, avatar(world.me, { className: "medium" })),
      h("span", { className: "me-words" }, h("strong", {}, name), h("small", {}, current?.what ?? "")), icon("people"));
    button.addEventListener("click", () => this.open(world, button));
    fill(this.element, button);
  }

  open(world, anchor) {
    openMenu("Be somebody", [{ heading: "You are" }, ...world.people.map(({ user, what }) => ({
      label: user.global_name ?? user.username, hint: what, leading: avatar(user, { className: "small" }), checked: user.id === world.me.id, act: () => this.onChoose(user.id),
    }))], anchor);
  }
}
