// Asking: a new prompt, a follow-up, a branch, or the same prompt again. What comes is shown as it comes; once it is
// stored the page's own rendering takes its place.

import { announceReply } from "./announce.js";
import { dressCode } from "./code.js";
import { Files, attachmentsOf, chipsOf } from "./files.js";
import { Draft, keepWayBack } from "./kept.js";
import { LiveReply } from "./live_reply.js";
import { Refused, answerTo } from "./sending.js";
import { takeFiles } from "./taking_files.js";
import { localTimes } from "./times.js";
import { _ } from "./words.js";

const STORED_WITHIN = 20; // looks, one in 150 ms: a reply that was stopped is stored a moment later
const SIGNED_OUT = new Set(["no_session", "invalid_key", "revoked_key", "expired_key", "disabled"]);

export class Composer {
  #form;
  #page;
  #following;
  #files;
  #draft;
  #mostCharacters;
  #stopping = null;

  constructor(form, page, following) {
    this.#form = form;
    this.#page = page;
    this.#following = following;
    this.#draft = new Draft(page.me);
    const { mostCharacters, mostFiles, mostBytes } = form.dataset;
    const limits = { mostCharacters: Number(mostCharacters), most: Number(mostFiles), mostBytes: Number(mostBytes) };
    this.#mostCharacters = limits.mostCharacters;
    this.#files = new Files(form.querySelector(".chips"), limits);
    takeFiles(form, this.#files, limits, (words) => this.#problem(words));
    this.#listen();
  }

  stop() {
    this.#stopping?.abort();
  }

  /** Answer a reply's prompt again. */
  regenerate(message) {
    const { id, role } = message.dataset;
    const hidden = hideAfter(message, role === "assistant");
    return this.#ask({ prompt: "", conversation_id: this.#conversation, regenerate_id: id }, { hidden });
  }

  /** Ask something else in a prompt's place, with its files; `again` is called with the words where that does not come about. */
  branch(message, prompt, again) {
    if (this.#isTooLong(prompt)) return again(prompt);
    const body = { prompt, conversation_id: this.#conversation, edit_id: message.dataset.id };
    return this.#ask(body, { prompt, kept: filesOf(message), hidden: hideAfter(message, true), again });
  }

  /** Say that the page's person is no longer the one who is signed in. */
  sayItIsAnother() {
    const words = _("In another tab somebody else signed in, or out. This page was yours: what you typed is not sent from it.");
    this.#problem(words, _("Load the page as whoever is signed in now"), location.href);
  }

  get #conversation() {
    return this.#form.dataset.conversation;
  }

  #listen() {
    const { prompt, access_token: token } = this.#form;
    if (!prompt.value) prompt.value = this.#draft.read(this.#conversation);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#follow();
    });
    prompt.addEventListener("input", () => this.#typed());
    prompt.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    token.addEventListener("input", () => {
      this.#form.querySelector("[popovertarget=own-credential]").toggleAttribute("data-in-use", Boolean(token.value));
    });
  }

