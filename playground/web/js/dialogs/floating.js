// Where things that float go: beside their anchor, inside the window, closed by Escape or a press elsewhere.

const MARGIN = 8;

/** Put `element` beside an anchor (an element or `{x, y}`): below where there is room, otherwise above. */
export function place(element, anchor, { width } = {}) {
  const box = anchor instanceof Element ? anchor.getBoundingClientRect() : { left: anchor.x, right: anchor.x, top: anchor.y, bottom: anchor.y, width: 0 };
  if (width === "anchor") element.style.width = `${box.width}px`;
  const { offsetWidth, offsetHeight } = element;
  const fitsBelow = box.bottom + offsetHeight + MARGIN < innerHeight;
  const top = fitsBelow ? box.bottom + 4 : Math.max(MARGIN, box.top - offsetHeight - 4);
  element.style.left = `${Math.max(MARGIN, Math.min(box.left, innerWidth - offsetWidth - MARGIN))}px`;
  element.style.top = `${top}px`;
}

/** Show `element` until it is left; returns the function that closes it. `onClose(byKey)` comes once. */
export function float(element, anchor, { onClose, width } = {}) {
  (anchor instanceof Element ? (anchor.closest("dialog") ?? document.body) : document.body).append(element);
  place(element, anchor, { width });
  const listening = new AbortController();
  const close = (byKey = false) => {
    if (listening.signal.aborted) return;
    listening.abort();
    element.remove();
    onClose?.(byKey);
  };
  const outside = (event) => {
    if (!element.contains(event.target) && !(anchor instanceof Element && anchor.contains(event.target))) close();
  };
  const { signal } = listening;
  document.addEventListener("pointerdown", outside, { signal, capture: true });
  addEventListener("resize", () => close(), { signal });
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    close(true);
  }, { signal });
  return close;
}
