// The menu of a row in the list of conversations: there is one, filled in for the row that opens it.

const ROOM = 190; // pixels that it takes below its button
const WIDTH = 230;

/** Called as a row's button is pressed; the browser itself opens the menu then, and closes it. */
export function fillRowMenu(button, page) {
  const { id, title } = button.closest("[data-conversation]").dataset;
  const address = `${page.root}c/${id}`;
  const menu = document.querySelector("#row-menu");
  place(menu, button.getBoundingClientRect());
  for (const link of menu.querySelectorAll("a")) link.href = `${address}/export?format=${link.dataset.format}`;
  for (const act of ["rename", "delete"]) {
    const form = document.querySelector(`#row-${act}`);
    form.action = `${address}/${act}`;
    form.elements.here.value = stays(address, act) ? location.href.slice(page.root.length) : "";
  }
  document.querySelector("#row-rename").elements.title.value = title;
  document.querySelector("#row-delete .row-title").textContent = title;
}

/** Whether one goes on where one is: everywhere but on the page that goes. */
function stays(address, act) {
  return act === "rename" || location.origin + location.pathname !== address;
}

function place(menu, { left, top, bottom }) {
  const below = bottom + ROOM < innerHeight;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - WIDTH))}px`;
  menu.style.top = below ? `${bottom + 2}px` : "auto";
  menu.style.bottom = below ? "auto" : `${innerHeight - top + 2}px`;
}
