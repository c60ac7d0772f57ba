// What passes: the bot's requests to the gateway, its requests to Discord, and what happened. Newest at the bottom.

import { h } from "../dom.js";
import { clockTime } from "../time.js";

const KINDS = { event: "Events", request: "Gateway", discord: "Discord" };

export class Traffic {
  #shown = new Set(Object.keys(KINDS));

  constructor(backstage) {
    this.rows = h("ol", { className: "traffic-rows", tabindex: "0", "aria-label": "What passed" });
    const filters = Object.entries(KINDS).map(([kind, label]) => h("button", { type: "button", className: `filter ${kind}`, "aria-pressed": "true", onclick: ({ currentTarget }) => {
      const on = !this.#shown.delete(kind);
      if (on) this.#shown.add(kind);
      currentTarget.setAttribute("aria-pressed", String(on));
      this.rows.classList.toggle(`without-${kind}`, !on);
    } }, label));
    this.filters = h("div", { className: "filters", role: "group", "aria-label": "Show" }, filters);
    this.element = h("div", { className: "traffic" }, this.rows);
    backstage.on("log", (frame) => (frame ? this.#add(frame) : this.rows.replaceChildren()));
  }

  #add(frame) {
    const follows = this.rows.scrollHeight - this.rows.scrollTop - this.rows.clientHeight < 40;
    this.rows.append(row(frame));
    while (this.rows.children.length > 150) this.rows.firstChild.remove();
    if (follows) this.rows.scrollTop = this.rows.scrollHeight;
  }
}

function row(frame) {
  const at = h("time", { title: new Date(frame.at).toLocaleString() }, clockTime(new Date(frame.at)));
  if (frame.kind === "event") return h("li", { className: "event" }, at, h("span", { className: "event-name" }, frame.name), h("span", { className: "event-words" }, frame.words));
  const bad = frame.status >= 400;
  return h("li", { className: frame.kind }, at,
    h("span", { className: "method" }, frame.method), h("span", { className: "path", title: frame.path }, shortPath(frame.path)),
    h("span", { className: `status ${bad ? "bad" : ""}` }, String(frame.status)), h("span", { className: "aside" }, [frame.who, frame.ms !== undefined && `${Math.round(frame.ms)} ms`].filter(Boolean).join(" · ")));
}

/** Ids and interaction tokens say nothing to a reader. */
function shortPath(path) {
  return path.replace(/^\/api\/v\d+/, "").replace(/\/\d{15,}/g, "/…").replace(/\/[\w-]{40,}/g, "/…");
}
