// The forms an application asks members to fill in. https://discord.com/developers/docs/components/reference#label

import { freshId, h } from "../dom.js";
import { icon } from "../icons.js";
import { markdown } from "../markdown/render.js";
import { openDialog } from "./dialog.js";
import { selectMenu } from "./select.js";

/** Show a form. `submit(components)` sends `[{custom_id, value | values}]`; where it rejects, the form stays, with what was typed. */
export function openModal(data, { names, candidates, submit, appName }) {
  const fields = [];
  const rows = data.components.map((component) => row(component, { names, candidates, fields }));
  const problem = h("p", { className: "failed", role: "alert" });
  openDialog({ title: data.title, className: "form" }, (close) => {
    const send = h("button", { type: "submit", className: "button primary" }, "Submit");
    return h("form", { novalidate: true, onsubmit: async (event) => {
      event.preventDefault();
      const wrong = fields.filter((field) => !field.check());
      if (wrong.length) return wrong[0].focus();
      send.disabled = true;
      try {
        await submit(fields.map((field) => field.read()));
        close();
      } catch (error) {
        problem.replaceChildren(icon("warning"), error.message);
      } finally {
        send.disabled = false;
      }
    } },
    h("p", { className: "form-note" }, icon("warning"), `This form will be submitted to ${appName}. Don’t share passwords or other sensitive information. (A simulation: nothing leaves this computer.)`),
    h("div", { className: "form-body" }, rows), problem,
    h("footer", {}, h("button", { type: "button", className: "button secondary", onclick: close }, "Cancel"), send));
  });
}

function row(component, context) {
  if (component.type === 10) return h("div", { className: "markup" }, markdown(component.content, context.names));
  if (component.type === 1) return component.components.map((each) => labelled(each.label, undefined, each, context));
  if (component.type === 18) return labelled(component.label, component.description, component.component, context);
  return undefined;
}

function labelled(label, description, component, context) {
  const id = freshId("field");
  const hintId = freshId("hint");
  const hint = h("p", { className: "field-problem", id: hintId });
  const required = component.required !== false;
  const field = component.type === 4 ? textField(component, id, hint, required) : selectField(component, id, hint, required, label, context);
  context.fields.push(field);
  field.control.setAttribute("aria-describedby", hintId);
  return h("div", { className: "field" },
    h("label", { for: id }, label, required && h("span", { className: "required", "aria-label": "required" }, " *")),
    description && h("p", { className: "field-description" }, description), field.control, hint);
}

function textField(component, id, hint, required) {
  const long = component.style === 2;
  const control = h(long ? "textarea" : "input", {
    id, placeholder: component.placeholder, maxlength: component.max_length ?? 4000, "aria-required": String(required), value: component.value ?? "", rows: long && 4, type: !long && "text", autocomplete: "off",
  });
  return {
    control,
    focus: () => control.focus(),
    check() {
      const length = control.value.trim().length;
      const shortest = component.min_length ?? 0;
      const words = required && !length ? "Write something here." : length && length < shortest ? `Write at least ${shortest} characters.` : "";
      return say(control, hint, words);
    },
    read: () => ({ custom_id: component.custom_id, value: control.value }),
  };
}

function selectField(component, id, hint, required, label, { candidates }) {
  const options = component.options ?? candidates(component.type, component);
  let values = options.filter((option) => option.default).map((option) => option.value);
  const control = selectMenu({ id, label: component.placeholder ?? label, options, min: required ? (component.min_values ?? 1) : 0, max: component.max_values ?? 1, onChoose: (chosen) => (values = chosen) });
  return {
    control,
    focus: () => control.focus(),
    check: () => say(control, hint, required && !values.length ? "Choose something here." : ""),
    read: () => ({ custom_id: component.custom_id, values }),
  };
}

function say(control, hint, words) {
  hint.textContent = words;
  control.setAttribute("aria-invalid", String(Boolean(words)));
  return !words;
}
