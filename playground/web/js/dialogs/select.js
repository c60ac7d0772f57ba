// A select as Discord has it: one or several values, with descriptions. https://www.w3.org/WAI/ARIA/apg/patterns/combobox/examples/combobox-select-only/

import { freshId, h } from "../dom.js";
import { emoji, icon } from "../icons.js";
import { float } from "./floating.js";

/** `options`: Discord's select options. `onChoose(values)` comes when the choice is made; for several, when the list closes. */
export function selectMenu({ label, options, min = 1, max = 1, disabled = false, focusKey, onChoose, id = freshId("select") }) {
  let chosen = options.filter((option) => option.default).map((option) => option.value);
  let close;
  const button = h("button", { type: "button", id, className: "select", role: "combobox", "aria-haspopup": "listbox", "aria-expanded": "false", disabled, data: focusKey && { focus: focusKey } });
  const draw = () => {
    const words = chosen.map((value) => options.find((option) => option.value === value)?.label).join(", ");
    button.replaceChildren(h("span", { className: words ? "" : "placeholder" }, words || label), icon("chevron"));
    button.setAttribute("aria-label", words ? `${label}: ${words}` : label);
  };
  draw();
  button.addEventListener("click", () => (close ? close(true) : open()));
  button.addEventListener("keydown", (event) => {
    if (!close && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      open();
    }
  });

  function open() {
    const before = chosen.join();
    const several = max > 1;
    const list = h("div", { className: "listbox floating", role: "listbox", id: `${id}-list`, "aria-label": label, "aria-multiselectable": several && "true", tabindex: "-1" });
    const rows = options.map((option) => h("div", { role: "option", tabindex: "-1", "aria-selected": String(chosen.includes(option.value)), className: "choosable", onclick: () => toggle(option.value) },
      several && h("span", { className: "box" }, icon("check")), option.emoji?.name && emoji(option.emoji.name), option.leading,
      h("span", { className: "option-main" }, h("span", { className: "option-label" }, option.label), option.description && h("span", { className: "option-hint" }, option.description))));
    list.append(...(rows.length ? rows : [h("p", { className: "listbox-empty" }, "There is nothing to choose.")]));
    list.addEventListener("keydown", (event) => key(event, rows));
    button.setAttribute("aria-expanded", "true");
    button.setAttribute("aria-controls", list.id);
    close = float(list, button, { width: "anchor", onClose: (byKey) => {
      close = undefined;
      button.setAttribute("aria-expanded", "false");
      if (byKey) button.focus();
      if (several && chosen.length >= min && chosen.join() !== before) onChoose(chosen);
    } });
    (rows.find((row) => row.getAttribute("aria-selected") === "true") ?? rows[0] ?? list).focus();

    function toggle(value) {
      if (!several) {
        chosen = [value];
        draw();
        close(true);
        onChoose(chosen);
        return;
      }
      if (chosen.includes(value)) chosen = chosen.filter((each) => each !== value);
      else if (chosen.length < max) chosen = [...chosen, value];
      rows.forEach((row, index) => row.setAttribute("aria-selected", String(chosen.includes(options[index].value))));
      draw();
    }
  }

  function key(event, rows) {
    const index = rows.indexOf(document.activeElement);
    const target = { ArrowDown: rows[index + 1], ArrowUp: rows[index - 1], Home: rows[0], End: rows.at(-1) }[event.key]
      ?? (event.key.length === 1 && event.key !== " " ? rows.find((row) => row.textContent.toLowerCase().startsWith(event.key.toLowerCase())) : undefined);
    if (target) target.focus();
    else if (["Enter", " "].includes(event.key)) rows[index]?.click();
    else if (event.key === "Tab") close(true);
    else return;
    event.preventDefault();
  }
  return button;
}
