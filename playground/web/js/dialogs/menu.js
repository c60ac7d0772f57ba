// A menu of actions: https://www.w3.org/WAI/ARIA/apg/patterns/menubar/

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { float } from "./floating.js";

/** Open a menu at an anchor. Items: `{label, icon?, hint?, danger?, act}`, or `"line"`, or `{heading}`. */
export function openMenu(label, items, anchor) {
  const returnTo = anchor instanceof Element ? anchor : document.activeElement;
  const menu = h("div", { className: "menu", role: "menu", "aria-label": label });
  menu.append(...items.map((item) => row(item)));
  const close = float(menu, anchor, { onClose: (byKey) => byKey && returnTo?.focus?.() });
  const buttons = [...menu.querySelectorAll("[role^=menuitem]")];
  menu.addEventListener("keydown", (event) => {
    const index = buttons.indexOf(document.activeElement);
    const target = { ArrowDown: buttons[index + 1] ?? buttons[0], ArrowUp: buttons[index - 1] ?? buttons.at(-1), Home: buttons[0], End: buttons.at(-1) }[event.key]
      ?? (event.key.length === 1 && event.key !== " " ? startingWith(event.key) : undefined);
    if (event.key === "Tab") close(true);
    if (!target) return;
    event.preventDefault();
    target.focus();
  });
  buttons[0]?.focus();

  function startingWith(key) {
    return buttons.find((button) => button.textContent.trim().toLowerCase().startsWith(key.toLowerCase()));
  }

  function row(item) {
    if (item === "line") return h("hr");
    if (item.heading) return h("p", { className: "menu-heading" }, item.heading);
    const checked = item.checked === undefined ? {} : { "aria-checked": String(item.checked) };
    return h("button", { type: "button", role: item.checked === undefined ? "menuitem" : "menuitemradio", tabindex: "-1", className: item.danger ? "danger" : "", ...checked, onclick: () => {
      close();
      returnTo?.isConnected && returnTo.focus?.();
      item.act();
    } }, item.leading, h("span", { className: "menu-label" }, item.label, item.hint && h("small", {}, item.hint)), item.icon && icon(item.icon), item.checked && icon("check"));
  }
}
