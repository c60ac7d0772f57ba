// The buttons under a message.

import { copy } from "./code.js";
import { _ } from "./words.js";

const messageOf = (button) => button.closest(".message");
const sourceOf = (message) => message.querySelector("template.source").content.textContent;

/** The acts by name. */
export function actions(composer) {
  return {
    copy: (button) => copy(sourceOf(messageOf(button)), button),
    "copy-code": (button) => copy(button.closest("pre").querySelector("code").textContent, button),
    regenerate: (button) => composer.regenerate(messageOf(button)),
    edit: (button) => edit(messageOf(button), composer),
    "cancel-edit": (button) => stopEditing(messageOf(button)),
  };
}

/** Turn a prompt into a field. What is sent from it is a branch beside the prompt, which stays. */
function edit(message, composer, words = sourceOf(message)) {
  if (message.querySelector(".editing")) return;
  const form = document.createElement("form");
  form.className = "editing";
  const field = document.createElement("textarea");
  field.className = "field";
  field.required = true;
  field.setAttribute("aria-label", _("The prompt, edited"));
  field.value = words;
  const buttons = document.createElement("div");
  buttons.append(button(_("Send"), "primary"), button(_("Cancel"), "", "cancel-edit"));
  form.append(field, buttons);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    stopEditing(message);
    composer.branch(message, field.value, (kept) => edit(message, composer, kept));
  });
  for (const part of message.querySelectorAll(".body, .actions")) part.hidden = true;
  message.append(form);
  field.focus();
}

function stopEditing(message) {
  message.querySelector(".editing")?.remove();
  for (const part of message.querySelectorAll(".body, .actions")) part.hidden = false;
}

function button(words, kind, act) {
  const made = document.createElement("button");
  made.className = `button ${kind}`;
  made.textContent = words;
  if (act) {
    made.type = "button";
    made.dataset.act = act;
  }
  return made;
}
