// Follows a reply as it grows, but never takes the page away from somebody who reads further up.

const NEAR = 80; // pixels from the end that count as being there

export class Following {
  #place;
  #button;
  #follows = true;

  /** Scrolls `place`; the button leads back to its end. */
  constructor(place, button) {
    this.#place = place;
    this.#button = button;
    place.addEventListener("scroll", () => this.#look(), { passive: true });
    button.addEventListener("click", () => this.toEnd());
  }

  /** Something was added. */
  grown() {
    if (this.#follows) this.toEnd();
    else this.#look();
  }

  toEnd() {
    this.#follows = true;
    this.#place.scrollTo({ top: this.#place.scrollHeight, behavior: "instant" });
    this.#look();
  }

  /** Where the reader is looks as it did, whatever `change` puts in its place. */
  around(change) {
    const top = this.#place.scrollTop;
    change();
    if (this.#follows) this.toEnd();
    else this.#place.scrollTo({ top, behavior: "instant" });
  }

  #look() {
    this.#follows = this.#place.scrollHeight - this.#place.scrollTop - this.#place.clientHeight < NEAR;
    this.#button.hidden = this.#follows;
  }
}
