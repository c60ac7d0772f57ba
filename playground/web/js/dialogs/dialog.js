// Modal dialogs on the browser's own <dialog>: it holds the focus inside and gives it back.

import { freshId, h } from "../dom.js";
import { icon } from "../icons.js";

/** Open one with a title; answers the element. It is removed when it closes. */
export function openDialog({ title, className = "", onClose }, build) {
  const titleId = freshId("title");
  const opener = document.activeElement;
  const dialog = h("dialog", { className: `dialog ${className}`, "aria-labelledby": titleId });
  const close = () => dialog.close();
  dialog.append(
    h("header", {}, h("h2", { id: titleId }, title), h("button", { type: "button", className: "icon-button", "aria-label": "Close", onclick: close }, icon("close"))),
    build(close),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (!opener.isConnected) successor(opener)?.focus();
    onClose?.();
  });
  dialog.addEventListener("pointerdown", (event) => event.target === dialog && close());
  document.body.append(dialog);
  dialog.showModal();
  (dialog.querySelector("[autofocus], input, textarea, .select") ?? dialog.querySelector("footer .button"))?.focus();
  return dialog;
}

/** What took the place of a control that was drawn anew meanwhile. */
function successor({ dataset }) {
  return dataset?.focus && document.querySelector(`[data-focus="${CSS.escape(dataset.focus)}"]`);
}

/** Ask before something that cannot be taken back; true where it was confirmed. */
export function confirm({ title, words, action, danger = true }) {
  return new Promise((resolve) => {
    let answer = false;
    openDialog({ title, className: "small", onClose: () => resolve(answer) }, (close) => h("div", {},
      h("p", {}, words),
      h("footer", {},
        h("button", { type: "button", className: "button secondary", onclick: close }, "Cancel"),
        h("button", { type: "button", className: `button ${danger ? "danger" : "primary"}`, onclick: () => {
          answer = true;
          close();
        } }, action))));
  });
}
