// The side panel: behind the scenes of bot and gateway.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { PeopleCards } from "./people.js";
import { Switches } from "./switches.js";
import { Traffic } from "./traffic.js";

export class Panel {
  constructor(backstage, acts, { onClose }) {
    const traffic = new Traffic(backstage);
    this.people = new PeopleCards(backstage, acts);
    this.switches = new Switches(backstage, acts);
    this.close = h("button", { type: "button", className: "icon-button", "aria-label": "Close the panel", onclick: onClose }, icon("close"));
    this.element = h("aside", { className: "panel", "aria-label": "Behind the scenes" },
      h("header", { className: "panel-head" }, h("div", {}, h("h2", {}, "Behind the scenes"), h("p", {}, "Roles on Discord become keys on the gateway.")), this.close),
      h("div", { className: "panel-body" },
        section("key", "People and their keys", this.people.element),
        section("bolt", "Break something", this.switches.element),
        section("pulse", "Live", traffic.element, traffic.filters)));
  }
}

function section(sign, title, content, aside) {
  return h("section", { className: "panel-section" }, h("div", { className: "section-head" }, h("h3", {}, icon(sign), title), aside), content);
}