  #typed() {
    this.#draft.keep(this.#conversation, this.#form.prompt.value);
    this.#count();
  }

  #count() {
    const { value } = this.#form.prompt;
    const count = this.#form.querySelector(".count");
    const length = lengthOf(value, this.#mostCharacters);
    count.hidden = length < this.#mostCharacters * 0.9;
    count.textContent = `${length} / ${this.#mostCharacters}`;
    count.classList.toggle("over", length > this.#mostCharacters);
  }

  #follow() {
    const prompt = this.#form.prompt.value;
    if (this.#stopping || !prompt.trim() || this.#isTooLong(prompt)) return undefined;
    const { conversation, parent } = this.#form.dataset;
    const body = { prompt };
    if (conversation) body.conversation_id = conversation;
    if (parent) body.parent_id = parent;
    this.#form.prompt.value = "";
    this.#count();
    const files = this.#files.take();
    return this.#ask(body, { prompt, files, again: () => this.#putBack(prompt, files) });
  }

  #isTooLong(prompt) {
    const values = { length: lengthOf(prompt, this.#mostCharacters), most: this.#mostCharacters };
    if (values.length <= values.most) return false;
    this.#problem(_("The prompt has %(length)s characters; at most %(most)s are taken. Shorten it, or attach it as a file.", values));
    return true;
  }

  #putBack(prompt, files) {
    const typed = this.#form.prompt.value;
    this.#form.prompt.value = typed ? `${prompt}\n\n${typed}` : prompt;
    this.#files.putBack(files);
    this.#typed();
  }

  /**
   * `files` are sent with it, `kept` shows those that the gateway has; `hidden` are the messages it takes the place of;
   * `again` is called where nothing came of it.
   */
  async #ask(body, { prompt = null, files = [], kept = [], hidden = [], again = () => {} }) {
    if (this.#stopping) return;
    const stopping = new AbortController();
    this.#busy(stopping);
    const live = new LiveReply({ prompt, files: [...kept, ...chipsOf(files)], plain: this.#page.view === "reply" });
    this.#following.toEnd();
    const place = {};
    try {
      const whole = { ...body, ...this.#choices(), attachments: await attachmentsOf(files) };
      if (!files.length) delete whole.attachments;
      for await (const event of this.#events(whole, stopping.signal)) this.#on(event, live, place);
      if (!place.done && !place.failure) throw new TypeError("broken off");
    } catch (error) {
      if (!stopping.signal.aborted) place.failure = error;
    }
    this.#busy(null);
    if (place.conversation_id) await this.#settle(place, live);
    else {
      live.remove();
      for (const message of hidden) message.hidden = false;
      again(prompt);
    }
    if (place.failure) await this.#explain(place.failure);
  }

  #choices() {
    const token = this.#form.access_token.value.trim();
    const tier = this.#form.tier.value;
    const form = this.#page.view === "reply" ? { reply_only: true } : {};
    if (token) return { ...form, access_token: token, user_plus: tier === "plus" };
    return { ...form, plus: tier === "any" ? "any" : tier === "plus" };
  }

  /** Sent once more where the same person has signed in anew in another tab. */
  async *#events(body, signal) {
    const telling = { signal, progress: (part) => this.#sent(part) };
    try {
      yield* answerTo(body, this.#page, telling);
    } catch (error) {
      if (error.code !== "cross_site") throw error;
      const whose = await this.#page.renew();
      if (whose === "unknown") throw error;
      if (whose !== "same") throw signedOut();
      yield* answerTo(body, this.#page, telling);
    }
  }

  #sent(part) {
    const bar = this.#form.querySelector("progress");
    bar.hidden = part >= 1;
    bar.value = part;
  }

  #on({ name, data }, live, place) {
    if (name === "html") {
      live.grow(data);
      this.#following.grown();
    } else if (name === "start") {
      Object.assign(place, data);
      this.#moveTo(data.conversation_id);
    } else if (name === "done") {
      Object.assign(place, data, { done: true });
    } else if (name === "error") {
      place.failure = new Refused(data.message, { code: data.error.code });
    }
  }

  /** The conversation has its address as soon as it is one, so that back and forward lead to it. */
  #moveTo(conversation) {
    const typed = this.#form.prompt.value;
    this.#draft.keep(this.#conversation, "");
    this.#form.dataset.conversation = conversation;
    this.#draft.keep(conversation, typed);
    history.replaceState(null, "", this.#page.conversation(conversation));
  }

  async #explain(failure) {
    const whose = isSignedOut(failure) ? await this.#page.renew() : "same";
    if (whose === "other") this.sayItIsAnother();
    else if (whose !== "same") this.#sayItIsOver(failure.code === "no_session" ? _("You are signed out.") : failure.message);
    else if (isSignedOut(failure)) this.#problem(_("You signed in anew meanwhile, which ended the reply. Ask again."));
    else if (failure instanceof Refused) this.#problem(failure.message);
    else this.#problem(_("The connection broke off before the reply was complete. What the gateway has of it is shown; ask again in a moment."));
  }

  #sayItIsOver(words) {
    keepWayBack(this.#page.me);
    const told = this.#form.prompt.value ? [words, _("What you typed is kept.")] : [words];
    this.#problem(told.join(" "), _("Sign in again"), `${this.#page.root}sign-in`);
  }

  /** Take the page as the gateway renders it now. */
  async #settle(place, live) {
    live.end();
    for (let look = 0; look < STORED_WITHIN && !isSignedOut(place.failure); look += 1) {
      const found = await this.#page.fetch(this.#page.conversation(place.conversation_id, place.message_id));
      if (found && found.body.dataset.me !== this.#page.me) {
        place.failure = signedOut();
        break;
      }
      if (found?.querySelector(`[data-id="${CSS.escape(place.message_id)}"]`)) return this.#take(found);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    // The gateway has no such reply: a follow-up goes on from the last one that it has.
    this.#form.dataset.parent = "";
    if (!isSignedOut(place.failure)) live.sayItIsNotKept();
    return undefined;
  }

  #take(found) {
    if (found.body.dataset.version !== this.#page.version) return location.reload(); // the gateway is a newer one
    this.#following.around(() => {
      document.title = found.title;
      for (const part of ["#messages", ".chat-header", ".drawer", "#account", "#dialogs"]) {
        const [old, made] = [document.querySelector(part), found.querySelector(part)];
        if (part === "#messages") old.replaceChildren(...made.childNodes);
        else old.replaceWith(made);
      }
      dressCode(document);
      localTimes(document);
    });
    this.#form.dataset.parent = found.querySelector("#composer").dataset.parent;
    this.#form.prompt.placeholder = found.querySelector("#composer").prompt.placeholder;
    if (document.activeElement === document.body) this.#form.prompt.focus(); // what had the focus was exchanged
    announceReply([...document.querySelectorAll(".message.assistant")].at(-1));
    return undefined;
  }

  #problem(words, link = "", address = "") {
    const place = this.#form.querySelector(".composer-problem");
    place.textContent = words;
    place.hidden = !words;
    if (!link) return;
    const way = document.createElement("a");
    Object.assign(way, { href: address, textContent: link, target: this.#files.any ? "_blank" : "" });
    place.append(" ", way);
  }

  #busy(stopping) {
    // Hidden, the button would lose the focus to nobody.
    if (!stopping && document.activeElement?.matches(".stop")) this.#form.prompt.focus();
    this.#stopping = stopping;
    this.#form.querySelector(".stop").hidden = !stopping;
    this.#form.querySelector(".send").hidden = Boolean(stopping);
    this.#form.querySelector("progress").hidden = true;
    if (stopping) this.#problem("");
  }
}

/** What the gateway would say of a session that is over. */
function signedOut() {
  return new Refused("", { code: "no_session" });
}

function isSignedOut(failure) {
  return failure?.status === 401 || SIGNED_OUT.has(failure?.code);
}

/** Hide what comes after a message, and itself; what was hidden. */
function hideAfter(message, itself) {
  const hidden = itself ? [message] : [];
  for (let next = message.nextElementSibling; next; next = next.nextElementSibling) hidden.push(next);
  for (const each of hidden) each.hidden = true;
  return hidden;
}

/** Copies of what shows a prompt's files. */
function filesOf(message) {
  return [...message.querySelectorAll(".files > li")].map((each) => each.cloneNode(true));
}

/** In characters as the gateway counts them, where that makes a difference. */
function lengthOf(text, most) {
  return text.length <= most || text.length > 2 * most ? text.length : [...text].length;
}
