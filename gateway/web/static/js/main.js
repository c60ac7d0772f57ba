// What the page does beyond being read: each part finds its own place in it.

import { actions } from "./actions.js";
import { Composer } from "./composer.js";
import { dressCode } from "./code.js";
import { copyOnce, showOnce } from "./once.js";
import { toggleTheme } from "./toggle_theme.js";

// The page's address changes with the conversation, and relative ones with it.
for (const link of document.head.querySelectorAll("link")) link.href = link.href;

const { root, csrf } = document.body.dataset;
const form = document.querySelector("#composer");
const composer = form && new Composer(form, { root, csrf });

const shell = document.querySelector(".shell");
const every = {
  theme: toggleTheme,
  "copy-once": copyOnce,
  "open-drawer": () => {
    shell.classList.add("drawer-open");
    document.querySelector("#drawer a")?.focus();
  },
  "close-drawer": () => shell.classList.remove("drawer-open"),
  stop: () => composer.stop(),
  ...actions(composer),
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button) every[button.dataset.act]?.(button);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") every["close-drawer"]?.();
});

showOnce();
dressCode(document);
const messages = document.querySelector("#messages");
if (messages && !location.hash) messages.scrollTo({ top: messages.scrollHeight, behavior: "instant" });
// What few pages need comes with those.
if (document.querySelector("[data-live]")) Object.assign(every, (await import("./live.js")).live());
if (document.querySelector("[data-plot]")) (await import("./plot.js")).plots();
document.body.dataset.ready = "";
