// Files that go with a prompt: chosen, dropped or pasted, looked at before they are sent, and shown as chips.

import { _ } from "./words.js";

const IMAGES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const NO_TEXT = /[\0-\x08\x0e-\x1a\x1c-\x1f]/;
const CHIP_PIXELS = 80;

export class Files {
  #list;
  #most;
  #mostBytes;
  #chosen = [];

  /** Chips are shown in `list`, of `most` files of at most `mostBytes` each. */
  constructor(list, { most, mostBytes }) {
    this.#list = list;
    this.#most = most;
    this.#mostBytes = mostBytes;
    list.addEventListener("click", ({ target }) => {
      const chip = target.closest("button")?.closest("li");
      if (chip) this.#remove(chip);
    });
  }

  get any() {
    return this.#chosen.length > 0;
  }

  /** Take files; the words about those that cannot be taken, empty where all were. */
  async add(files) {
    const problems = [];
    for (const file of files) {
      try {
        if (this.#chosen.length >= this.#most) throw new Error(this.#tooMany());
        const taken = await look(file, this.#mostBytes);
        this.#chosen.push({ ...taken, chip: await this.#show(taken) });
      } catch (error) {
        problems.push(error.message);
      }
    }
    this.#list.hidden = !this.any;
    return [...new Set(problems)].join(" ");
  }

  /** Hand over all of them, and keep none. */
  take() {
    const taken = this.#chosen;
    this.#chosen = [];
    this.#list.replaceChildren();
    this.#list.hidden = true;
    return taken;
  }

  /** Have those back that were handed over and not sent. */
  putBack(taken) {
    for (const each of taken) this.#list.append(each.chip);
    this.#chosen.push(...taken);
    this.#list.hidden = !this.any;
  }

  #tooMany() {
    if (!this.#most) return _("This gateway takes no files.");
    return _("A prompt takes at most %(most)s files. Remove one first.", { most: this.#most });
  }

  #remove(chip) {
    const at = this.#chosen.findIndex((each) => each.chip === chip);
    this.#chosen.splice(at, 1);
    chip.remove();
    this.#list.hidden = !this.any;
    (this.#list.querySelectorAll("button")[Math.max(0, at - 1)] ?? this.#list.closest("form").prompt).focus();
  }

  async #show({ file, name, image }) {
    const chip = document.querySelector("#chip").content.firstElementChild.cloneNode(true);
    chip.querySelector(".file-name").textContent = name;
    chip.querySelector(".file-size").textContent = sizeOf(file.size);
    chip.querySelector("button").setAttribute("aria-label", _("Remove %(name)s", { name }));
    if (image) await draw(chip.querySelector(".icon"), file);
    this.#list.append(chip);
    return chip;
  }
}

/** What the gateway is sent of files. */
export function attachmentsOf(taken) {
  return Promise.all(
    taken.map(async ({ file, name, image }) => ({
      name,
      // Browsers call some texts what they are not, a TypeScript file a video: such a one is plain text.
      content_type: image || file.type.startsWith("text/") ? file.type : "",
      data: await base64(file),
    })),
  );
}

/** Copies of the chips, to be shown with the prompt while it is answered. */
export function chipsOf(taken) {
  return taken.map(({ chip }) => {
    const copy = chip.cloneNode(true);
    copy.querySelector("button").remove();
    const [from, to] = [chip.querySelector("canvas"), copy.querySelector("canvas")];
    if (from) to.getContext("2d").drawImage(from, 0, 0);
    return copy;
  });
}

/** A size in bytes, in words. */
export function sizeOf(bytes) {
  const [unit, by] = bytes < 1000 ? ["byte", 1] : bytes < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
  const { lang } = document.documentElement;
  const unitDisplay = unit === "byte" ? "long" : "short"; // else English has no plural of it
  return new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay, maximumFractionDigits: 1 }).format(bytes / by);
}

async function look(file, mostBytes) {
  const name = file.name.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ").trim().slice(-200) || _("file");
  if (file.size > mostBytes) {
    throw new Error(_("%(name)s is larger than %(most)s. Choose a smaller one.", { name, most: sizeOf(mostBytes) }));
  }
  const bytes = new Uint8Array(await file.arrayBuffer().catch(() => {
    throw new Error(_("%(name)s cannot be read. Choose it again; a folder is no file.", { name }));
  }));
  const image = IMAGES.has(file.type);
  if (!image && !isText(bytes)) {
    throw new Error(
      _("%(name)s is of a type that is not taken. Attach PNG, JPEG, GIF or WebP images, or text in UTF-8.", { name }),
    );
  }
  return { file, name, image };
}

function isText(bytes) {
  try {
    return !NO_TEXT.test(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return false;
  }
}

// On a canvas, since a picture by address would need the page's policy to allow addresses of blobs.
async function draw(icon, file) {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = CHIP_PIXELS;
  const scale = Math.max(CHIP_PIXELS / picture.width, CHIP_PIXELS / picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  canvas.getContext("2d").drawImage(picture, (CHIP_PIXELS - width) / 2, (CHIP_PIXELS - height) / 2, width, height);
  icon.replaceWith(canvas);
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => reject(new Error(_("%(name)s cannot be read. Choose it again; a folder is no file.", file))));
    reader.readAsDataURL(file);
  });
}
