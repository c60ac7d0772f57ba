// Everything on the page is built here: elements from names, text always as text. There is no innerHTML in the page.

const SVG = "http://www.w3.org/2000/svg";

/** An element. `on…` properties are listeners, `data` and `vars` become data attributes and CSS variables. */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) set(element, name, value);
  append(element, children);
  return element;
}

/** An SVG element; attributes only. */
export function s(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function set(element, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "vars") for (const [key, each] of Object.entries(value)) element.style.setProperty(`--${key}`, each);
  else if (name === "value") element.value = value;
  else element.setAttribute(name === "className" ? "class" : name, value === true ? "" : value);
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== undefined && child !== null && child !== false) element.append(child);
  }
}

/** Replace what is in an element, and keep the focus on the control with the same `data-focus`, if it was inside. */
export function fill(element, ...children) {
  const held = element.contains(document.activeElement) ? document.activeElement.dataset?.focus : undefined;
  element.replaceChildren();
  append(element, children);
  if (held) element.querySelector(`[data-focus="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
}

let ids = 0;
/** An id that nothing else on the page has. */
export const freshId = (prefix = "id") => `${prefix}-${++ids}`;

/** Words for screen readers only. */
export const quiet = (text) => h("span", { className: "sr-only" }, text);

export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
