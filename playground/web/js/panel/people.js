// One card a person: the roles on one side, the key that follows them on the other.

import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { openMenu } from "../dialogs/menu.js";
import { avatar } from "../view/avatar.js";
import { differences, keyCard } from "./key_card.js";
import { limitBar } from "./limit_bar.js";

const LIT_MS = 2400; // as long as the longest animation in panel.css

/** `acts`: `{role(person, place, give), leave(person, place), join(person, place), spend(person), refill(person)}`. */
export class PeopleCards {
  #known = new Map();
  #lit = new Map();

  constructor(backstage, acts) {
    this.backstage = backstage;
    this.acts = acts;
    this.element = h("div", { className: "people-cards" });
    backstage.on(["people", "keys", "limits"], () => this.draw());
    // Leases run down, and “used 5 seconds ago” grows old.
    setInterval(() => this.draw(), 15000);
  }

  draw() {
    for (const key of this.backstage.keys) this.#compare(key);
    fill(this.element, this.backstage.people.map((person) => this.#card(person)));
  }

  /** What changed stays lit for a while, also where the next frame draws everything anew meanwhile. */
  #compare(key) {
    const id = this.#idOf(key);
    const changed = differences(this.#known.get(id), key);
    if (changed.size) this.#lit.set(id, { changed, at: Date.now() });
    this.#known.set(id, { ...key });
  }

  #litNow(key) {
    const { changed, at } = this.#lit.get(this.#idOf(key)) ?? { at: 0 };
    const since = Date.now() - at;
    return since < LIT_MS ? { changed, since } : {};
  }

  #idOf(key) {
    return `${key.user_id}:${key.guild}`;
  }

  #card(person) {
    const keys = this.backstage.keysOf(person.user_id);
    const limits = this.backstage.limitsOf(person.user_id);
    const inside = person.guilds.some(({ member }) => member);
    return h("article", { className: `person-card ${inside ? "" : "gone"}`, "aria-label": person.name, data: { person: person.name } }, [
      h("header", {}, avatar({ id: person.user_id }, { name: person.name, className: "medium" }),
        h("div", {}, h("strong", {}, person.name), h("small", {}, inside ? person.what : "has left the server")),
        person.guilds.length === 1 && this.#switch(person, person.guilds[0]), this.#more(person)),
      person.guilds.length > 1 && person.guilds.map((place) => this.#switch(person, place)),
      keys.length ? keys.map((key) => keyCard(key, this.#litNow(key))) : h("p", { className: "hollow" }, icon("key"), "No key yet. The first question makes one."),
      limits.length > 0 && h("div", { className: "limits" }, limits.map(limitBar)),
    ]);
  }

  #switch(person, place) {
    const several = person.guilds.length > 1;
    if (!place.member) {
      return h("div", { className: "switch-row" }, several && h("span", {}, `Not in ${place.name}`),
        h("button", { type: "button", className: "button tiny primary", data: { focus: `join-${person.user_id}-${place.guild_id}` }, onclick: () => this.acts.join(person, place) }, icon("enter"), "Come back"));
    }
    return h("div", { className: "switch-row" }, h("span", {}, h("span", { className: "role-chip" }, "Plus"), several && ` in ${place.name}`),
      h("button", {
        type: "button", role: "switch", className: "switch", "aria-checked": String(place.plus), "aria-label": `Plus role of ${person.name}${several ? ` in ${place.name}` : ""}`,
        data: { focus: `plus-${person.user_id}-${place.guild_id}` }, onclick: () => this.acts.role(person, place, !place.plus),
      }, h("i")));
  }

  #more(person) {
    const button = h("button", { type: "button", className: "icon-button", "aria-label": `What happens to ${person.name}`, "aria-haspopup": "menu", data: { focus: `more-${person.user_id}` } }, icon("more", "bold"));
    const several = person.guilds.length > 1;
    const items = [
      { label: "Spend the budget", hint: "as if a lot had been asked", icon: "coin", act: () => this.acts.spend(person) },
      { label: "Give the budget back", icon: "plus", act: () => this.acts.refill(person) },
      "line",
      ...person.guilds.map((place) => (place.member
        ? { label: several ? `Leave ${place.name}` : "Leave the server", icon: "door", danger: true, act: () => this.acts.leave(person, place) }
        : { label: several ? `Come back to ${place.name}` : "Come back", icon: "enter", act: () => this.acts.join(person, place) })),
    ];
    button.addEventListener("click", () => openMenu(`What happens to ${person.name}`, items, button));
    return button;
  }
}
