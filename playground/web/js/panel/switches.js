// What can go wrong behind the bot, to be tried: the gateway cut off, the models failing or slow.

import { fill, h } from "../dom.js";
import { icon } from "../icons.js";

const UPSTREAM = [["ok", "Fine"], ["slow", "Slow"], ["failing", "Failing"]];

export class Switches {
  constructor(backstage, { gateway, upstream }) {
    this.element = h("div", { className: "switches" });
    const draw = () => {
      const { switches } = backstage;
      const up = switches.gateway === "up";
      fill(this.element,
        h("div", { className: `switch-row ${up ? "" : "down"}` }, icon("plug"), h("span", {}, "Gateway", h("small", {}, up ? "reachable" : "cut off")),
          h("button", { type: "button", role: "switch", className: "switch", "aria-checked": String(up), "aria-label": "Gateway reachable", data: { focus: "gateway" }, onclick: () => gateway(!up) }, h("i"))),
        h("div", { className: `switch-row ${switches.upstream === "ok" ? "" : "down"}` }, icon("cloud"), h("span", {}, "Model provider", h("small", {}, { ok: "answers", slow: "takes its time", failing: "fails" }[switches.upstream])),
          h("div", { className: "segments", role: "radiogroup", "aria-label": "Model provider" }, UPSTREAM.map(([mode, label]) => h("button", {
            type: "button", role: "radio", "aria-checked": String(mode === switches.upstream), tabindex: mode === switches.upstream ? "0" : "-1", data: { focus: `upstream-${mode}`, mode },
            onclick: () => upstream(mode), onkeydown: (event) => step(event),
          }, label)))));
    };
    backstage.on("switches", draw);
    draw();
  }
}

/** Arrows move within the group: https://www.w3.org/WAI/ARIA/apg/patterns/radio/ */
function step(event) {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const all = [...event.currentTarget.parentElement.children];
  const next = all[(all.indexOf(event.currentTarget) + by + all.length) % all.length];
  next.focus();
  next.click();
}
