// What the page does beyond being read: each part finds its own place in it.

import { actions } from "./actions.js";
import { Composer } from "./composer.js";
import { dressCode } from "./code.js";
import { copyOnce, showOnce } from "./once.js";
import { Following } from "./following.js";
import { forgetEverything, goBack } from "./kept.js";
import { Page } from "./page.js";
import { fillRowMenu } from "./row_menu.js";
import { watchTabs } from "./tabs.js";
import { localTimes } from "./times.js";
import { closeDrawer, openDrawer } from "./drawer.js";
import { returnFocus } from "./popovers.js";
import { toggleTheme } from "./toggle_theme.js";

const page = new Page(document.body);
const form = document.querySelector("#composer");
const messages = document.querySelector("#messages");
const following = form && new Following(messages, document.querySelector(".latest"));
const composer = form && !goBack(page) ? new Composer(form, page, following) : null;
watchTabs(page, () => composer?.sayItIsAnother());

const every = {
  theme: toggleTheme,
  "copy-once": copyOnce,
  "row-menu": (button) => fillRowMenu(button, page),
  "open-drawer": openDrawer,
  "close-drawer": closeDrawer,
  stop: () => composer.stop(),
  "choose-files": () => form.querySelector("input[type=file]").click(),
  ...actions(composer),
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button) every[button.dataset.act]?.(button);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) {
    closeDrawer();
    if (!document.querySelector(":popover-open")) composer?.stop();
  }
  const editable = event.key === "ArrowUp" && event.target === form?.prompt && !form.prompt.value;
  if (editable) [...messages.querySelectorAll("[data-act=edit]")].at(-1)?.click();
});
document.addEventListener("submit", (event) => {
  if (/\/sign-out(-everywhere)?$/.test(event.target.action)) forgetEverything();
});
// Browsers may bring a page back as it was, with an answer that was cut off when it was left.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

showOnce();
returnFocus();
dressCode(document);
localTimes(document);
if (messages && !location.hash) messages.scrollTo({ top: messages.scrollHeight, behavior: "instant" });
// What few pages need comes with those.
if (document.querySelector("[data-live]")) Object.assign(every, (await import("./live.js")).live());
if (document.querySelector("[data-plot]")) (await import("./plot.js")).plots();
document.body.dataset.ready = "";
