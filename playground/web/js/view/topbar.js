// The bar over everything: that this is a simulation, and the page's own switches.

import { fill, h } from "../dom.js";
import { icon } from "../icons.js";

export class TopBar {
  constructor({ theme, onTour, onTheme }) {
    this.theme = theme;
    this.onTour = onTour;
    this.onTheme = onTheme;
    this.words = h("p", { className: "simulation" });
    this.tools = h("div", { className: "topbar-tools" });
    this.connection = h("span", { className: "connection", role: "status" });
    this.element = h("div", { className: "topbar", role: "banner" }, h("span", { className: "brand" }, h("span", { className: "brand-sign" }, icon("key")), h("strong", {}, "Rolekey"), h("span", {}, "playground")), this.words, this.connection, this.tools);
  }

  draw(world, tour) {
    fill(this.words, h("span", { className: "simulation-tag" }, "Simulation"), h("span", { className: "simulation-words" }, `Nothing here reaches Discord${world.model ? ` · ${world.model}` : ""}`));
    fill(this.tools,
      !tour.open && h("button", { type: "button", className: "tool", data: { focus: "tour" }, onclick: this.onTour }, icon("compass"), h("span", {}, tour.finished || tour.fresh ? "Take the tour" : "Resume tour")),
      h("button", { type: "button", className: "tool", "aria-label": this.theme.dark ? "Use light colours" : "Use dark colours", title: this.theme.dark ? "Light" : "Dark", data: { focus: "theme" }, onclick: this.onTheme }, icon(this.theme.dark ? "sun" : "moon")));
  }

  status(state) {
    this.connection.textContent = state === "lost" ? "Connection lost. Trying again…" : "";
  }
}
