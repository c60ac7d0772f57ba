/** Topics and listeners; a listener's error is reported and stops nobody else. */
export class Emitter {
  #listeners = new Map();

  /** Returns the function that ends the subscription. */
  on(topics, listener) {
    for (const topic of [topics].flat()) {
      if (!this.#listeners.has(topic)) this.#listeners.set(topic, new Set());
      this.#listeners.get(topic).add(listener);
    }
    return () => [topics].flat().forEach((topic) => this.#listeners.get(topic)?.delete(listener));
  }

  emit(topic, detail) {
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) {
      try {
        listener(detail);
      } catch (error) {
        reportError(error);
      }
    }
  }
}
