// Asking: a new prompt, a follow-up, a branch, or the same prompt again. What comes is shown as it comes; once it is
// stored the page's own rendering takes its place.

import { dressCode } from "./code.js";
import { eventsOf } from "./events.js";
import { add, parse, show } from "./html.js";
import { _ } from "./words.js";

const STORED_WITHIN = 20; // looks, one in 150 ms: a reply that was stopped is stored a moment later

export class Composer {
  #form;
  #page;
  #stopping = null;

  constructor(form, page) {
    this.#page = page;
    this.#listen(form);
  }

  stop() {
    this.#stopping?.abort();
  }

  /** Answer a reply's prompt again. */
  regenerate(message) {
    const { id, role } = message.dataset;
    this.#removeAfter(message, role === "assistant");
    return this.#ask({ prompt: "", conversation_id: this.#conversation, regenerate_id: id }, null);
  }

  /** Ask something else in a prompt's place. A first prompt has nothing before it, so that begins a conversation. */
  branch(message, prompt) {
    const parent = message.dataset.parent;
    this.#removeAfter(message, true);
    return this.#ask(parent ? { prompt, conversation_id: this.#conversation, parent_id: parent } : { prompt }, prompt);
  }

  get #conversation() {
    return this.#form.dataset.conversation;
  }

  get #messages() {
    return document.querySelector("#messages");
  }

  #listen(form) {
    this.#form = form;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#follow();
    });
    form.prompt.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
  }

  #follow() {
    const prompt = this.#form.prompt.value;
    if (this.#stopping || !prompt.trim()) return undefined;
    const { conversation, parent } = this.#form.dataset;
    const body = { prompt };
    if (conversation) body.conversation_id = conversation;
    if (parent) body.parent_id = parent;
    this.#form.prompt.value = "";
    return this.#ask(body, prompt);
  }

  async #ask(body, prompt) {
    if (this.#stopping) return;
    const stopping = new AbortController();
    this.#busy(stopping);
    const live = this.#addLive(prompt);
    const place = {};
    try {
      const response = await this.#post({ ...body, ...this.#choices() }, stopping.signal);
      for await (const { name, data } of eventsOf(response)) this.#on(name, data, live, place);
    } catch (error) {
      if (error.name !== "AbortError") this.#fail(live, error.message, prompt);
    }
    this.#busy(null);
    if (place.conversation_id) await this.#settle(place, live);
  }

  #choices() {
    const token = this.#form.access_token.value.trim();
    const tier = this.#form.tier.value;
    if (token) return { access_token: token, user_plus: tier === "plus" };
    return { plus: tier === "any" ? "any" : tier === "plus" };
  }

  async #post(body, signal) {
    let response;
    try {
      response = await fetch(`${this.#page.root}reply`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Rolekey-CSRF": this.#page.csrf },
        body: JSON.stringify(body),
        signal,
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Error(_("The gateway cannot be reached. Check your connection, then send it again."));
    }
    if (response.ok) return response;
    const told = await response.json().catch(() => null);
    if (told?.error?.code && response.status === 401) location.assign(`${this.#page.root}sign-in?ended=true`);
    throw new Error(told?.message ?? _("The gateway answered %(status)s. Send it again in a moment.", response));
  }

  #on(name, data, live, place) {
    if (name === "start") Object.assign(place, data);
    else if (name === "html") this.#grow(live, data);
    else if (name === "done") Object.assign(place, data, { done: true });
    else if (name === "error") {
      if (data.message_id) place.message_id = data.message_id;
      place.problem = data.message;
      this.#fail(live, data.message, null);
    }
  }

  #grow(live, { finished, last }) {
    const follows = this.#messages.scrollHeight - this.#messages.scrollTop - this.#messages.clientHeight < 120;
    if (finished) add(live.querySelector(".finished"), finished);
    show(live.querySelector(".last"), last);
    dressCode(live);
    if (follows) this.#toEnd();
  }

  /** Take the page as the gateway renders it now. */
  async #settle(place, live) {
    const address = `${this.#page.root}c/${place.conversation_id}?at=${place.message_id}&view=${this.#view()}`;
    for (let look = 0; look < STORED_WITHIN; look += 1) {
      const response = await fetch(address).catch(() => null);
      if (response?.redirected) return location.assign(response.url);
      const found = response?.ok ? parse(await response.text()) : null;
      if (found?.querySelector(`[data-id="${CSS.escape(place.message_id)}"]`)) return this.#take(found, address, place);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    this.#form.dataset.conversation = place.conversation_id;
    live.classList.remove("live");
    return undefined;
  }

  #take(found, address, place) {
    const written = this.#form.prompt.value;
    const [tier, token] = [this.#form.tier.value, this.#form.access_token.value];
    history.replaceState(null, "", address);
    // Addresses in the new page begin where that page is.
    this.#page.root = found.body.dataset.root;
    document.title = found.title;
    document.querySelector(".drawer").replaceWith(found.querySelector(".drawer"));
    document.querySelector("#main").replaceWith(found.querySelector("#main"));
    document.querySelector("#account").replaceWith(found.querySelector("#account"));
    this.#listen(document.querySelector("#composer"));
    this.#form.prompt.value = written;
    this.#form.tier.value = tier;
    this.#form.access_token.value = token;
    dressCode(document);
    if (place.problem) this.#problem(place.problem);
    this.#toEnd();
    this.#form.prompt.focus();
  }

  #view() {
    return new URLSearchParams(location.search).get("view") ?? "pretty";
  }

  #addLive(prompt) {
    this.#messages.querySelector(".welcome")?.remove();
    const parts = document.querySelector("#live").content.cloneNode(true);
    const [asked, live] = parts.children;
    if (prompt === null) asked.remove();
    else asked.querySelector(".body").textContent = prompt;
    this.#messages.append(parts);
    this.#toEnd();
    return live;
  }

  #fail(live, words, prompt) {
    live.querySelector(".dots")?.remove();
    this.#problem(words);
    if (prompt && !this.#form.prompt.value) this.#form.prompt.value = prompt;
  }

  #problem(words) {
    const place = this.#form.querySelector(".composer-problem");
    place.textContent = words;
    place.hidden = false;
  }

  #removeAfter(message, itself) {
    while (message.nextElementSibling) message.nextElementSibling.remove();
    if (itself) message.remove();
  }

  #busy(stopping) {
    this.#stopping = stopping;
    this.#form.querySelector(".stop").hidden = !stopping;
    this.#form.querySelector(".send").hidden = Boolean(stopping);
    if (stopping) this.#form.querySelector(".composer-problem").hidden = true;
  }

  #toEnd() {
    this.#messages.scrollTo({ top: this.#messages.scrollHeight, behavior: "instant" });
  }
}
