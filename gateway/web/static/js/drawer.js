// The list beside the page, which a phone hides. While it is open the page under it cannot be reached.

const shell = () => document.querySelector(".shell");
const button = () => document.querySelector("[data-act=open-drawer]");

export function openDrawer() {
  shell().classList.add("drawer-open");
  button().setAttribute("aria-expanded", "true");
  document.querySelector("#main").inert = true;
  document.querySelector("#drawer a").focus();
}

/** Where it is open, close it and go back to the button that opened it. */
export function closeDrawer() {
  if (!shell()?.classList.contains("drawer-open")) return;
  shell().classList.remove("drawer-open");
  document.querySelector("#main").inert = false;
  button().setAttribute("aria-expanded", "false");
  button().focus();
}
