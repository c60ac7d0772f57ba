// The ways in which files, and texts too long for a prompt, get into the composer.

import { sizeOf } from "./files.js";
import { _ } from "./words.js";

/** Listen for files that are chosen, dropped or pasted, and for long texts that are pasted; `tell` shows words. */
export function takeFiles(form, files, { mostCharacters, mostBytes }, tell) {
  const add = async (given) => tell(await files.add(given));
  const input = form.querySelector("input[type=file]");
  input.addEventListener("change", async () => {
    await add(input.files);
    input.value = "";
    form.prompt.focus();
  });
  takeDrops(document.querySelector("#main"), add);
  document.addEventListener("paste", (event) => {
    const given = [...event.clipboardData.files];
    const text = event.clipboardData.getData("text/plain");
    const field = event.target;
    if (given.length && !text && form.contains(field)) {
      event.preventDefault();
      add(given);
    } else if (field.matches?.("textarea") && field.value.length + text.length > mostCharacters) {
      event.preventDefault();
      pasteLong(text, field === form.prompt ? files : null, { mostCharacters, mostBytes }, tell);
    }
  });
}

function takeDrops(place, add) {
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  let depth = 0;
  const show = () => place.classList.toggle("dropping", depth > 0);
  place.addEventListener("dragenter", (event) => {
    if (hasFiles(event)) depth += 1;
    show();
  });
  place.addEventListener("dragleave", (event) => {
    if (hasFiles(event)) depth -= 1;
    show();
  });
  place.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  place.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    show();
    add(event.dataTransfer.files);
  });
}

// A field with megabytes of text would take the page's time at every key.
async function pasteLong(text, files, { mostCharacters, mostBytes }, tell) {
  const file = new File([text], _("pasted.txt"), { type: "text/plain" });
  const values = { length: numberOf(text.length), most: numberOf(mostCharacters), bytes: sizeOf(mostBytes) };
  if (!files || file.size > mostBytes) {
    const words = _("What you pasted has %(length)s characters. A prompt takes %(most)s, a file %(bytes)s: paste less.", values);
    return tell(words);
  }
  const problem = await files.add([file]);
  return tell(problem || _("What you pasted has %(length)s characters, more than a prompt takes: it is attached as a file.", values));
}

function numberOf(number) {
  return new Intl.NumberFormat(document.documentElement.lang).format(number);
}
