// The playground's HTTP and WebSocket interface. Every address is relative to the page's own: no other host is asked.

const RETRY_MS = [300, 800, 2000, 4000];

/** What the playground refuses; `message` is words to show. */
export class Refused extends Error {}

export class Api {
  constructor(base, token) {
    this.base = base;
    this.token = token;
  }

  state(userId) {
    return this.#get("control/state", userId ? { as: userId } : {});
  }

  messages(userId, channelId, { before, limit = 50 } = {}) {
    return this.#get(`control/channels/${channelId}/messages`, { as: userId, limit, ...(before && { before }) });
  }

  /** Do something as a member. Answers `{id}`, or `{choices}` for autocompletion. */
  act(userId, what, fields = {}) {
    return this.#post("control/act", { as: userId, do: what, ...fields });
  }

  panel(what, fields = {}) {
    return this.#post("panel/do", { do: what, ...fields });
  }

  /** Frames of a socket, for as long as the returned function has not been called; it reconnects by itself. */
  listen(path, query, { onFrame, onStatus }) {
    let socket;
    let tries = 0;
    let timer;
    let over = false;
    const open = () => {
      const url = this.#url(path, { ...query, t: this.token });
      url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      socket = new WebSocket(url);
      socket.onopen = () => {
        tries = 0;
        onStatus?.("open");
      };
      socket.onmessage = ({ data }) => over || onFrame(JSON.parse(data));
      socket.onclose = () => {
        if (over) return;
        onStatus?.("lost");
        timer = setTimeout(open, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)]);
      };
    };
    open();
    return () => {
      over = true;
      clearTimeout(timer);
      socket.close();
    };
  }

  #url(path, query = {}) {
    const url = new URL(path, this.base);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  }

  #get(path, query) {
    return this.#ask(this.#url(path, query), {});
  }

  #post(path, body) {
    return this.#ask(this.#url(path), { method: "POST", body: JSON.stringify(body) });
  }

  async #ask(url, options) {
    const headers = { "X-Playground-Token": this.token, "Content-Type": "application/json" };
    let response;
    try {
      response = await fetch(url, { ...options, headers });
    } catch {
      throw new Refused("The playground does not answer. Is it still running?");
    }
    const body = await response.json().catch(() => ({}));
    if (!response.ok) throw new Refused(body.error ?? `The playground answered ${response.status}.`);
    return body;
  }
}
