// The coach: a card that tells what to do next, and a ring around where. Nothing is blocked; it can be left and resumed.

import { fill, h, reducedMotion } from "../dom.js";
import { icon } from "../icons.js";
import { STEPS } from "./steps.js";

const KEY = "playground-tour";

export class Tour {
  #step = 0;
  #resized = new ResizeObserver(() => this.#follow());
  #open = false;
  #target;

  /** `watch`: watch.js. `onPanel()` brings the panel into view. */
  constructor(watch, storage, { onPanel, onChange }) {
    this.watch = watch;
    this.storage = storage;
    this.onPanel = onPanel;
    this.onChange = onChange;
    this.ring = h("div", { className: "tour-ring", hidden: true, "aria-hidden": "true" });
    this.card = h("section", { className: "tour-card", role: "region", "aria-label": "Guided tour", hidden: true });
    this.said = h("p", { className: "sr-only", role: "status" });
    this.card.addEventListener("keydown", (event) => event.key === "Escape" && this.skip());
    addEventListener("resize", () => this.#follow());
    document.addEventListener("transitionend", (event) => event.target.matches?.(".drawer, .panel") && this.#follow());
    document.addEventListener("scroll", () => this.#follow(), { capture: true, passive: true });
    const kept = JSON.parse(storage.getItem(KEY) ?? "null");
    this.#step = Math.min(kept?.step ?? 0, STEPS.length);
    for (const what of kept?.seen ?? []) watch.note(what);
    this.fresh = !kept;
    this.left = Boolean(kept?.left);
  }

  get open() {
    return this.#open;
  }

  get finished() {
    return this.#step >= STEPS.length;
  }

  start() {
    if (this.finished) this.restart();
    this.#open = true;
    this.left = false;
    this.#keep();
    this.draw();
    this.card.focus();
  }

  restart() {
    this.#step = 0;
    this.watch.forget();
  }

  skip() {
    this.#open = false;
    this.left = true;
    this.#keep();
    this.card.hidden = true;
    this.ring.hidden = true;
    this.onChange();
  }

  go(step) {
    this.#step = step;
    this.#keep();
    this.draw();
  }

  /** Look whether the step at hand is done; called whenever something happened. */
  check() {
    if (!this.#open || this.finished) return;
    this.#keep();
    this.draw();
  }

  draw() {
    this.onChange();
    if (!this.#open) return;
    this.card.hidden = false;
    this.card.tabIndex = -1;
    if (this.finished) this.#drawEnd();
    else this.#drawStep();
    this.#follow();
  }

  #drawStep() {
    const step = STEPS[this.#step];
    const done = step.tasks.map((task) => task.done(this.watch));
    const current = done.indexOf(false);
    const complete = current < 0;
    const task = step.tasks[current];
    if (task?.panel && this.#lastShown !== `${this.#step}-${current}`) this.onPanel();
    this.#say(`${this.#step}-${current}`, complete ? `Step ${this.#step + 1} is done.` : `Step ${this.#step + 1} of ${STEPS.length}. ${task.words}.`);
    if (this.#shone !== this.#step) this.#shine();
    this.#target = task?.target;
    this.card.classList.toggle("complete", complete);
    fill(this.card,
      h("header", {}, h("span", { className: "tour-count" }, `Step ${this.#step + 1} of ${STEPS.length}`), this.#dots(), h("button", { type: "button", className: "text-link", data: { focus: "skip" }, onclick: () => this.skip() }, "Skip tour")),
      h("h2", {}, step.title), h("p", {}, step.words),
      h("ol", { className: "tour-tasks" }, step.tasks.map((each, index) => h("li", { className: done[index] ? "done" : index === current ? "current" : "" }, h("span", { className: "tick" }, icon("check")), h("span", {}, each.words, done[index] && h("span", { className: "sr-only" }, " (done)"))))),
      h("footer", {},
        this.#step > 0 && h("button", { type: "button", className: "button secondary", data: { focus: "back" }, onclick: () => this.go(this.#step - 1) }, "Back"),
        h("span", { className: "spring" }),
        !complete && h("button", { type: "button", className: "button secondary", data: { focus: "help" }, onclick: () => step.help(this.watch) }, "Show me"),
        h("button", { type: "button", className: `button ${complete ? "primary" : "secondary"}`, data: { focus: "next" }, onclick: () => this.go(this.#step + 1) }, this.#step === STEPS.length - 1 ? "Finish" : "Next")));
  }

  #drawEnd() {
    this.#target = undefined;
    this.#say("end", "The tour is over.");
    this.card.classList.add("complete");
    fill(this.card,
      h("header", {}, h("span", { className: "tour-count" }, "That’s it"), this.#dots()),
      h("h2", {}, "Roles became access"), h("p", {}, "That is all there is to it: who has the role has the tier, who leaves has no key. Go on as anybody you like, break the gateway, spend a budget."),
      h("footer", {},
        h("button", { type: "button", className: "button secondary", data: { focus: "back" }, onclick: () => {
          this.restart();
          this.go(0);
        } }, "Once more"), h("span", { className: "spring" }),
        h("button", { type: "button", className: "button primary", data: { focus: "next" }, onclick: () => this.skip() }, "Done")));
  }

  /** Dim everything but the target for a moment, once a step: later something else is to be looked at. */
  #shine() {
    this.#shone = this.#step;
    this.ring.classList.remove("shine");
    requestAnimationFrame(() => this.ring.classList.add("shine"));
  }

  #dots() {
    return h("span", { className: "tour-dots", "aria-hidden": "true" }, STEPS.map((_, index) => h("i", { className: index < this.#step ? "past" : index === this.#step ? "now" : "" })));
  }

  #lastShown;

  #say(key, words) {
    if (this.#lastShown === key) return;
    this.#lastShown = key;
    if (this.#shone === this.#step) this.ring.classList.remove("shine");
    this.said.textContent = words;
  }

  /** Put the ring around what is meant, and the card where it hides nothing of it. */
  #follow() {
    if (!this.#open) return;
    const target = this.#target && reachable(document.querySelector(this.#target));
    const box = target?.getBoundingClientRect();
    const seen = Boolean(box && box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.left < innerWidth && box.right > 0);
    this.ring.hidden = !seen;
    this.#placeCard(seen ? box : undefined);
    this.#watchSize(seen && target);
    if (!seen) return;
    const around = 5;
    const place = { left: box.left - around, top: Math.max(2, box.top - around), width: box.width + 2 * around, height: Math.min(box.height, innerHeight - box.top - 2) + 2 * around };
    for (const [name, value] of Object.entries(place)) this.ring.style[name] = `${value}px`;
    this.ring.classList.toggle("still", reducedMotion());
  }

  /** The composer grows as one writes, a person's card as there is more to tell. */
  #watchSize(target) {
    if (target === this.#watched) return;
    this.#resized.disconnect();
    this.#watched = target;
    if (target) this.#resized.observe(target);
  }

  #watched;
  #shone;

  /** At the top of the chat, where the oldest messages are; at its bottom where that would cover the target. */
  #placeCard(box) {
    const chat = document.querySelector("main").getBoundingClientRect();
    this.card.style.right = `${Math.max(8, innerWidth - chat.right + 14)}px`;
    this.card.classList.remove("low");
    const card = this.card.getBoundingClientRect();
    const covers = box && box.left < card.right && box.right > card.left && box.top < card.bottom && box.bottom > card.top;
    this.card.classList.toggle("low", Boolean(covers));
  }

  #keep() {
    this.storage.setItem(KEY, JSON.stringify({ step: this.#step, seen: this.watch.seen, left: this.left }));
  }
}

/** On a small screen channels and oneself are behind the menu button, and the open panel lies over the chat. */
function reachable(target) {
  if (target?.closest(".drawer") && target.getBoundingClientRect().right <= 0) return document.querySelector(".channel-header .only-narrow");
  if (target?.closest(".chat") && document.querySelector(".shell.panel-open")) return document.querySelector(".panel-head .icon-button");
  return target;
}
