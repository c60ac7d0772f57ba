// The one place where text becomes HTML: what the gateway has rendered and sanitised, and nothing else.

const policy = globalThis.trustedTypes?.createPolicy("rolekey", { createHTML: (html) => html }) ?? { createHTML: (html) => html };

/** Replace what is in an element by HTML from the gateway. */
export function show(element, html) {
  element.innerHTML = policy.createHTML(html);
}

/** Add HTML from the gateway to the end of an element. */
export function add(element, html) {
  element.insertAdjacentHTML("beforeend", policy.createHTML(html));
}

/** A page of the gateway's as a document, which runs nothing. */
export function parse(html) {
  return new DOMParser().parseFromString(policy.createHTML(html), "text/html");
}
