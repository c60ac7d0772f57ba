// What a tab keeps for itself until it is closed: what somebody has typed, and where they were before they had to sign in.

const DRAFT = "rolekey-draft";
const WAY_BACK = "rolekey-way-back";

/** What is typed into a conversation's field and not sent yet. Each person has their own. */
export class Draft {
  #me;

  constructor(me) {
    this.#me = me;
  }

  read(conversation) {
    return sessionStorage.getItem(this.#name(conversation)) ?? "";
  }

  keep(conversation, text) {
    if (!text) return sessionStorage.removeItem(this.#name(conversation));
    try {
      return sessionStorage.setItem(this.#name(conversation), text);
    } catch {
      return undefined; // there is no more room: the field has it all the same
    }
  }

  #name(conversation) {
    return `${DRAFT}:${this.#me}:${conversation || "new"}`;
  }
}

/** Who signs out leaves nothing for the next one. */
export function forgetEverything() {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith("rolekey-")) sessionStorage.removeItem(name);
}

/** Remember this page for when its person has signed in again. */
export function keepWayBack(me) {
  sessionStorage.setItem(WAY_BACK, JSON.stringify({ me, address: location.href }));
}

/** Go where this person was; true where the browser is on its way there. */
export function goBack(page) {
  const kept = sessionStorage.getItem(WAY_BACK);
  if (!kept || !page.me) return false;
  sessionStorage.removeItem(WAY_BACK);
  const { me, address } = JSON.parse(kept);
  if (me !== page.me || address === location.href || !address.startsWith(page.root)) return false;
  location.replace(address);
  return true;
}
