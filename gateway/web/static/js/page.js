// The page itself: where it is, who is signed in on it, and whether that still holds.

import { parse } from "./html.js";

const ADDRESSES = ["href", "src", "action"];

export class Page {
  constructor(body) {
    makeAbsolute(document, location.href);
    const { root, csrf, me, version } = body.dataset;
    Object.assign(this, { root: new URL(root, location).href, csrf, me, version });
  }

  /** Where a conversation is shown, in the form that is chosen. */
  conversation(id, at = null) {
    const address = new URL(`c/${id}`, this.root);
    if (at) address.searchParams.set("at", at);
    if (this.view !== "pretty") address.searchParams.set("view", this.view);
    return address.href;
  }

  /** In which form replies are shown: pretty, reply or json. */
  get view() {
    return new URLSearchParams(location.search).get("view") ?? "pretty";
  }

  /** Another page of the gateway's, as a document with absolute addresses; null where there is none to be had. */
  async fetch(address) {
    const response = await fetch(address).catch(() => null);
    if (!response || response.status >= 500) return null;
    const found = parse(await response.text());
    makeAbsolute(found, response.url);
    return found;
  }

  /**
   * Whose session the browser has now: "same" where it is still this page's person, who may have signed in anew in
   * another tab, "other", "nobody", or "unknown" where the gateway cannot be asked.
   */
  async renew() {
    const found = await this.fetch(this.root);
    if (!found) return "unknown";
    const { me, csrf } = found.body.dataset;
    if (!me) return "nobody";
    if (me !== this.me) return "other";
    this.csrf = csrf;
    for (const field of document.querySelectorAll("input[name=csrf]")) field.value = csrf;
    return "same";
  }
}

/** Addresses that hold wherever the page goes: its own changes with the conversation. */
function makeAbsolute(page, base) {
  for (const name of ADDRESSES) {
    for (const element of page.querySelectorAll(`[${name}]`)) {
      const address = element.getAttribute(name);
      if (element.tagName !== "SCRIPT" && !address.startsWith("#")) element.setAttribute(name, new URL(address, base).href);
    }
  }
}
